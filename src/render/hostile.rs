//! What an enemy may write, through everything that is drawn: nothing pings, nothing formats, nothing breaks a limit.

use crate::domain::actor::Author;
use crate::domain::alert::Severity;
use crate::domain::effect::{Place, Question};
use crate::domain::id::{IncidentId, Snowflake};
use crate::domain::incident::{Incident, Opening, Refusal};
use crate::domain::subject::{Subject, SubjectKind};
use crate::domain::timeline::{Entry, Event, Quote, Report};
use crate::domain::update::Audience;
use crate::render::button::DraftKey;
use crate::render::card::{CardFacts, PublicUpdate, Undone};
use crate::render::limits::tests::assert_within_limits;
use crate::render::message::Message;
use crate::render::{export, line, refusal, reply, sample};

/// Texts that try to be more than text.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "@everyone @here <@666> <@!666> <@&666> <#666>",
        "**bold** __u__ *i* ~~s~~ ||spoiler|| `code` ```rust\nfence```",
        "[Acknowledge](https://evil.example/phish) <https://evil.example> [x]: https://evil.example",
        "# HEADING\n## two\n> quote\n>>> all\n- list\n1. one\n-# small",
        "a\u{200b}@\u{200b}everyone \u{202e}gnp.exe\u{2066} \u{feff}\u{e0041}",
        "{{lead}} {{{raw}}} {{#each x}} {{> card/incident}} {{/each}} {{!--",
        "\\@everyone \\\\*x\\* \\`",
        "<t:0:R> </declare:1> <:fake:1> <a:fake:1> <id:guide>",
        "```diff\n- x\n```\n[Approve]  [Reject]",
        "'; DROP TABLE incident; -- <script>alert(1)</script> \u{0}\u{7}\u{1b}[31m",
        "",
        " ",
        "\u{200b}",
    ]
    .map(str::to_owned)
    .into();
    texts.push("@everyone *".repeat(1000));
    texts.push("💥".repeat(10_000));
    texts.push("https://evil.example/".repeat(500));
    texts.push("\n".repeat(10_000));
    texts
}

/// An incident of which every text that somebody else could write is `text`.
fn incident(text: &str) -> Incident {
    let mut incident = sample::unanswered_incident();
    let one = |kind| Subject { kind, name: text.to_owned(), version: Some(text.to_owned()) };
    let full = sample::full_incident();
    incident.updates.clone_from(&full.updates);
    incident.title = text.to_owned();
    incident.severity_reason = text.to_owned();
    incident.service = Some(text.to_owned());
    incident.subjects = vec![one(SubjectKind::Model); 9];
    incident.severity_by = Author::Source(text.into());
    incident.severity_proposed = Some(Severity::Sev1);
    incident.lead = Some(text.into());
    incident.liaison = Some(text.into());
    incident.follows = Some(IncidentId(7));
    if let Some(room) = &mut incident.room {
        room.trouble = Some(text.to_owned());
    }
    for run in &mut incident.escalations {
        run.seeking = text.to_owned();
        run.reason = text.to_owned();
    }
    for page in &mut incident.pages {
        page.trouble = Some(text.to_owned());
    }
    for update in &mut incident.updates {
        update.reason = Some(text.to_owned());
        update.author = Some(text.into());
        for key in &mut update.keys {
            key.gate = text.into();
        }
    }
    incident
}

fn facts(text: &str) -> CardFacts {
    CardFacts {
        alerts: u64::MAX,
        firing: u64::MAX,
        deliveries: u64::MAX,
        latest: None,
        links: vec![text.to_owned(), format!("https://{text}"), format!("https://a.example/{text}")],
        announcement: Some(text.to_owned()),
        public_updates: sample::full_incident()
            .updates
            .iter()
            .map(|update| PublicUpdate { update: update.number, link: format!("https://a.example/{text}") })
            .collect(),
        undone: vec![Undone { what: text.to_owned(), trouble: text.to_owned() }; 9],
    }
}

fn entries(text: &str) -> Vec<Entry> {
    let own = || text.to_owned();
    let report = Report { conditions: own(), actions: own(), needs: Some(own()), next_at: None };
    let mut entries = sample::every_event();
    entries.extend(
        [
            Event::Opened { title: own(), severity: Severity::Sev1, why: own(), follows: None },
            Event::AlertsJoined { titles: vec![own(), own(), own()], count: 9 },
            Event::SeverityProposed { to: Severity::Sev1, reason: own() },
            Event::Noted { text: own(), quote: Some(Quote { author: text.into(), link: own() }) },
            Event::Noted { text: own(), quote: None },
            Event::Reported { report },
            Event::Undone { what: own(), trouble: own() },
            Event::Repaired { what: own(), why: own() },
            Event::NobodyOnCall { seeking: own(), step: 0 },
        ]
        .map(sample::entry),
    );
    entries
}

/// Everything that can be drawn of `text`.
fn drawn(text: &str) -> Vec<Message> {
    let (renderer, mut organisation, now) = (sample::renderer(), sample::organisation(), sample::now());
    for person in organisation.people.values_mut() {
        person.name = text.to_owned();
        person.phone = Some(text.to_owned());
    }
    for team in organisation.teams.values_mut() {
        team.name = text.to_owned();
    }
    for rule in organisation.severities.values_mut() {
        rule.meaning = text.to_owned();
    }
    let (incident, facts, entries) = (incident(text), facts(text), entries(text));
    let mut messages = vec![
        renderer.incident_card(&incident, &facts, &organisation, now),
        renderer.announcement(&incident, &facts, &organisation, now),
        renderer.info(&incident, &facts, &entries, &organisation, now),
        renderer.list(&vec![reply::Summary::from(&incident); 30], &organisation),
        renderer.on_call(None, &organisation, now),
        renderer.on_call(Some(&text.into()), &organisation, now),
        reply::timeline(incident.id, &entries, 99, &organisation),
        reply::done(&entries, &organisation),
        reply::declared(&incident, &organisation),
        line::lines(&entries, &organisation),
        reply::trouble(&refusal::no_such_incident(text)),
        reply::trouble(&refusal::which_incident(&[&incident])),
    ];
    let opening = Opening {
        title: text.to_owned(),
        service: Some(text.to_owned()),
        subjects: incident.subjects.clone(),
        why: text.to_owned(),
        ..sample::opening()
    };
    let key = DraftKey::from(Snowflake(1));
    let like = vec![reply::Summary::from(&incident); 9];
    messages.push(renderer.declare_preview(&opening, &like, &key, &organisation, now));
    for page in &incident.pages {
        messages.push(renderer.page_directly(&incident, page, &facts, &organisation));
        messages.push(renderer.page_in_room(&incident, page, &organisation));
    }
    messages.extend(entries.iter().map(|entry| line::lines(std::slice::from_ref(entry), &organisation)));
    let proposed = sample::entry(Event::SeverityProposed { to: Severity::Sev1, reason: text.to_owned() });
    for question in
        [Question::Resolve, Question::Raise { to: Severity::Sev1 }, Question::NameLiaison, Question::UpdateDue]
    {
        messages.push(renderer.question(&question, &incident, &proposed, None, &organisation, now));
    }
    for place in [Place::Room, Place::Announcements, Place::Operators] {
        messages.push(renderer.alarm(place, &incident, &incident.escalations[0], &organisation, now));
    }
    messages.extend(incident.updates.iter().map(|update| renderer.draft(&incident, update, &organisation, now)));
    for refused in [Refusal::UnknownPerson { person: text.into() }, Refusal::NobodyOnCall { seeking: text.to_owned() }]
        .into_iter()
        .chain(sample::every_refusal())
    {
        messages.push(reply::trouble(&refusal::refusal(&refused, &incident, &organisation)));
    }
    messages
}

/// All that a message shows, in one text.
fn shown(message: &Message) -> String {
    let mut shown = vec![message.content.clone()];
    for embed in &message.embeds {
        shown.extend([&embed.title, &embed.description, &embed.footer].into_iter().flatten().cloned());
        shown.extend(embed.fields.iter().flat_map(|field| [field.name.clone(), field.value.clone()]));
    }
    shown.join("\n")
}

#[test]
fn no_text_pings_formats_or_breaks_a_limit() {
    for text in texts() {
        for message in drawn(&text) {
            assert_within_limits(&message);
            assert!(message.pings.iter().all(|user| (1..=6).contains(&user.0)), "{:?}", message.pings);
            let shown = shown(&message);
            // A backslash that is itself escaped must not hide an open mention.
            let open = shown.replace("\\\\", "").replace("\\<", "").to_lowercase();
            for bait in
                ["@everyone", "@here", "<@666", "<@!666", "<@&666", "<#666", "<t:0:", "</declare", "<:fake", "<a:fake"]
            {
                assert!(!open.contains(bait), "{bait} in {shown}");
            }
            assert!(!shown.contains("](https://evil"), "{shown}");
            assert!(
                !shown.contains("**bold**") && !shown.contains("\n# HEADING") && !shown.contains("\n>>>"),
                "{shown}"
            );
            assert!(!shown.contains("could not be drawn"), "{shown}");
            assert!(!shown.chars().any(|c| matches!(c, '\u{202e}' | '\u{2066}' | '\u{feff}' | '\u{0}' | '\u{1b}')));
        }
    }
}

#[test]
fn buttons_are_ours_alone() {
    for text in texts() {
        for button in drawn(&text).iter().flat_map(|message| message.rows.iter().flatten()) {
            assert!(button.id.parse::<crate::render::button::Press>().is_ok(), "{}", button.id);
            assert!(!button.label.contains("evil"), "{}", button.label);
        }
    }
}

#[test]
fn texts_and_files_hold_as_well() {
    let organisation = sample::organisation();
    for text in texts() {
        let incident = incident(&text);
        let report =
            Report { conditions: text.clone(), actions: text.clone(), needs: Some(text.clone()), next_at: None };
        for external in [true, false] {
            let audience = Audience { external, gates: vec![], sinks: vec![] };
            let draft =
                sample::renderer().update_text(&audience, &incident, Some(&report), &organisation, sample::now());
            assert!(draft.chars().count() <= 2000);
            assert!(!draft.contains("@everyone") && !draft.contains("](http"), "{draft}");
        }
        let markdown = export::markdown(&incident, &entries(&text), &organisation);
        assert!(!markdown.contains("<script>") && !markdown.contains("\n# HEADING"), "{markdown}");
        assert!(
            serde_json::from_str::<serde_json::Value>(&export::json(&incident, &entries(&text), &organisation)).is_ok()
        );
    }
}
