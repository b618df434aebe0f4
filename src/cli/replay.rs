//! `firebell replay`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use chrono::Duration;
use clap::Args;
use serde::Serialize;

use crate::app;
use crate::cli::{ConfigFile, Ended, load, print};
use crate::clock::real_time;
use crate::domain::Timestamp;
use crate::domain::duration;
use crate::domain::id::SourceName;
use crate::engine::triage::replay::{Happened, Imagined, Line, Replayed, Window, replay};

/// Reads the alerts that the inbox still has and says what the rules of today would have made of them: what each rule
/// would have opened, joined, called somebody for or ignored, beside what did happen. Nothing is changed; the server may
/// run meanwhile. To try new rules, name a changed file with --config.
///
/// Where people would have decided, an incident counts as resolved half an hour after its last alert was, or when nothing
/// more was heard of it for a day.
#[derive(Debug, Args)]
pub struct Replay {
    /// How far to go back.
    #[arg(long, value_name = "LENGTH", default_value = "7d", value_parser = length)]
    since: Duration,
    /// Only what this source sent.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Also list each incident that would have been opened.
    #[arg(long)]
    incidents: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    file: ConfigFile,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    rules: Vec<OfRule<'a>>,
    happened: &'a BTreeMap<SourceName, Happened>,
    incidents: Vec<Opened>,
    unreadable: u64,
    forgotten: u64,
}

#[derive(Serialize)]
struct OfRule<'a> {
    source: &'a SourceName,
    rule: Option<&'a str>,
    #[serde(flatten)]
    line: &'a Line,
}

#[derive(Serialize)]
struct Opened {
    opened_at: Timestamp,
    severity: String,
    source: SourceName,
    rule: Option<String>,
    title: String,
    called: Vec<String>,
}

impl Replay {
    pub(super) async fn run(self) -> anyhow::Result<Ended> {
        let (config, _) = match load(&self.file) {
            Ok(loaded) => loaded,
            Err(ended) => return Ok(ended),
        };
        let db = super::open(&config).await?;
        let window = Window { since: real_time() - self.since, source: self.source.as_deref().map(SourceName::from) };
        let setup = Arc::new(app::setup(config));
        let mut incidents = Vec::new();
        let replayed = replay(&db, &setup, &window, |opened| match (self.incidents, self.json) {
            (true, true) => incidents.push(told(opened)),
            // As they come: a week may have many.
            (true, false) => say(opened),
            (false, _) => (),
        })
        .await;
        db.close().await;
        let replayed = replayed?;
        if self.json {
            print::line(serde_json::to_string_pretty(&answer(&replayed, incidents))?);
        } else {
            show(&replayed, self.incidents);
        }
        Ok(Ended::Well)
    }
}

fn length(text: &str) -> Result<Duration, String> {
    let length = duration::parse(text).map_err(|error| error.to_string())?;
    if length <= Duration::zero() { Err("go back some time, such as 7d".to_owned()) } else { Ok(length) }
}

fn told(opened: &Imagined) -> Opened {
    Opened {
        opened_at: opened.opened_at,
        severity: opened.severity.to_string(),
        source: opened.source.clone(),
        rule: opened.rule.clone(),
        title: opened.title.clone(),
        called: opened.called.clone(),
    }
}

fn say(opened: &Imagined) {
    let Imagined { title, source, opened_at, severity, called, .. } = opened;
    let at = opened_at.format("%Y-%m-%d %H:%M");
    let rule = named(opened.rule.as_deref());
    let called = if called.is_empty() { "nobody".to_owned() } else { called.join(" and ") };
    print::line(format_args!("{at}  {severity}  {source}  {title}\n    {rule}; calls {called}"));
}

fn named(rule: Option<&str>) -> String {
    rule.map_or("no rule".to_owned(), |rule| format!("“{rule}”"))
}

fn answer(replayed: &Replayed, incidents: Vec<Opened>) -> Answer<'_> {
    let rules = replayed.lines.iter();
    Answer {
        first: replayed.first,
        last: replayed.last,
        rules: rules.map(|((source, rule), line)| OfRule { source, rule: rule.as_deref(), line }).collect(),
        happened: &replayed.happened,
        incidents,
        unreadable: replayed.unreadable,
        forgotten: replayed.forgotten,
    }
}

fn show(replayed: &Replayed, follows_a_list: bool) {
    let (Some(first), Some(last)) = (replayed.first, replayed.last) else {
        return print::line("nothing came in that time, or the inbox does not have it any more (retention.inbox)");
    };
    let gap = if follows_a_list { "\n" } else { "" };
    print::line(format_args!(
        "{gap}What came from {} to {}, by the rules of today:\n",
        first.format("%Y-%m-%d %H:%M"),
        last.format("%Y-%m-%d %H:%M UTC")
    ));
    let head = ["source", "rule", "alerts", "open", "page", "join", "repeat", "resolve", "inform", "ignored"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for ((source, rule), line) in &replayed.lines {
        let Line { alerts, opened, paged, joined, repeated, resolved, told, ignored } = line;
        let numbers = [alerts, opened, paged, joined, repeated, resolved, told, ignored];
        let mut row = vec![source.to_string(), named(rule.as_deref())];
        row.extend(numbers.iter().map(|number| counted(**number)));
        rows.push(row);
    }
    print::text(table(&rows, 2));

    print::line("\nIncidents, beside those that were opened in that time:\n");
    let head = ["source", "would open", "did", "difference", "would page", "did", "difference"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let sources: BTreeSet<&SourceName> =
        replayed.lines.keys().map(|(source, _)| source).chain(replayed.happened.keys()).collect();
    for source in sources {
        let lines = replayed.lines.iter().filter(|((one, _), _)| one == source);
        let (opened, paged) =
            lines.fold((0, 0), |(opened, paged), (_, line)| (opened + line.opened, paged + line.paged));
        let did = replayed.happened.get(source).copied().unwrap_or_default();
        rows.push(vec![
            source.to_string(),
            opened.to_string(),
            did.opened.to_string(),
            difference(opened, did.opened),
            paged.to_string(),
            did.paged.to_string(),
            difference(paged, did.paged),
        ]);
    }
    print::text(table(&rows, 1));
    if 0 < replayed.unreadable {
        print::line(format_args!("\n{} entries cannot be read any more", replayed.unreadable));
    }
    if 0 < replayed.forgotten {
        print::line(format_args!(
            "\nmore different alerts than can be remembered: {} were forgotten, and what followed on them is taken for new",
            replayed.forgotten
        ));
    }
}

fn counted(number: u64) -> String {
    if number == 0 { "·".to_owned() } else { number.to_string() }
}

fn difference(would: u64, did: u64) -> String {
    match would.cmp(&did) {
        std::cmp::Ordering::Less => format!("−{}", did - would),
        std::cmp::Ordering::Equal => "·".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", would - did),
    }
}

/// Rows in columns: the first few to the left, numbers to the right.
fn table(rows: &[Vec<impl Display>], left: usize) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &cells {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let blanks = " ".repeat(width.saturating_sub(cell.chars().count()));
            if 0 < column {
                line.push_str("  ");
            }
            match column < left {
                true => line.extend([cell.as_str(), &blanks]),
                false => line.extend([&blanks, cell.as_str()]),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stand_in_columns() {
        let rows = [vec!["source", "open"], vec!["a long one", "7"], vec!["b", "12"]];
        assert_eq!(table(&rows, 1), "source      open\na long one     7\nb             12\n");
        assert_eq!((difference(1, 3), difference(2, 2), difference(5, 2)), ("−2".into(), "·".into(), "+3".into()));
    }
}
