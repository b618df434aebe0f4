//! Datadog, webhooks of monitors: the payload that the manual recommends, those that owners write themselves of the
//! same variables, and the default one.
//!
//! Documented ("Webhooks integration"): the body is the owner's, made of variables such as `$ALERT_TRANSITION`; nothing
//! is signed, but fixed headers can be added; a form in place of JSON, if ticked. `$ALERT_CYCLE_KEY` links a trigger
//! with its end. The default payload carries neither a key nor a state beside its text. `$ALERT_TRANSITION` is
//! `Triggered`, `Re-Triggered`, `Renotify`, `Warn`, `Re-Warn`, `No Data`, `Re-No Data` or `Recovered`.
//! Seen in real payloads: `title` repeats the state and the group, `[Recovered on {host:a}] Memory is low`; `date` is a
//! text of milliseconds; tags are one text with commas, with several values for one name.
//! Assumed: where there is no key, group and name in the title are the identity, since they are what Datadog itself
//! shows a monitor's group by; a title that begins with `[TEST]` is one of the button "Test Notifications"; a variable
//! that came unexpanded is absent. An event of which no state is told is refused.

use std::collections::BTreeMap;

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Signal};
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, json, words};

/// Datadog.
pub static KIND: Kind = Kind {
    name: "datadog",
    title: "Datadog",
    expected: "a Datadog webhook: an object with `title` and `alert_transition`, or a title like `[Triggered] …`",
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/datadog/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/datadog/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/datadog.md"),
    ..Kind::USUAL
};

/// What Datadog's words for a change of state say; `true` if the trouble begins with it.
const TRANSITIONS: &[(&str, Transition)] = &[
    ("Triggered", Transition { begins: true, ..Transition::FIRES }),
    ("Re-Triggered", Transition::FIRES),
    ("Renotify", Transition::FIRES),
    ("Warn", Transition { begins: true, ..Transition::WARNS }),
    ("Re-Warn", Transition::WARNS),
    ("No Data", Transition { begins: true, ..Transition::SILENT }),
    ("Re-No Data", Transition::SILENT),
    ("Recovered", Transition { status: AlertStatus::Resolved, ..Transition::FIRES }),
];

#[derive(Clone, Copy)]
struct Transition {
    status: AlertStatus,
    signal: Signal,
    severity: Option<AlertSeverity>,
    begins: bool,
}

impl Transition {
    const FIRES: Self = Self { status: AlertStatus::Firing, signal: Signal::Normal, severity: None, begins: false };
    const WARNS: Self = Self { severity: Some(AlertSeverity::Warning), ..Self::FIRES };
    const SILENT: Self = Self { signal: Signal::NoData, ..Self::FIRES };
}

/// A title like `[P2] [Triggered on {host:a}] Memory is low`, in its parts.
struct Title<'a> {
    is_test: bool,
    state: Option<&'a str>,
    group: &'a str,
    name: &'a str,
}

impl<'a> Title<'a> {
    fn of(text: &'a str) -> Self {
        let mut title = Self { is_test: false, state: None, group: "", name: text.trim() };
        loop {
            let name = title.name;
            if let Some(rest) = without_head(name, "TEST") {
                (title.is_test, title.name) = (true, rest);
            } else if let Some(rest) = ["P1", "P2", "P3", "P4", "P5"].iter().find_map(|word| without_head(name, word)) {
                title.name = rest;
            } else if let Some((state, group, rest)) = TRANSITIONS.iter().find_map(|(word, _)| of_state(name, word)) {
                (title.state, title.group, title.name) = (Some(state), group, rest);
            } else {
                return title;
            }
        }
    }
}

/// What follows `[word]`.
fn without_head<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.strip_prefix('[')?.get(..word.len())?;
    head.eq_ignore_ascii_case(word).then(|| text[1 + word.len()..].strip_prefix(']'))?.map(str::trim_start)
}

/// The state, the group and what follows of `[word]` or `[word on {group}]`.
fn of_state<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str, &'a str)> {
    if let Some(rest) = without_head(text, word) {
        return Some((&text[1..=word.len()], "", rest));
    }
    let state = text.strip_prefix('[')?.get(..word.len()).filter(|state| state.eq_ignore_ascii_case(word))?;
    let (group, rest) = text[1 + word.len()..].strip_prefix(" on {")?.split_once("}]")?;
    Some((state, group, rest.trim_start()))
}

/// The first of these that is there; a variable that came as it was written is not.
fn given(root: &Node<'_>, paths: &[&str]) -> Option<String> {
    let is_variable = |text: &str| {
        text.strip_prefix('$').is_some_and(|name| name.starts_with(|char: char| char.is_ascii_uppercase()))
    };
    paths
        .iter()
        .find_map(|path| root.maybe(path).filter(|text| !is_variable(text) && !text.eq_ignore_ascii_case("null")))
}

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    let text = given(&root, &["title", "event_title", "alert_title"]).ok_or_else(|| root.missing("title"))?;
    let title = Title::of(&text);
    let word = given(&root, &["alert_transition", "transition"]).or_else(|| title.state.map(str::to_owned));
    let word = word.ok_or_else(|| root.missing("alert_transition"))?;
    let transition = TRANSITIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
    let (_, transition) = transition.ok_or_else(|| {
        let known: Vec<&str> = TRANSITIONS.iter().map(|(known, _)| *known).collect();
        root.wrong("alert_transition", format!("is {:?}, none of {}", json::quoted(&word), known.join(", ")))
    })?;
    let group = given(&root, &["alert_scope", "scope"]).unwrap_or_else(|| title.group.to_owned());
    let monitor = given(&root, &["alert_id", "monitor_id"]);
    let fingerprint = given(&root, &["alert_cycle_key", "aggreg_key"]).unwrap_or_else(|| match &monitor {
        Some(monitor) => format!("{monitor}/{group}"),
        None => format!("{}/{group}", title.name),
    });
    let priority = given(&root, &["alert_priority"]).filter(|word| words::severity(word).is_some());
    let kind = given(&root, &["alert_type"]);
    let mut labels = tags(&root);
    labels.extend(words::labels([
        ("monitor", monitor),
        ("group", Some(group).filter(|group| !group.is_empty())),
        ("metric", given(&root, &["alert_metric"])),
        ("event_type", given(&root, &["event_type"])),
        ("priority", priority.clone()),
        ("organisation", given(&root, &["org.name", "org_name"])),
    ]));
    let date = root.moment("date").or_else(|| root.moment("last_updated"));
    let links = [given(&root, &["link"]), given(&root, &["snapshot"])];
    Ok(Alert {
        signal: if title.is_test { Signal::Test } else { transition.signal },
        description: given(&root, &["text_only_msg", "body", "event_msg"]).map(|text| text.replace("%%%", "")),
        severity: transition.severity.or_else(|| priority.as_deref().and_then(words::severity)).or(match &kind {
            Some(kind) if transition.status != AlertStatus::Resolved => words::severity(kind),
            _ => None,
        }),
        vendor_severity: priority.or(kind),
        service: labels.get("service").cloned(),
        links: links.into_iter().flatten().collect(),
        started_at: date.filter(|_| transition.begins),
        ended_at: date.filter(|_| transition.status == AlertStatus::Resolved),
        said_at: date,
        labels,
        ..Alert::new(delivery.source, fingerprint, transition.status, title.name)
    }
    .into())
}

/// The tags as labels; a name with several values has them all, a tag without a value has itself.
fn tags(root: &Node<'_>) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let texts = ["tags", "event_tags"].iter().map(|path| root.texts(path)).find(|texts| !texts.is_empty());
    for tag in texts.unwrap_or_default().iter().filter(|tag| !tag.starts_with('$')) {
        let (name, value) = tag.split_once(':').unwrap_or((tag, tag));
        labels
            .entry(name.to_owned())
            .and_modify(|known| {
                known.push_str(", ");
                known.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn read(body: &Value) -> Result<Alert, String> {
        let body = body.to_string();
        let reading = crate::intake::read(&KIND, &Delivery::bare(&"datadog".into(), body.as_bytes()));
        reading.map(|reading| reading.alerts[0].clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_title_alone_tells_state_group_and_monitor() {
        use AlertStatus::{Firing, Resolved};
        let cases = [
            ("[Triggered on {host:a}] Memory is low", Firing, Signal::Normal, "Memory is low/host:a"),
            ("[Recovered on {host:a}] Memory is low", Resolved, Signal::Normal, "Memory is low/host:a"),
            ("[Triggered] [ranker] Memory is low", Firing, Signal::Normal, "[ranker] Memory is low/"),
            ("[P2] [Re-Triggered on {path:/a[0]}] Memory is low", Firing, Signal::Normal, "Memory is low/path:/a[0]"),
            ("[No data on {host:a}] Memory is low", Firing, Signal::NoData, "Memory is low/host:a"),
            ("[TEST] [Warn on {host:a}] Memory is low", Firing, Signal::Test, "Memory is low/host:a"),
        ];
        for (title, status, signal, fingerprint) in cases {
            let alert =
                read(&serde_json::json!({"title": title, "body": "", "id": "1", "date": "1770169200000"})).unwrap();
            assert_eq!((alert.status, alert.signal), (status, signal), "{title}");
            assert_eq!(alert.fingerprint, fingerprint, "{title}");
        }
    }

    #[test]
    fn an_event_of_which_no_state_is_told_is_refused() {
        for title in ["A deploy began", "[ranker] A deploy began", "[Triggered on {host:a] x", "[é] x"] {
            assert!(
                read(&serde_json::json!({"title": title})).unwrap_err().contains("`alert_transition` is missing"),
                "{title}"
            );
        }
        let odd = read(&serde_json::json!({"title": "x", "alert_transition": "Flipped"})).unwrap_err();
        assert!(odd.contains("\"Flipped\", none of Triggered"), "{odd}");
    }

    #[test]
    fn the_recommended_payload_as_a_form_is_read_alike() {
        let json: Value = serde_json::from_str(KIND.samples.fires.body).unwrap();
        let form: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(json.as_object().unwrap().iter().map(|(name, value)| (name, value.as_str().unwrap())))
            .finish();
        let reading = crate::intake::read(&KIND, &Delivery::bare(&"datadog".into(), form.as_bytes())).unwrap();
        assert_eq!(reading.alerts, [read(&json).unwrap()]);
    }

    #[test]
    fn the_payload_to_paste_is_json_and_names_what_is_read() {
        let block = KIND.manual.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let payload: BTreeMap<String, String> = serde_json::from_str(block).unwrap();
        let sample: BTreeMap<String, Value> = serde_json::from_str(KIND.samples.fires.body).unwrap();
        assert_eq!(payload.keys().collect::<Vec<_>>(), sample.keys().collect::<Vec<_>>());
        assert!(payload.values().all(|value| value.starts_with('$')));
    }
}
