//! Private answers to the one who asked.

mod declare;
mod on_call;

use serde::Serialize;

use crate::domain::Timestamp;
use crate::domain::alert::Severity;
use crate::domain::id::{IncidentId, PersonId, Snowflake};
use crate::domain::incident::{Incident, Phase};
use crate::domain::organisation::Organisation;
use crate::domain::timeline::Entry;
use crate::render::card::{self, CardFacts};
use crate::render::escape::Markup;
use crate::render::limits::length;
use crate::render::line::sign;
use crate::render::message::{Embed, Field, Message};
use crate::render::sentence::{Style, sentence_within};
use crate::render::template::View;
use crate::render::{Renderer, escape, look, names};

/// How many incidents a list shows.
const LISTED: usize = 12;
/// How many of the last entries stand on the answer about one incident.
const LATEST: usize = 5;
/// What a timeline's entries share, in characters.
const TIMELINE_ROOM: usize = 3800;
/// The most that one person's text takes in a timeline, in characters.
const ENTRY_ROOM: usize = 240;

/// An incident as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Which.
    pub id: IncidentId,
    /// Its title.
    pub title: String,
    /// How urgent.
    pub severity: Severity,
    /// Where it stands.
    pub phase: Phase,
    /// Since when.
    pub since: Timestamp,
    /// Who leads.
    pub lead: Option<PersonId>,
    /// Where it is worked on.
    pub room: Option<Snowflake>,
}

impl From<&Incident> for Summary {
    fn from(incident: &Incident) -> Self {
        Self {
            id: incident.id,
            title: incident.title.clone(),
            severity: incident.severity,
            phase: incident.phase,
            since: incident.phase_since,
            lead: incident.lead.clone(),
            room: incident.room.as_ref().map(|room| room.channel),
        }
    }
}

#[derive(Serialize)]
struct List {
    incidents: Vec<Row>,
    more: Option<usize>,
}

impl View for List {
    const TEMPLATE: &'static str = "reply/list";
}

#[derive(Serialize)]
struct Row {
    sign: &'static str,
    id: String,
    severity: String,
    title: Markup,
    phase: String,
    since: Markup,
    lead: Option<Markup>,
    room: Option<Markup>,
}

impl Renderer {
    /// All about one incident: its card, and the last things that happened.
    pub fn info(
        &self,
        incident: &Incident,
        facts: &CardFacts,
        latest: &[Entry],
        organisation: &Organisation,
        now: Timestamp,
    ) -> Message {
        let mut embed = self.incident_embed(incident, facts, organisation, now);
        let lines: Vec<String> =
            latest.iter().rev().take(LATEST).rev().map(|entry| timeline_line(entry, organisation, 80)).collect();
        if !lines.is_empty() {
            embed.fields.push(Field { name: "Last".to_owned(), value: lines.join("\n"), inline: false });
        }
        let room =
            incident.room.as_ref().map_or_else(String::new, |room| format!("➡️ {}", names::channel(room.channel)));
        Message { content: room, ..Message::embed(embed) }.within_limits()
    }

    /// Incidents, in the order in which they are given.
    pub fn list(&self, incidents: &[Summary], organisation: &Organisation) -> Message {
        let view = List {
            incidents: incidents.iter().take(LISTED).map(|incident| row(incident, organisation)).collect(),
            more: Some(incidents.len().saturating_sub(LISTED)).filter(|more| 0 < *more),
        };
        framed(self.draw(&view), look::BLUE)
    }
}

/// The last entries of a timeline, as many as one message shows, the newest at the end. `total` is how many there are.
pub fn timeline(incident: IncidentId, entries: &[Entry], total: i64, organisation: &Organisation) -> Message {
    if entries.is_empty() {
        return framed(format!("Nothing stands in the timeline of {incident} yet."), look::BLUE);
    }
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for entry in entries.iter().rev() {
        let line = timeline_line(entry, organisation, ENTRY_ROOM);
        used += length(&line) + 1;
        if TIMELINE_ROOM < used {
            break;
        }
        lines.push(line);
    }
    let earlier = total.saturating_sub(i64::try_from(lines.len()).unwrap_or(i64::MAX));
    if 0 < earlier {
        lines.push(format!("-# {earlier} earlier: `/incident timeline export` has them all."));
    }
    lines.reverse();
    let embed = Embed {
        title: Some(format!("Timeline of {incident}")),
        description: Some(lines.join("\n")),
        color: look::BLUE,
        ..Embed::default()
    };
    Message::embed(embed).within_limits()
}

/// What a command did, as its entries say it.
pub fn done(entries: &[Entry], organisation: &Organisation) -> Message {
    let each = (1500 / entries.len().max(1)).clamp(60, 600);
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| format!("✅ {}", sentence_within(entry, organisation, Style::Discord, each)))
        .collect();
    if lines.is_empty() {
        return Message::text("✅ It was so already: nothing changed.");
    }
    Message::text(lines.join("\n")).within_limits()
}

/// Something that could not be done. `text` says why and what to do, and was worded here: see
/// [`crate::render::refusal`].
pub fn trouble(text: &str) -> Message {
    Message::text(format!("✋ {text}")).within_limits()
}

/// A refusal with what was typed, to be copied from.
pub fn giving_back(refusal: Message, typed: &[String]) -> Message {
    if typed.is_empty() {
        return refusal;
    }
    let embeds = typed.iter().enumerate().map(|(index, text)| Embed {
        title: (index == 0).then(|| "What you typed, so that it is not lost".to_owned()),
        description: Some(format!("```\n{}\n```", escape::fenced(text))),
        color: look::GREY,
        ..Embed::default()
    });
    Message { embeds: embeds.collect(), ..refusal }.within_limits()
}

/// What an incident's declaration came to, with the way to its room once that is there.
pub fn declared(incident: &Incident, organisation: &Organisation) -> Message {
    let paged: Vec<&PersonId> = incident.pages.iter().map(|page| &page.person).collect();
    let paged = if paged.is_empty() {
        "Nobody is paged.".to_owned()
    } else {
        format!("Being paged: {}.", names::people(paged, organisation))
    };
    let room = match &incident.room {
        Some(room) => format!("Its room is {}.", names::channel(room.channel)),
        None => "Its room is being made.".to_owned(),
    };
    Message::text(format!("🔔 **{}** is declared. {paged} {room}", card::headline(incident))).within_limits()
}

fn framed(text: String, color: u32) -> Message {
    Message::embed(Embed { description: Some(text), color, ..Embed::default() }).within_limits()
}

fn timeline_line(entry: &Entry, organisation: &Organisation, room: usize) -> String {
    format!(
        "`{}` {} {} {}",
        entry.number,
        names::clock(entry.at),
        sign(&entry.event),
        sentence_within(entry, organisation, Style::Discord, room)
    )
}

fn row(incident: &Summary, organisation: &Organisation) -> Row {
    Row {
        sign: look::sign(incident.severity, incident.phase),
        id: incident.id.to_string(),
        severity: incident.severity.to_string(),
        title: Markup::line(&incident.title, 120),
        phase: incident.phase.to_string(),
        since: names::relative(incident.since),
        lead: incident.lead.as_ref().map(|lead| names::person(lead, organisation)),
        room: incident.room.map(names::channel),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::Opening;
    use crate::render::button::DraftKey;
    use crate::render::limits::tests::assert_within_limits;
    use crate::render::sample;

    fn picture(message: &Message) -> String {
        assert_within_limits(message);
        assert_eq!(message.pings, [], "a private answer pings nobody");
        sample::picture(message)
    }

    #[test]
    fn about_one_incident() {
        let (renderer, organisation) = (sample::renderer(), sample::organisation());
        let entries = sample::every_event();
        let full =
            renderer.info(&sample::full_incident(), &sample::full_facts(), &entries[..7], &organisation, sample::now());
        insta::assert_snapshot!("reply_info_full", picture(&full));
        let empty = renderer.info(&sample::bare_incident(), &CardFacts::default(), &[], &organisation, sample::now());
        insta::assert_snapshot!("reply_info_empty", picture(&empty));
    }

    #[test]
    fn a_list() {
        let (renderer, organisation) = (sample::renderer(), sample::organisation());
        let mut summaries = vec![
            Summary::from(&sample::full_incident()),
            Summary::from(&sample::bare_incident()),
            Summary::from(&sample::resolved_incident()),
        ];
        insta::assert_snapshot!("reply_list", picture(&renderer.list(&summaries, &organisation)));
        insta::assert_snapshot!("reply_list_empty", picture(&renderer.list(&[], &organisation)));
        summaries.resize(40, summaries[0].clone());
        assert!(picture(&renderer.list(&summaries, &organisation)).contains("and 28 more"));
    }

    #[test]
    fn who_is_on_call() {
        let (renderer, mut organisation) = (sample::renderer(), sample::organisation());
        let all = renderer.on_call(None, &organisation, sample::now());
        insta::assert_snapshot!("reply_oncall", picture(&all));
        let one = picture(&renderer.on_call(Some(&"risk".into()), &organisation, sample::now()));
        assert!(one.contains("risk") && !one.contains("platform"));
        let unknown = picture(&renderer.on_call(Some(&"mars".into()), &organisation, sample::now()));
        assert!(unknown.contains("There is no rota “mars”. There are: platform, risk."), "{unknown}");
        organisation.rotas.clear();
        insta::assert_snapshot!("reply_oncall_empty", picture(&renderer.on_call(None, &organisation, sample::now())));
    }

    #[test]
    fn before_a_declaration() {
        let (renderer, organisation) = (sample::renderer(), sample::organisation());
        let key = DraftKey::from(Snowflake(1_234));
        let lookalikes = [Summary::from(&sample::full_incident())];
        let full = renderer.declare_preview(&sample::opening(), &lookalikes, &key, &organisation, sample::now());
        insta::assert_snapshot!("reply_declare_full", picture(&full));
        let quiet = Opening { severity: Severity::Sev4, subjects: vec![], category: None, ..sample::opening() };
        let empty = renderer.declare_preview(&quiet, &[], &key, &organisation, sample::now());
        insta::assert_snapshot!("reply_declare_empty", picture(&empty));
    }

    #[test]
    fn a_timeline() {
        let (organisation, entries) = (sample::organisation(), sample::every_event());
        let total = i64::try_from(entries.len()).expect("few");
        insta::assert_snapshot!("reply_timeline", picture(&timeline(IncidentId(42), &entries, total, &organisation)));
        insta::assert_snapshot!("reply_timeline_empty", picture(&timeline(IncidentId(42), &[], 0, &organisation)));
    }

    #[test]
    fn short_answers() {
        let organisation = sample::organisation();
        let entries = sample::every_event();
        insta::assert_snapshot!(
            "reply_short",
            [
                done(&entries[5..8], &organisation),
                done(&[], &organisation),
                trouble("INC-42 is closed."),
                declared(&sample::full_incident(), &organisation),
                declared(&sample::bare_incident(), &organisation),
            ]
            .iter()
            .map(picture)
            .collect::<Vec<_>>()
            .join("\n")
        );
    }
}
