//! Every kind of source: its table of real payloads, its signatures, its samples, its page, and what it does with
//! hostile bodies. A kind brings its table (`<kind>.toml`) and is taken up by itself.
//!
//! A table has a section for each file of `../shared/alerts/<kind>/`:
//!
//! ```toml
//! folder = "splunk"                     # if it is not named after the kind
//! not_payloads = ["headers.txt"]        # and those of another kind in the same folder
//!
//! ["opened.json"]
//! headers = { x-kind = "alert" }        # what reading it needs
//! alerts = [{ fingerprint = "…", status = "firing", title = "…", severity = "error", labels = { a = "b" } }]
//! # or: nothing = true (well understood, no alert) · refused = "`state` is missing" · answer = { status = 200, body = {…} }
//!
//! [signed."opened.signed.json"]
//! auth = "signature"                    # the name of the scheme, if it is not the kind's first
//! secret = "…"
//! now = "2026-02-04T01:45:00Z"          # for those that sign a time
//! address = "https://…"                 # for those that sign the address
//! headers = { x-signature = "…" }
//! final_newline = false                 # if the file ends with one that was not sent
//! ```
//!
//! Of an alert everything that is left out must be absent (`signal`: normal), except `description` and `links`, which
//! are compared where they stand, and `labels`, of which those that stand must be there.

mod hostile;
mod ml_monitors;
mod signatures;
mod sns;
mod unprepared;

use std::path::PathBuf;

use firebell::domain::Timestamp;
use firebell::domain::alert::{AlertStatus, Signal};
use firebell::domain::id::SourceName;
use firebell::intake::delivery::{Delivery, Fields};
use firebell::intake::kind::{Kind, Sample};
use firebell::intake::{Answer, Reading, Unreadable, kinds};
use serde_json::{Value, json};

use crate::support::shared;

/// Keys of an alert that a table may leave out although it is there.
const FREE: [&str; 4] = ["source", "description", "links", "labels"];

/// The table of a kind; `None` where it has none.
fn table(kind: &Kind) -> Option<Value> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/sources/{}.toml", kind.name));
    let text = std::fs::read_to_string(file).ok()?;
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}.toml: {error}", kind.name));
    Some(serde_json::to_value(table).unwrap())
}

/// Where the real payloads of a kind are; `None` if they are not there.
fn folder(kind: &Kind, table: &Value) -> Option<PathBuf> {
    shared::file(&format!("alerts/{}", table["folder"].as_str().unwrap_or(kind.name)))
}

fn fields(table: &Value) -> Fields {
    let pairs = table.as_object().into_iter().flatten();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn moment(table: &Value) -> Timestamp {
    table.as_str().map_or_else(|| "2026-02-04T01:45:00Z".parse().unwrap(), |text| text.parse().unwrap())
}

fn read(kind: &'static Kind, body: &[u8], case: &Value) -> Result<Reading, Unreadable> {
    let source = SourceName::from(kind.name);
    let headers = fields(&case["headers"]);
    let query = fields(&case["query"]);
    let now = moment(&case["now"]);
    firebell::intake::read(kind, &Delivery { headers: &headers, query: &query, now, ..Delivery::bare(&source, body) })
}

fn read_sample(kind: &'static Kind, sample: &Sample) -> Result<Reading, Unreadable> {
    let source = SourceName::from(kind.name);
    let headers: Fields = sample.headers.iter().copied().collect();
    let mapping = page_mapping(kind);
    let delivery =
        Delivery { headers: &headers, mapping: mapping.as_deref(), ..Delivery::bare(&source, sample.body.as_bytes()) };
    firebell::intake::read(kind, &delivery)
}

/// Whether a kind says when a trouble began, or when it said so.
pub fn tells_when(kind: &'static Kind) -> bool {
    let fires = read_sample(kind, &kind.samples.fires).unwrap();
    fires.alerts.iter().all(|alert| alert.started_at.is_some() || alert.said_at.is_some())
}

/// The configuration in the page of a kind, with a name and a secret filled in.
pub fn page_configuration(kind: &Kind, name: &str, secret: &str) -> String {
    let block = kind.manual.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let block = block.unwrap_or_else(|| panic!("docs/sources/{}.md has no configuration to copy", kind.name));
    assert!(block.starts_with("[sources.{name}]"), "docs/sources/{}.md: {block}", kind.name);
    block.replace("{name}", name).replace("{secret}", secret)
}

/// The mapping that the page of a kind gives, if it gives one.
fn page_mapping(kind: &Kind) -> Option<std::sync::Arc<firebell::intake::custom::Mapping>> {
    if kind.name != kinds::CUSTOM.name {
        return None;
    }
    let text = format!("{}\n{}", firebell::demo::EXAMPLE, page_configuration(kind, "custom", "env:X"));
    let secrets = std::collections::BTreeMap::new();
    let now = "2026-02-04T01:45:00Z".parse().unwrap();
    let (config, _) = firebell::config::parse(&text, std::path::Path::new(""), &secrets, now).unwrap();
    config.sources[&SourceName::from("custom")].mapping.clone()
}

#[test]
fn every_real_payload_reads_to_what_its_table_says() {
    let mut faults = Vec::new();
    for kind in kinds::ALL {
        let Some(table) = table(kind) else { continue };
        let Some(folder) = folder(kind, &table) else { continue };
        let not_payloads = table["not_payloads"].as_array().cloned().unwrap_or_default();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_known = table[&name].is_object() || not_payloads.contains(&json!(name));
            if !is_known {
                faults.push(format!("{}/{name}: the table does not say what it reads to", kind.name));
            }
        }
        for (name, case) in
            table.as_object().unwrap().iter().filter(|(name, case)| case.is_object() && *name != "signed")
        {
            let file = folder.join(name);
            let Ok(body) = std::fs::read(&file) else {
                faults.push(format!("{}/{name} is not there", kind.name));
                continue;
            };
            let reading = read(kind, &body, case);
            faults.extend(compare(case, reading).into_iter().map(|fault| format!("{}/{name}: {fault}", kind.name)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn compare(case: &Value, reading: Result<Reading, Unreadable>) -> Vec<String> {
    let reading = match (case["refused"].as_str(), reading) {
        (Some(words), Err(error)) if error.to_string().contains(words) => return Vec::new(),
        (Some(words), other) => return vec![format!("expected a refusal with {words:?}, got {other:?}")],
        (None, Err(error)) => return vec![format!("refused: {error}")],
        (None, Ok(reading)) => reading,
    };
    if case["nothing"] == json!(true) {
        let is_answered = matches!(&reading.answer, Some(Answer::Says { status: 200, .. }));
        return match reading.alerts.is_empty() && is_answered {
            true => Vec::new(),
            false => vec![format!("expected no alert and a good answer, got {reading:?}")],
        };
    }
    if let Some(expected) = case["answer"].as_object() {
        return match &reading.answer {
            Some(Answer::Says { status, body, .. })
                if json!(status) == expected["status"] && *body == expected["body"] =>
            {
                Vec::new()
            }
            other => vec![format!("expected the answer {expected:?}, got {other:?}")],
        };
    }
    if case["confirms"].is_string() {
        return match &reading.answer {
            Some(Answer::Confirm { topic, .. }) if *topic == case["confirms"].as_str().unwrap() => Vec::new(),
            other => vec![format!("expected a confirmation, got {other:?}")],
        };
    }
    let none = Vec::new();
    let expected = case["alerts"].as_array().unwrap_or(&none);
    let mut faults: Vec<String> =
        reading.rejected.iter().map(|item| format!("item {}: {}", item.index, item.reason)).collect();
    if expected.len() != reading.alerts.len() {
        faults.push(format!("{} alerts, expected {}: {:#?}", reading.alerts.len(), expected.len(), reading.alerts));
    }
    for (index, (expected, alert)) in expected.iter().zip(&reading.alerts).enumerate() {
        let alert = serde_json::to_value(alert).unwrap();
        let mut check = |key: &str, expected: &Value, found: &Value| {
            if expected != found {
                faults.push(format!("alert {index}: {key} is {found}, expected {expected}"));
            }
        };
        for (key, found) in alert.as_object().unwrap() {
            match (key.as_str(), &expected[key]) {
                ("signal", Value::Null) => check(key, &json!("normal"), found),
                ("labels", labels) => {
                    for (name, value) in labels.as_object().into_iter().flatten() {
                        check(&format!("labels.{name}"), value, &found[name]);
                    }
                }
                (key, Value::Null) if FREE.contains(&key) => (),
                ("started_at" | "ended_at" | "said_at", Value::String(text)) => {
                    let found = found.as_str().map(|found| found.parse::<Timestamp>().unwrap());
                    check(key, &json!(text.parse::<Timestamp>().unwrap()), &json!(found));
                }
                (key, expected) => check(key, expected, found),
            }
        }
        for (key, expected) in expected.as_object().unwrap() {
            if alert.get(key).is_none() {
                check(key, expected, &Value::Null);
            }
        }
    }
    faults
}

/// Folders of real payloads that are no kind's, and why.
const NO_KIND: [(&str, &str); 1] = [("aws-sns", "the envelope in which other kinds come; `sns.rs` opens it")];

#[test]
fn every_folder_of_real_payloads_has_a_kind_that_reads_it_or_a_reason_for_none() {
    let Some(root) = shared::file("alerts") else { return };
    let tables: Vec<(&Kind, Value)> = kinds::ALL.iter().filter_map(|kind| Some((*kind, table(kind)?))).collect();
    let reads = |kind: &Kind, table: &Value| table["folder"].as_str().unwrap_or(kind.name).to_owned();
    let folders: Vec<String> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let mut faults = Vec::new();
    for folder in &folders {
        let is_read = tables.iter().any(|(kind, table)| reads(kind, table) == *folder);
        let reason = NO_KIND.iter().find(|(name, _)| name == folder);
        match (is_read, reason) {
            (false, None) => faults.push(format!("alerts/{folder}: no kind reads it, and no reason says why")),
            (true, Some((_, reason))) => faults.push(format!("alerts/{folder}: a kind reads it, though {reason}")),
            (true, None) | (false, Some(_)) => (),
        }
        if kinds::named(folder).is_some_and(|kind| !tables.iter().any(|(other, _)| *other == kind)) {
            faults.push(format!("there is no tests/it/sources/{folder}.toml"));
        }
    }
    for (kind, table) in &tables {
        let folder = reads(kind, table);
        if !folders.contains(&folder) {
            faults.push(format!("{}.toml reads alerts/{folder}, which is not there", kind.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_kinds_samples_are_one_trouble_that_begins_and_ends() {
    for kind in kinds::ALL {
        let fires = read_sample(kind, &kind.samples.fires).unwrap_or_else(|error| panic!("{}: {error}", kind.name));
        assert!(fires.rejected.is_empty() && !fires.alerts.is_empty(), "{}: {fires:?}", kind.name);
        assert!(fires.alerts.iter().all(|alert| alert.status == AlertStatus::Firing), "{}: {fires:?}", kind.name);
        assert!(fires.alerts.iter().all(|alert| alert.signal != Signal::Test), "{}: {fires:?}", kind.name);
        let Some(resolves) = &kind.samples.resolves else { continue };
        let resolves = read_sample(kind, resolves).unwrap_or_else(|error| panic!("{}: {error}", kind.name));
        let identities =
            |reading: &Reading| reading.alerts.iter().map(|alert| alert.fingerprint.clone()).collect::<Vec<_>>();
        assert_eq!(identities(&fires), identities(&resolves), "{}", kind.name);
        assert!(
            resolves.alerts.iter().all(|alert| alert.status == AlertStatus::Resolved),
            "{}: {resolves:?}",
            kind.name
        );
    }
}

#[test]
fn every_kind_has_its_page_and_a_name_of_its_own() {
    let overview = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sources/README.md")).unwrap();
    let mut names = Vec::new();
    for kind in kinds::ALL {
        assert!(!names.contains(&kind.name), "{} is there twice", kind.name);
        names.push(kind.name);
        assert!(
            overview.contains(&format!("({}.md)", kind.name)),
            "docs/sources/README.md does not name {}",
            kind.name
        );
        assert!(kind.manual.starts_with(&format!("# {}\n", kind.title)), "docs/sources/{}.md", kind.name);
        for part in ["{address}", "## Set it up", "## Try it", "## Change the secret", "## What is read"] {
            assert!(kind.manual.contains(part), "docs/sources/{}.md lacks {part}", kind.name);
        }
        let configuration = page_configuration(kind, "theirs", "env:FIREBELL_ALERTMANAGER_SECRET");
        let text = format!("{}\n{configuration}", firebell::demo::EXAMPLE);
        let secrets = std::collections::BTreeMap::new();
        let now = "2026-02-04T01:45:00Z".parse().unwrap();
        if let Err(findings) = firebell::config::parse(&text, std::path::Path::new(""), &secrets, now) {
            panic!("docs/sources/{}.md: {findings:#?}", kind.name);
        }
    }
}
