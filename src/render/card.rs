//! The incident's card: the one message that is pinned in its room, and always true.

use serde::Serialize;

use crate::domain::Timestamp;
use crate::domain::id::{PageNumber, UpdateNumber};
use crate::domain::incident::{Incident, Phase, Role};
use crate::domain::organisation::Organisation;
use crate::domain::paging::{Escalation, Page, PageState};
use crate::domain::timeline::RoomKind;
use crate::domain::update::{Update, UpdateState};
use crate::render::Renderer;
use crate::render::button::Press;
use crate::render::escape::{Markup, host_link, one_line};
use crate::render::message::{Button, ButtonStyle, Embed, Message};
use crate::render::template::View;
use crate::render::{called, look, names};

/// The longest title that is shown, in characters.
pub(super) const TITLE: usize = 200;
/// The longest reason or trouble that is shown on a card, in characters.
pub(super) const REASON: usize = 300;
/// How many links are shown.
const LINKS_SHOWN: usize = 4;
/// How many things that could not be done are shown.
const UNDONE_SHOWN: usize = 3;

/// What a card shows beyond the incident's own state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardFacts {
    /// How many different alerts belong to it.
    pub alerts: u64,
    /// How many of them fire now.
    pub firing: u64,
    /// How many deliveries of them came in, repeats and all.
    pub deliveries: u64,
    /// When the last of these came.
    pub latest: Option<Timestamp>,
    /// Where its alerts say to look.
    pub links: Vec<String>,
    /// Where its announcement stands, as an address.
    pub announcement: Option<String>,
    /// Where its published updates stand.
    pub public_updates: Vec<PublicUpdate>,
    /// What was decided, could not be done, and will not be tried again.
    pub undone: Vec<Undone>,
}

/// Where a published update stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUpdate {
    /// Which update.
    pub update: UpdateNumber,
    /// Its address.
    pub link: String,
}

/// Something that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// What.
    pub what: String,
    /// Why.
    pub trouble: String,
}

#[derive(Serialize)]
struct IncidentCard {
    severity: String,
    severity_reason: Markup,
    proposed: Option<String>,
    phase: String,
    phase_since: Markup,
    follows: Option<String>,
    alarm: Option<Markup>,
    open: bool,
    lead: Option<Markup>,
    liaison: Option<Markup>,
    scribe: Option<Markup>,
    about: Markup,
    alerts: Option<Markup>,
    links: Vec<Markup>,
    pages: Vec<called::PageLine>,
    pages_more: Option<usize>,
    next_steps: Vec<Markup>,
    update_due: Option<Markup>,
    updates: Vec<Part>,
    made_of: Vec<Part>,
}

impl View for IncidentCard {
    const TEMPLATE: &'static str = "card/incident";
}

#[derive(Serialize)]
struct Part {
    sign: &'static str,
    text: Markup,
}

impl Renderer {
    /// The card as it stands at `now`, with the buttons that mean something in the incident's phase.
    pub fn incident_card(
        &self,
        incident: &Incident,
        facts: &CardFacts,
        organisation: &Organisation,
        now: Timestamp,
    ) -> Message {
        let mut message = Message::embed(self.incident_embed(incident, facts, organisation, now));
        for row in buttons(incident) {
            message = message.with_row(row);
        }
        message.within_limits()
    }

    /// The card without its buttons.
    pub(super) fn incident_embed(
        &self,
        incident: &Incident,
        facts: &CardFacts,
        organisation: &Organisation,
        now: Timestamp,
    ) -> Embed {
        let player = |role| incident.player(role).map(|person| names::person(person, organisation));
        let (pages, pages_more) = called::pages(incident, organisation);
        let view = IncidentCard {
            severity: incident.severity.to_string(),
            severity_reason: Markup::line(&incident.severity_reason, REASON),
            proposed: incident.severity_proposed.map(|severity| severity.to_string()),
            phase: capitalised(&incident.phase.to_string()),
            phase_since: names::relative(incident.phase_since),
            follows: incident.follows.map(|earlier| earlier.to_string()),
            alarm: called::alarm(incident),
            open: incident.phase.is_open(),
            lead: player(Role::Lead),
            liaison: player(Role::Liaison),
            scribe: player(Role::Scribe),
            about: about(incident, organisation),
            alerts: alerts(facts),
            links: links(&facts.links),
            pages,
            pages_more: Some(pages_more).filter(|more| 0 < *more),
            next_steps: incident.escalations.iter().filter_map(|run| called::next_step(run, organisation)).collect(),
            update_due: incident.next_update_due.map(names::relative),
            updates: updates(incident, facts),
            made_of: made_of(incident, facts),
        };
        Embed {
            title: Some(headline(incident)),
            description: Some(self.draw(&view)),
            color: look::color(incident),
            footer: Some(format!("{} · drawn", incident.id)),
            timestamp: Some(now),
            ..Embed::default()
        }
    }
}

/// `INC-42 · Fraud score drift`, escaped.
pub(super) fn headline(incident: &Incident) -> String {
    format!("{} · {}", incident.id, Markup::line(&incident.title, TITLE))
}

/// What an incident is about, on one line.
pub(super) fn about(incident: &Incident, organisation: &Organisation) -> Markup {
    let mut parts: Vec<String> = incident
        .subjects
        .iter()
        .take(4)
        .map(|subject| format!("{}", Markup::line(&subject.to_string(), 100)))
        .collect();
    let more = incident.subjects.len().saturating_sub(4);
    if 0 < more {
        parts.push(format!("{more} more"));
    }
    parts.extend(incident.service.as_ref().map(|service| Markup::line(&format!("service {service}"), 100).into()));
    parts.extend(incident.category.map(|category| category.to_string()));
    let team = &organisation.team(&incident.team).name;
    parts.push(Markup::line(&format!("team {team}"), 100).into());
    Markup::built(parts.join(" · "))
}

/// How many alerts there are, or nothing where an incident was declared by hand and has none.
pub(super) fn alerts(facts: &CardFacts) -> Option<Markup> {
    if facts.alerts == 0 {
        return None;
    }
    let firing = match (facts.alerts, facts.firing) {
        (_, 0) => "resolved at the source".to_owned(),
        (1, 1) => "firing".to_owned(),
        (alerts, firing) if alerts == firing => "all firing".to_owned(),
        (_, firing) => format!("{firing} still firing"),
    };
    let times = match facts.deliveries {
        1 => "came once".to_owned(),
        deliveries => format!("came {deliveries} times"),
    };
    let mut text = format!("{}, {firing} · {times}", facts.alerts);
    if let Some(latest) = facts.latest {
        text.push_str(&format!(", last {}", names::relative(latest)));
    }
    Some(Markup::built(text))
}

/// The first few addresses that can be shown.
pub(super) fn links(addresses: &[String]) -> Vec<Markup> {
    addresses.iter().filter_map(|address| host_link(address)).take(LINKS_SHOWN).collect()
}

/// For each audience the last text that it read, and what is under way for it.
fn updates(incident: &Incident, facts: &CardFacts) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut audiences: Vec<_> = incident.updates.iter().map(|update| &update.audience).collect();
    audiences.sort_unstable();
    audiences.dedup();
    for audience in audiences {
        let mut of_audience = incident.updates.iter().rev().filter(|update| &update.audience == audience);
        let newest_open = of_audience.clone().find_map(|update| under_way(update, incident));
        let published = of_audience.find(|update| update.state == UpdateState::Published);
        parts.extend(published.map(|update| Part { sign: "📣", text: published_line(update, facts) }));
        parts.extend(newest_open);
    }
    parts
}

fn published_line(update: &Update, facts: &CardFacts) -> Markup {
    let link = facts.public_updates.iter().find(|public| public.update == update.number);
    let when = update.published_at.map_or_else(Markup::default, names::relative);
    let audience = Markup::line(update.audience.as_str(), 60);
    let text = format!("{audience}: update {} published {when}", update.number);
    match link.and_then(|public| crate::render::escape::link(&public.link)) {
        Some(link) => Markup::built(format!("{text} · [read]({link})")),
        None => Markup::built(text),
    }
}

fn under_way(update: &Update, incident: &Incident) -> Option<Part> {
    let audience = Markup::line(update.audience.as_str(), 60);
    let (sign, what) = match update.state {
        UpdateState::Draft if incident.liaison.is_none() => ("📝", "**waits for a liaison**"),
        UpdateState::Draft => ("📝", "waits for its keys"),
        UpdateState::Approved => ("📤", "is on its way out"),
        UpdateState::Doubtful => ("❔", "**may or may not have gone out: somebody has to look**"),
        UpdateState::Published | UpdateState::Rejected | UpdateState::Superseded => return None,
    };
    Some(Part { sign, text: Markup::built(format!("{audience}: update {} {what}", update.number)) })
}

fn made_of(incident: &Incident, facts: &CardFacts) -> Vec<Part> {
    let done = |text: &str| Part { sign: "✓", text: Markup::built(text) };
    let sign = if incident.phase.is_open() { "…" } else { "–" };
    let waiting = |text: &str| Part { sign, text: Markup::built(text) };
    let mut parts = Vec::new();
    match &incident.room {
        None => parts.push(waiting("room")),
        Some(room) => {
            parts.push(done("room"));
            let trouble = room.trouble.as_deref().map(|trouble| Markup::line(trouble, 150));
            match (room.kind, trouble) {
                (RoomKind::Channel, None) => (),
                (RoomKind::Channel, Some(trouble)) => {
                    parts.push(Part { sign: "✗", text: Markup::built(format!("({trouble})")) });
                }
                (RoomKind::Thread, trouble) => {
                    let why = trouble.map_or_else(String::new, |trouble| format!(": {trouble}"));
                    parts.push(Part { sign: "✗", text: Markup::built(format!("channel (a thread instead{why})")) });
                }
            }
        }
    }
    let reached = |page: &Page| !matches!(page.state, PageState::Queued | PageState::Undelivered);
    if incident.pages.is_empty() {
        parts.push(Part { sign: "–", text: Markup::built("no page") });
    } else if incident.pages.iter().any(reached) {
        parts.push(done("page"));
    } else if incident.pages.iter().any(|page| page.state == PageState::Queued) {
        parts.push(waiting("page"));
    } else {
        parts.push(Part { sign: "✗", text: Markup::built("page (no direct message got through)") });
    }
    parts.push(match facts.announcement.as_deref().and_then(crate::render::escape::link) {
        Some(link) => Part { sign: "✓", text: Markup::built(format!("[announcement]({link})")) },
        None => waiting("announcement"),
    });
    for undone in facts.undone.iter().take(UNDONE_SHOWN) {
        let (what, trouble) = (Markup::line(&undone.what, 80), Markup::line(&undone.trouble, 150));
        parts.push(Part { sign: "✗", text: Markup::built(format!("{what} ({trouble})")) });
    }
    let more = facts.undone.len().saturating_sub(UNDONE_SHOWN);
    if 0 < more {
        parts.push(Part { sign: "✗", text: Markup::built(format!("{more} more")) });
    }
    parts
}

fn buttons(incident: &Incident) -> [Vec<Button>; 2] {
    let id = incident.id;
    let timeline = Button::new("Timeline", &Press::Timeline { incident: id }, ButtonStyle::Secondary);
    let draft = Button::new("Draft update", &Press::DraftUpdates { incident: id }, ButtonStyle::Secondary);
    match incident.phase {
        Phase::Closed => return [vec![timeline], Vec::new()],
        Phase::Resolved => return [vec![draft, timeline], Vec::new()],
        Phase::Triage | Phase::Investigating | Phase::Mitigating | Phase::Monitoring => (),
    }
    let mut first = Vec::new();
    if incident.escalations.iter().any(Escalation::is_open) {
        let acknowledge = Press::Acknowledge { incident: id, page: None::<PageNumber> };
        first.push(Button::new("Acknowledge", &acknowledge, ButtonStyle::Success));
    }
    if incident.lead.is_none() {
        let take = Press::TakeRole { incident: id, role: Role::Lead };
        first.push(Button::new("Take the lead", &take, ButtonStyle::Primary));
    }
    first.push(Button::new("Report", &Press::Report { incident: id }, ButtonStyle::Primary));
    first.push(draft);
    first.push(Button::new("Resolve", &Press::Resolve { incident: id }, ButtonStyle::Danger));
    let mut second = Vec::new();
    if incident.liaison.is_none() {
        let take = Press::TakeRole { incident: id, role: Role::Liaison };
        second.push(Button::new("Take the liaison role", &take, ButtonStyle::Secondary));
    }
    second.push(timeline);
    [first, second]
}

/// The text with a capital first letter.
pub(super) fn capitalised(text: &str) -> String {
    let text = one_line(text);
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::limits::tests::assert_within_limits;
    use crate::render::sample;

    fn draw(incident: &Incident, facts: &CardFacts) -> String {
        let card = sample::renderer().incident_card(incident, facts, &sample::organisation(), sample::now());
        assert_within_limits(&card);
        assert_eq!(card.pings, []);
        sample::picture(&card)
    }

    #[test]
    fn full_and_empty() {
        insta::assert_snapshot!("card_full", draw(&sample::full_incident(), &sample::full_facts()));
        insta::assert_snapshot!("card_empty", draw(&sample::bare_incident(), &CardFacts::default()));
    }

    #[test]
    fn when_nobody_answered() {
        insta::assert_snapshot!("card_unanswered", draw(&sample::unanswered_incident(), &CardFacts::default()));
    }

    #[test]
    fn when_it_is_over() {
        insta::assert_snapshot!("card_resolved", draw(&sample::resolved_incident(), &sample::full_facts()));
        insta::assert_snapshot!("card_closed", draw(&sample::closed_incident(), &CardFacts::default()));
    }
}
