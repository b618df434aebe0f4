//! Every event of a timeline as one sentence.

use crate::domain::Timestamp;
use crate::domain::actor::Author;
use crate::domain::alert::Severity;
use crate::domain::id::{IncidentId, PersonId};
use crate::domain::incident::Role;
use crate::domain::organisation::Organisation;
use crate::domain::timeline::{Entry, Event, Quote, Report, RoomKind};
use crate::domain::update::Sink;
use crate::render::{escape, names};

/// The most that one person's text takes in a sentence for a chat, in characters.
const TEXT_ROOM: usize = 1600;

/// For whom a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For a chat: escaped, with mentions and times in the reader's zone.
    Discord,
    /// For files and programs: names, times in UTC, nothing escaped, nothing cut.
    Plain,
}

/// What happened, as one sentence on one line.
pub fn sentence(entry: &Entry, organisation: &Organisation, style: Style) -> String {
    sentence_within(entry, organisation, style, TEXT_ROOM)
}

/// The same, in which one person's text takes no more than `room` characters in a chat.
pub(super) fn sentence_within(entry: &Entry, organisation: &Organisation, style: Style, room: usize) -> String {
    Wording { organisation, style, room }.event(entry)
}

/// How the parts of a sentence are written.
struct Wording<'a> {
    organisation: &'a Organisation,
    style: Style,
    room: usize,
}

impl Wording<'_> {
    fn event(&self, entry: &Entry) -> String {
        let who = self.author(&entry.author);
        match &entry.event {
            Event::Opened { title, severity, why, follows } => self.opened(entry, title, *severity, why, *follows),
            Event::AlertsJoined { titles, count } => {
                format!("{} joined: {}.", names::count(*count, "alert"), self.titles(titles, *count))
            }
            Event::AlertsFiredAgain { titles, count } => {
                let verb = if *count == 1 { "fires again" } else { "fire again" };
                format!("{} {verb}: {}.", names::count(*count, "alert"), self.titles(titles, *count))
            }
            Event::AlertsResolved { titles, count, still_firing } => {
                let rest = match still_firing {
                    0 => "nothing fires any more".to_owned(),
                    1 => "1 alert still fires".to_owned(),
                    more => format!("{more} alerts still fire"),
                };
                let (titles, alerts) = (self.titles(titles, *count), names::count(*count, "alert"));
                format!("{alerts} resolved at the source: {titles}; {rest}.")
            }
            Event::AcknowledgedAtSource { titles, count, unacknowledged } => {
                let rest = match unacknowledged {
                    0 => "nobody else is called for it".to_owned(),
                    1 => "1 alert still fires that nobody took, so paging goes on".to_owned(),
                    more => format!("{more} alerts still fire that nobody took, so paging goes on"),
                };
                let (titles, alerts) = (self.titles(titles, *count), names::count(*count, "alert"));
                format!("{alerts} acknowledged in {who}: {titles}; {rest}.")
            }
            Event::Informed { titles, count } => {
                let at = match entry.at == entry.recorded_at {
                    true => String::new(),
                    false => format!(" {}", self.time(entry.at)),
                };
                format!("{who} told{at}: {}.", self.titles(titles, *count))
            }
            Event::SeverityChanged { from, to, reason } => {
                let verb = if from < to { "raised" } else { "lowered" };
                self.with(format!("{who} {verb} the severity from {from} to {to}"), Some(reason))
            }
            Event::SeverityProposed { to, reason } => self.with(
                format!("An alert asks for {to}, but a person set the severity, so it stays for now"),
                Some(reason),
            ),
            Event::PhaseChanged { from, to, note } => {
                self.with(format!("{who} moved the incident from {from} to {to}"), note.as_deref())
            }
            Event::RoleGiven { role, person, before } => self.role_given(&entry.author, *role, person, before.as_ref()),
            Event::Reported { report } => self.reported(&who, report),
            Event::Noted { text, quote } => self.noted(entry, &who, text, quote.as_ref()),
            Event::Corrected { entry, text } => self.with(format!("{who} corrected entry {entry}"), Some(text)),
            Event::RoomOpened { room, trouble } => match (room, trouble) {
                (RoomKind::Channel, None) => "The incident's channel was made.".to_owned(),
                (RoomKind::Channel, Some(trouble)) => self.with("The incident's channel was made", Some(trouble)),
                (RoomKind::Thread, None) => "The incident's thread was made.".to_owned(),
                (RoomKind::Thread, Some(trouble)) => {
                    self.with("A thread was made, because the channel could not be", Some(trouble))
                }
            },
            Event::RoomMissing { trouble } => self.with("The incident has no room", Some(trouble)),
            Event::RoomGone { reopened: true } => {
                "The incident's room is gone, somebody deleted it: another takes its place.".to_owned()
            }
            Event::RoomGone { reopened: false } => "The incident's room is gone: somebody deleted it.".to_owned(),
            Event::Repaired { what, why } => self.with(format!("Firebell put back {}", self.word(what)), Some(why)),
            Event::Paged { person, step, round, reason, .. } => {
                let person = self.person(person);
                let again = match round {
                    0 => String::new(),
                    round => format!(", round {}", round + 1),
                };
                self.with(format!("{person} was paged (step {}{again})", step + 1), Some(reason))
            }
            Event::NobodyOnCall { seeking, step } => {
                format!("Step {} reached nobody: no one is on call for {}.", step + 1, self.word(seeking))
            }
            Event::PageDelivered { person, .. } => format!("{} got the page.", self.person(person)),
            Event::PageUndelivered { person, trouble, .. } => self.with(
                format!(
                    "{} could not be reached by direct message and was paged in the room only",
                    self.person(person)
                ),
                Some(trouble),
            ),
            Event::Acknowledged { person, .. } => format!("{} acknowledged and has it.", self.person(person)),
            Event::Declined { person, .. } => format!("{} cannot and passed the page on.", self.person(person)),
            Event::NobodyAnswered { seeking, alarm } => {
                format!("NOBODY ANSWERED for {} (alarm {alarm}).", self.word(seeking))
            }
            Event::ResolveAsked => {
                "Every alert is resolved at its source: asked whether the incident is over.".to_owned()
            }
            Event::Resolved { note } => self.with(format!("{who} resolved the incident"), note.as_deref()),
            Event::Closed { reason, note } => {
                self.with(format!("{who} closed the incident as {reason}"), note.as_deref())
            }
            Event::UpdateDrafted { update, audience } => {
                format!("{who} drafted update {update} for {}.", self.word(audience.as_str()))
            }
            Event::LiaisonAsked => "Drafts wait for a liaison: asked to name one.".to_owned(),
            Event::UpdateEdited { update, audience, version } => {
                format!("{who} edited update {update} for {} (version {version}).", self.word(audience.as_str()))
            }
            Event::KeyGiven { update, audience, gate } => {
                let (audience, gate) = (self.word(audience.as_str()), self.word(gate.as_str()));
                format!("{who} gave the {gate} key for update {update} for {audience}.")
            }
            Event::ApprovalVoid { update, audience, reason } => self.with(
                format!("The approval of update {update} for {} is void", self.word(audience.as_str())),
                Some(reason),
            ),
            Event::UpdateRejected { update, audience, reason } => {
                self.with(format!("{who} rejected update {update} for {}", self.word(audience.as_str())), Some(reason))
            }
            Event::UpdatePublished { update, audience, sink } => {
                let (audience, sink) = (self.word(audience.as_str()), self.sink(sink));
                format!("Update {update} for {audience} was published {sink}.")
            }
            Event::PublicationDoubtful { update, audience, trouble } => self.with(
                format!(
                    "It is not known whether update {update} for {} went out, so somebody has to look",
                    self.word(audience.as_str())
                ),
                Some(trouble),
            ),
            Event::UpdateDue => "An update is due: asked for one.".to_owned(),
            Event::Undone { what, trouble } => self
                .with(format!("“{}” was given up, so somebody has to do it by hand", self.word(what)), Some(trouble)),
        }
    }

    fn opened(&self, entry: &Entry, title: &str, severity: Severity, why: &str, follows: Option<IncidentId>) -> String {
        let verb = match entry.author {
            Author::Person(_) => "declared",
            Author::Source(_) | Author::Firebell => "opened",
        };
        let sentence =
            format!("{} {verb} the incident as {severity}: “{}”", self.author(&entry.author), self.text(title));
        let opened = self.with(sentence, Some(why));
        match follows {
            Some(earlier) => format!("{opened} It follows {earlier}."),
            None => opened,
        }
    }

    fn role_given(&self, author: &Author, role: Role, person: &PersonId, before: Option<&PersonId>) -> String {
        let takes = matches!(author, Author::Person(author) if author == person);
        let given = if takes {
            format!("{} is now the {role}", self.person(person))
        } else {
            format!("{} made {} the {role}", self.author(author), self.person(person))
        };
        match before {
            Some(before) => format!("{given}, after {}.", self.person(before)),
            None => format!("{given}."),
        }
    }

    fn reported(&self, who: &str, report: &Report) -> String {
        let mut parts = vec![
            format!("Conditions: {}", self.closed(self.text(&report.conditions))),
            format!("Actions: {}", self.closed(self.text(&report.actions))),
        ];
        if let Some(needs) = &report.needs {
            parts.push(format!("Needs: {}", self.closed(self.text(needs))));
        }
        if let Some(next) = report.next_at {
            parts.push(format!("Next report {}.", self.time(next)));
        }
        format!("{who} reported. {}", parts.join(" "))
    }

    fn noted(&self, entry: &Entry, who: &str, text: &str, quote: Option<&Quote>) -> String {
        let at = match entry.at == entry.recorded_at {
            true => String::new(),
            false => format!(" for {}", self.time(entry.at)),
        };
        match quote {
            None => self.with(format!("{who} noted{at}"), Some(text)),
            Some(quote) => {
                let link = match self.style {
                    Style::Discord => escape::link(&quote.link).map_or_else(String::new, String::from),
                    Style::Plain => escape::one_line(&quote.link),
                };
                let noted = format!("{who} kept a message of {}", self.person(&quote.author));
                format!("{} {link}", self.with(noted, Some(text))).trim_end().to_owned()
            }
        }
    }

    /// The sentence, the reason if there is one, and a full stop unless the reason brings its own.
    fn with(&self, sentence: impl Into<String>, reason: Option<&str>) -> String {
        let sentence = sentence.into();
        match reason.map(|reason| self.text(reason)).filter(|reason| !reason.is_empty()) {
            Some(reason) => self.closed(format!("{sentence}: {reason}")),
            None => format!("{sentence}."),
        }
    }

    fn closed(&self, text: String) -> String {
        let ends = ['.', '!', '?', '…'].iter().any(|end| text.ends_with(*end)) || text.ends_with("characters)");
        if ends { text } else { format!("{text}.") }
    }

    /// Up to three titles, and a mark where there are others.
    fn titles(&self, titles: &[String], count: u64) -> String {
        let quoted: Vec<String> = titles.iter().map(|title| format!("“{}”", self.short(title))).collect();
        let unnamed = 3 <= titles.len() && (titles.len() as u64) < count;
        format!("{}{}", quoted.join(", "), if unnamed { " and others" } else { "" })
    }

    /// What a person or an alert wrote.
    fn text(&self, text: &str) -> String {
        self.bounded(text, self.room)
    }

    /// A title, of which there may be several.
    fn short(&self, text: &str) -> String {
        self.bounded(text, 160.min(self.room))
    }

    /// A name from the configuration, or one that a person gave.
    fn word(&self, text: &str) -> String {
        self.bounded(text, 100.min(self.room))
    }

    fn bounded(&self, text: &str, room: usize) -> String {
        let line = escape::one_line(text);
        match self.style {
            Style::Discord => escape::discord_within(&line, room),
            Style::Plain => line,
        }
    }

    fn person(&self, person: &PersonId) -> String {
        match self.style {
            Style::Discord => names::person(person, self.organisation).into(),
            Style::Plain => names::plain(person, self.organisation),
        }
    }

    fn author(&self, author: &Author) -> String {
        match author {
            Author::Person(person) => self.person(person),
            Author::Source(source) => self.word(source.as_str()),
            Author::Firebell => "Firebell".to_owned(),
        }
    }

    fn time(&self, at: Timestamp) -> String {
        match self.style {
            Style::Discord => format!("{} ({})", names::clock(at), names::relative(at)),
            Style::Plain => names::utc(at),
        }
    }

    fn sink(&self, sink: &Sink) -> String {
        match (sink, self.style) {
            (Sink::Room, _) => "in the room".to_owned(),
            (Sink::Announcements, _) => "in the announcements".to_owned(),
            (Sink::Channel(channel), Style::Discord) => format!("in {}", names::channel(*channel)),
            (Sink::Channel(channel), Style::Plain) => format!("in channel {channel}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{EntryNumber, UpdateNumber};
    use crate::render::sample;

    #[test]
    fn every_event_is_worded_in_both_styles() {
        let organisation = sample::organisation();
        let mut table = String::new();
        for entry in sample::every_event() {
            for style in [Style::Discord, Style::Plain] {
                let sentence = sentence(&entry, &organisation, style);
                assert!(!sentence.contains('\n') && !sentence.is_empty(), "{sentence}");
                table.push_str(&format!("{}{sentence}\n", if style == Style::Plain { "  = " } else { "" }));
            }
        }
        insta::assert_snapshot!("sentences", table);
    }

    #[test]
    fn a_title_cannot_break_a_sentence() {
        let entry = sample::entry(Event::Undone { what: "a\n# b @everyone".to_owned(), trouble: "*".repeat(9000) });
        let sentence = sentence(&entry, &sample::organisation(), Style::Discord);
        assert!(
            sentence.starts_with("“a # b @\u{200b}everyone” was given up, so somebody has to do it by hand: "),
            "{sentence}"
        );
        assert!(sentence.chars().count() < 1800);
    }

    #[test]
    fn a_plain_sentence_is_not_cut() {
        let text = "x".repeat(9000);
        let entry = sample::entry(Event::Corrected { entry: EntryNumber(1), text: text.clone() });
        assert!(sentence(&entry, &sample::organisation(), Style::Plain).contains(&text));
        let entry = sample::entry(Event::UpdateRejected {
            update: UpdateNumber(1),
            audience: "customers".into(),
            reason: "a_b".to_owned(),
        });
        assert!(sentence(&entry, &sample::organisation(), Style::Plain).ends_with("a_b."));
    }
}
