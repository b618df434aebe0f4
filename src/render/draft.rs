//! The card of a status update: the exact text, what changed, which keys it has, and what to do about it.

use serde::Serialize;

use crate::domain::Timestamp;
use crate::domain::actor::Duty;
use crate::domain::id::{GateName, PersonId};
use crate::domain::incident::Incident;
use crate::domain::organisation::Organisation;
use crate::domain::update::{Audience, Sink, TEXT_LIMIT, Update, UpdateState};
use crate::render::button::Press;
use crate::render::card::REASON;
use crate::render::escape::{Markup, visible};
use crate::render::limits::{self, length};
use crate::render::message::{Button, ButtonStyle, Embed, Message};
use crate::render::template::View;
use crate::render::{Renderer, diff, look, names};

/// How many gates, and how many void keys, are shown.
const GATES_SHOWN: usize = 8;
/// The longest difference that is shown, in characters.
const DIFF_ROOM: usize = 1600;

#[derive(Serialize)]
struct DraftCard {
    state: Markup,
    void: Option<Markup>,
    gates: Vec<GateLine>,
    needs_another: bool,
    stale: Vec<Markup>,
    author: Option<Markup>,
    version: u32,
    places: Markup,
    hidden: Option<String>,
}

impl View for DraftCard {
    const TEMPLATE: &'static str = "card/draft";
}

#[derive(Serialize)]
struct GateLine {
    sign: &'static str,
    name: Markup,
    status: Markup,
}

impl Renderer {
    /// The card as it stands at `now`. The text stands in a frame of its own, neither escaped nor cut: it is read as it
    /// will be published.
    pub fn draft(&self, incident: &Incident, update: &Update, organisation: &Organisation, now: Timestamp) -> Message {
        let audience = organisation.audiences.get(&update.audience);
        let asked = asked(incident, update, audience, organisation);
        let name = Markup::line(update.audience.as_str(), 60);
        let view = DraftCard {
            state: state(update),
            void: update.reason.as_deref().map(|reason| Markup::line(reason, REASON)),
            gates: audience.map_or_else(Vec::new, |audience| gates(incident, update, audience, organisation)),
            needs_another: needs_another(incident, update, audience),
            stale: stale(incident, update, organisation),
            author: update.author.as_ref().map(|author| names::person(author, organisation)),
            version: update.version,
            places: audience.map_or_else(|| Markup::built("no audience of that name any more"), places),
            hidden: hidden(&update.text),
        };
        let color = color(update.state);
        let card = Embed {
            title: Some(format!("{} · update {} for {name}", incident.id, update.number)),
            description: Some(self.draw(&view)),
            color,
            footer: Some(format!("{} · update {} · drawn", incident.id, update.number)),
            timestamp: Some(now),
            ..Embed::default()
        };
        let text = Embed {
            title: Some(format!(
                "{} · {}/{TEXT_LIMIT} characters",
                if update.state == UpdateState::Published { "The text" } else { "The text, as it will stand" },
                update.text.chars().count()
            )),
            description: Some(update.text.clone()),
            color,
            ..Embed::default()
        };
        let difference = difference(incident, update, &[&card, &text]);
        let content = content(update, &name, &asked, organisation);
        let pings = asked.iter().filter_map(|person| organisation.account_of(person)).collect();
        let embeds = [Some(card), Some(text), difference].into_iter().flatten().collect();
        Message { content, embeds, pings, ..Message::default() }.with_row(buttons(incident, update)).within_limits()
    }
}

fn content(update: &Update, audience: &Markup, asked: &[PersonId], organisation: &Organisation) -> String {
    let to = names::people(asked, organisation);
    match update.state {
        UpdateState::Draft if asked.is_empty() => format!("📝 The update for **{audience}** waits for its keys."),
        UpdateState::Draft => format!("{to} 📝 The update for **{audience}** waits for you."),
        UpdateState::Doubtful if asked.is_empty() => format!("❔ Did the update for **{audience}** go out?"),
        UpdateState::Doubtful => format!("{to} ❔ Did the update for **{audience}** go out?"),
        UpdateState::Approved => format!("📤 The update for **{audience}** is on its way out."),
        UpdateState::Published => format!("📣 The update for **{audience}** was published."),
        UpdateState::Rejected => format!("⛔ The update for **{audience}** was rejected."),
        UpdateState::Superseded => format!("▫️ A later draft for **{audience}** took this one's place."),
    }
}

fn state(update: &Update) -> Markup {
    Markup::built(match update.state {
        UpdateState::Draft => "**Draft.** Nothing is posted before it has every key.".to_owned(),
        UpdateState::Approved => "**Approved.** Exactly this text is going out.".to_owned(),
        UpdateState::Published => match update.published_at {
            Some(at) => format!("**Published** {}, exactly as approved.", names::relative(at)),
            None => "**Published**, exactly as approved.".to_owned(),
        },
        UpdateState::Doubtful => "**It is not known whether it went out.** It is not sent again by itself: \
             look where it should stand, then press what you saw."
            .to_owned(),
        UpdateState::Rejected => "**Rejected.** It will not go out.".to_owned(),
        UpdateState::Superseded => "**Superseded.** It will not go out.".to_owned(),
    })
}

/// Every gate, open or closed, by whom and when, or by whom it could be opened.
fn gates(incident: &Incident, update: &Update, audience: &Audience, organisation: &Organisation) -> Vec<GateLine> {
    let facts = incident.facts();
    // A published text's keys were given on the facts of their time.
    let holds = |gate: &GateName| match update.state {
        UpdateState::Published => update.keys.iter().rfind(|key| &key.gate == gate),
        _ => update.valid_keys(&facts).find(|key| &key.gate == gate),
    };
    let line = |gate: &GateName| {
        let name = Markup::line(gate.as_str(), 60);
        if let Some(key) = holds(gate) {
            let (person, at) = (names::person(&key.person, organisation), names::relative(key.at));
            return GateLine { sign: "🔑", name, status: Markup::built(format!("given by {person} {at}")) };
        }
        let status = match (update.is_open(), organisation.gates.get(gate)) {
            (true, Some(known)) => format!("waits for {}", keepers(known.duty, incident, organisation)),
            (true, None) => "is not configured any more, so it cannot open".to_owned(),
            (false, _) => "no key".to_owned(),
        };
        GateLine { sign: "🔒", name, status: Markup::built(status) }
    };
    audience.gates.iter().take(GATES_SHOWN).map(line).collect()
}

fn keepers(duty: Duty, incident: &Incident, organisation: &Organisation) -> Markup {
    match (&incident.liaison, duty) {
        (Some(liaison), Duty::Liaison) => {
            Markup::built(format!("the liaison, {}", names::person(liaison, organisation)))
        }
        (_, duty) => names::holders(duty, organisation),
    }
}

/// Whether every key so far is the author's own, on a text that goes outside.
fn needs_another(incident: &Incident, update: &Update, audience: Option<&Audience>) -> bool {
    let facts = incident.facts();
    let by_another = update.valid_keys(&facts).any(|key| Some(&key.person) != update.author.as_ref());
    update.is_open() && update.author.is_some() && audience.is_some_and(|audience| audience.external) && !by_another
}

/// Keys that were given for another text, or on other facts.
fn stale(incident: &Incident, update: &Update, organisation: &Organisation) -> Vec<Markup> {
    if !update.is_open() {
        return Vec::new();
    }
    let digest = update.digest(&incident.facts());
    update
        .keys
        .iter()
        .filter(|key| key.digest != digest)
        .take(GATES_SHOWN)
        .map(|key| {
            Markup::built(format!(
                "The {} key of {}, given {}, is void: text, severity or phase changed since.",
                Markup::line(key.gate.as_str(), 60),
                names::person(&key.person, organisation),
                names::relative(key.at)
            ))
        })
        .collect()
}

fn places(audience: &Audience) -> Markup {
    let places: Vec<String> = audience
        .sinks
        .iter()
        .map(|sink| match sink {
            Sink::Room => "the room".to_owned(),
            Sink::Announcements => "the announcements".to_owned(),
            Sink::Channel(channel) => names::channel(*channel).into(),
        })
        .collect();
    let house = if audience.external { "outside the house" } else { "inside the house" };
    if places.is_empty() {
        return Markup::built(format!("{house}, to no channel: it would stand nowhere"));
    }
    Markup::built(format!("{} ({house})", names::in_words(&places)))
}

/// Says that a text holds what nobody sees, such as a sign that turns the line around.
fn hidden(text: &str) -> Option<String> {
    let seen = visible(text).chars().count();
    let hidden = text.chars().count().saturating_sub(seen);
    (0 < hidden).then(|| names::count(hidden as u64, "character"))
}

/// Whom the card asks: those who could open what is closed; the liaison alone when nobody knows whether it went out.
fn asked(
    incident: &Incident,
    update: &Update,
    audience: Option<&Audience>,
    organisation: &Organisation,
) -> Vec<PersonId> {
    let liaison = || incident.liaison.iter().cloned().collect::<Vec<_>>();
    let Some(audience) = audience else { return Vec::new() };
    match update.state {
        UpdateState::Draft => {
            let closed = update.closed_gates(audience, &incident.facts());
            let duties: Vec<Duty> =
                closed.iter().filter_map(|gate| organisation.gates.get(*gate)).map(|gate| gate.duty).collect();
            // The liaison's word comes first: others need not look at what it may still change.
            if duties.contains(&Duty::Liaison) || duties.is_empty() {
                return liaison();
            }
            let may = |duties: &[Duty], person: &crate::domain::organisation::Person| {
                duties.iter().any(|duty| person.duties.contains(duty))
            };
            organisation
                .people
                .iter()
                .filter(|(_, person)| may(&duties, person))
                .map(|(id, _)| id.clone())
                .take(GATES_SHOWN)
                .collect()
        }
        UpdateState::Doubtful => liaison(),
        UpdateState::Approved | UpdateState::Published | UpdateState::Rejected | UpdateState::Superseded => Vec::new(),
    }
}

/// What differs from the last text that this audience read, where that is of use and fits.
fn difference(incident: &Incident, update: &Update, beside: &[&Embed]) -> Option<Embed> {
    if !matches!(update.state, UpdateState::Draft | UpdateState::Approved | UpdateState::Doubtful) {
        return None;
    }
    let last = incident
        .updates
        .iter()
        .rev()
        .find(|other| other.audience == update.audience && other.state == UpdateState::Published)?;
    let title = format!("What changed since update {}", last.number);
    let taken: usize = beside
        .iter()
        .flat_map(|embed| [&embed.title, &embed.description, &embed.footer])
        .flatten()
        .map(|text| length(text))
        .sum();
    let room = limits::EMBEDS_TOGETHER.saturating_sub(taken + length(&title)).min(DIFF_ROOM);
    let description = diff::block(&last.text, &update.text, room)?;
    Some(Embed { title: Some(title), description: Some(description), color: look::GREY, ..Embed::default() })
}

const fn color(state: UpdateState) -> u32 {
    match state {
        UpdateState::Draft => look::BLUE,
        UpdateState::Approved | UpdateState::Published => look::GREEN,
        UpdateState::Doubtful => look::AMBER,
        UpdateState::Rejected | UpdateState::Superseded => look::GREY,
    }
}

fn buttons(incident: &Incident, update: &Update) -> Vec<Button> {
    let (incident, version, update, state) = (incident.id, update.version, update.number, update.state);
    match state {
        UpdateState::Draft => vec![
            Button::new("Edit", &Press::EditUpdate { incident, update, version }, ButtonStyle::Primary),
            Button::new("Approve", &Press::ApproveUpdate { incident, update, version }, ButtonStyle::Success),
            Button::new("Reject", &Press::RejectUpdate { incident, update }, ButtonStyle::Danger),
        ],
        UpdateState::Doubtful => vec![
            Button::new("It stands there", &Press::ConfirmPublished { incident, update }, ButtonStyle::Success),
            Button::new("It does not: post it", &Press::PublishAgain { incident, update }, ButtonStyle::Danger),
        ],
        UpdateState::Approved | UpdateState::Published | UpdateState::Rejected | UpdateState::Superseded => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::limits::tests::assert_within_limits;
    use crate::render::sample;

    #[test]
    fn in_every_state() {
        let organisation = sample::organisation();
        let mut pictures = String::new();
        for (name, incident, number) in sample::drafts() {
            let update = incident.update(number).expect("the update is there");
            let message = sample::renderer().draft(&incident, update, &organisation, sample::now());
            assert_within_limits(&message);
            assert_eq!(message.embeds[1].description.as_ref(), Some(&update.text), "never changed");
            pictures.push_str(&format!("=== {name}\n{}\n", sample::picture(&message)));
        }
        insta::assert_snapshot!("drafts", pictures);
    }

    #[test]
    fn the_longest_text_stands_whole_beside_the_card() {
        let (name, mut incident, number) = sample::drafts().swap_remove(2);
        for update in &mut incident.updates {
            update.text = if update.number == number { "🔔".repeat(TEXT_LIMIT) } else { "x\n".repeat(1000) };
            update.reason = Some("*".repeat(1500));
        }
        let update = incident.update(number).expect("the update is there");
        let message = sample::renderer().draft(&incident, update, &sample::organisation(), sample::now());
        assert_within_limits(&message);
        assert_eq!(message.embeds[1].description.as_ref(), Some(&update.text), "{name}");
    }

    #[test]
    fn what_is_not_seen_is_said() {
        let (_, mut incident, number) = sample::drafts().swap_remove(0);
        incident.updates[0].text = "fine\u{202e}enif".to_owned();
        let update = incident.update(number).expect("the update is there");
        let message = sample::renderer().draft(&incident, update, &sample::organisation(), sample::now());
        assert!(message.embeds[0].description.as_ref().is_some_and(|text| text.contains("1 character")));
    }
}
