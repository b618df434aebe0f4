//! A timeline as a file: Markdown to read, JSON to compute with.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::actor::Author;
use crate::domain::incident::{Incident, Role};
use crate::domain::organisation::Organisation;
use crate::domain::timeline::{Entry, Event};
use crate::render::escape;
use crate::render::message::{File, Message};
use crate::render::names;
use crate::render::sentence::{Style, sentence};

/// An incident's timeline, as JSON has it. Every time is in UTC, to the microsecond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timeline<'a> {
    /// Which incident.
    pub incident: String,
    /// Its title.
    pub title: &'a str,
    /// Its severity.
    pub severity: String,
    /// Where it stands.
    pub phase: &'static str,
    /// When it was opened.
    pub declared_at: String,
    /// The entries, in the order in which they were recorded.
    pub entries: Vec<Line<'a>>,
}

/// One entry of an exported timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line<'a> {
    /// Its place.
    pub number: i64,
    /// When it happened.
    pub at: String,
    /// When it was recorded.
    pub recorded_at: String,
    /// Who did it.
    pub author: Who<'a>,
    /// What happened, as a sentence.
    pub text: String,
    /// The entry that this one corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrects: Option<i64>,
    /// The entries that correct this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corrected_by: Vec<i64>,
    /// What happened, in full.
    pub event: &'a Event,
}

/// Who did something, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Who<'a> {
    /// A person, a source, or Firebell itself.
    pub kind: &'static str,
    /// The person's or source's identity in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// How people call it.
    pub name: String,
}

/// The timeline of `incident` as it is exported.
pub fn timeline<'a>(incident: &'a Incident, entries: &'a [Entry], organisation: &Organisation) -> Timeline<'a> {
    Timeline {
        incident: incident.id.to_string(),
        title: &incident.title,
        severity: incident.severity.to_string(),
        phase: incident.phase.word(),
        declared_at: names::precise(incident.declared_at),
        entries: entries.iter().map(|entry| line(entry, entries, organisation)).collect(),
    }
}

/// One entry as it is exported; `all` is where its corrections are looked for.
pub fn line<'a>(entry: &'a Entry, all: &[Entry], organisation: &Organisation) -> Line<'a> {
    Line {
        number: entry.number.0,
        at: names::precise(entry.at),
        recorded_at: names::precise(entry.recorded_at),
        author: who(&entry.author, organisation),
        text: sentence(entry, organisation, Style::Plain),
        corrects: match &entry.event {
            Event::Corrected { entry, .. } => Some(entry.0),
            _ => None,
        },
        corrected_by: corrections(entry, all),
        event: &entry.event,
    }
}

fn corrections(entry: &Entry, all: &[Entry]) -> Vec<i64> {
    all.iter()
        .filter(|later| matches!(&later.event, Event::Corrected { entry: of, .. } if *of == entry.number))
        .map(|later| later.number.0)
        .collect()
}

fn who<'a>(author: &'a Author, organisation: &Organisation) -> Who<'a> {
    match author {
        Author::Person(person) => {
            Who { kind: "person", id: Some(person.as_str()), name: names::plain(person, organisation) }
        }
        Author::Source(source) => {
            Who { kind: "source", id: Some(source.as_str()), name: escape::one_line(source.as_str()) }
        }
        Author::Firebell => Who { kind: "firebell", id: None, name: "Firebell".to_owned() },
    }
}

/// The timeline as JSON.
pub fn json(incident: &Incident, entries: &[Entry], organisation: &Organisation) -> String {
    serde_json::to_string_pretty(&timeline(incident, entries, organisation))
        .expect("texts, numbers and lists of them are always JSON")
}

/// The timeline as Markdown.
pub fn markdown(incident: &Incident, entries: &[Entry], organisation: &Organisation) -> String {
    let mut text = format!("# {} · {}\n\n", incident.id, escape::markdown(&incident.title));
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(text, "- **{name}**: {}", escape::markdown(value));
    };
    fact("Severity", &format!("{} ({})", incident.severity, incident.severity_reason));
    fact("Phase", &format!("{}, since {}", incident.phase, names::precise(incident.phase_since)));
    fact("Declared", &names::precise(incident.declared_at));
    for role in Role::ALL {
        let player = incident.player(*role).map_or_else(|| "nobody".to_owned(), |who| names::plain(who, organisation));
        fact(
            match role {
                Role::Lead => "Lead",
                Role::Liaison => "Liaison",
                Role::Scribe => "Scribe",
            },
            &player,
        );
    }
    text.push_str("\n## Timeline\n\nAll times are UTC.\n\n");
    for entry in entries {
        let author = who(&entry.author, organisation).name;
        let sentence = sentence(entry, organisation, Style::Plain);
        // Most sentences begin with who did it.
        let by =
            if sentence.starts_with(&author) { String::new() } else { format!(" ({})", escape::markdown(&author)) };
        let (number, at, sentence) = (entry.number, names::precise(entry.at), escape::markdown(&sentence));
        let _ = write!(text, "{number}. `{at}` {sentence}{by}");
        if entry.at != entry.recorded_at {
            let _ = write!(text, " (recorded `{}`)", names::precise(entry.recorded_at));
        }
        if let Event::Corrected { entry, .. } = &entry.event {
            let _ = write!(text, " (→ entry {entry})");
        }
        let corrected: Vec<String> = corrections(entry, entries).iter().map(i64::to_string).collect();
        if !corrected.is_empty() {
            let _ = write!(text, " **(corrected: see {})**", corrected.join(", "));
        }
        text.push('\n');
    }
    text
}

/// The private answer that hands over both files.
pub fn files(incident: &Incident, entries: &[Entry], organisation: &Organisation) -> Message {
    let id = incident.id;
    let file = |ending: &str, text: String| File { name: format!("{id}-timeline.{ending}"), bytes: text.into_bytes() };
    Message {
        content: format!(
            "The timeline of {id}, {}, in UTC to the microsecond.",
            names::count(entries.len() as u64, "entry").replace("entrys", "entries")
        ),
        files: vec![
            file("md", markdown(incident, entries, organisation)),
            file("json", json(incident, entries, organisation)),
        ],
        ..Message::default()
    }
    .within_limits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn exports_are_whole() {
        let (incident, organisation) = (sample::full_incident(), sample::organisation());
        let entries = sample::every_event();
        insta::assert_snapshot!("export_markdown", markdown(&incident, &entries, &organisation));
        let few = [entries[0].clone(), entries[8].clone(), entries[9].clone()];
        insta::assert_snapshot!("export_json", json(&incident, &few, &organisation));
        let read: serde_json::Value = serde_json::from_str(&json(&incident, &entries, &organisation)).expect("JSON");
        assert_eq!(read["entries"].as_array().map(Vec::len), Some(entries.len()));
    }

    #[test]
    fn both_files_come_with_the_answer() {
        let answer = files(&sample::full_incident(), &[], &sample::organisation());
        assert_eq!(
            answer.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
            ["INC-42-timeline.md", "INC-42-timeline.json"]
        );
        assert!(answer.content.contains("0 entries"));
    }
}
