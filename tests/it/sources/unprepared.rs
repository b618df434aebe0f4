//! Shapes that nobody prepared: refused with the name of what is missing, and never read to a guessed title.

use firebell::domain::id::SourceName;
use firebell::intake::delivery::{Delivery, Fields};
use firebell::intake::kind::{Kind, Sample};
use firebell::intake::{Reading, Unreadable, kinds};
use serde_json::Value;

use super::page_mapping;

/// A way to a value: the names and positions that lead to it.
type Way = Vec<String>;

fn read(kind: &'static Kind, sample: &Sample, body: &str) -> Result<Reading, Unreadable> {
    let headers: Fields = sample.headers.iter().copied().collect();
    let mapping = page_mapping(kind);
    let source = SourceName::from(kind.name);
    let bare = Delivery::bare(&source, body.as_bytes());
    firebell::intake::read(kind, &Delivery { headers: &headers, mapping: mapping.as_deref(), ..bare })
}

/// A sample as a document, whether it is JSON or a form.
fn document(sample: &Sample) -> Value {
    serde_json::from_str(sample.body).unwrap_or_else(|_| {
        let fields = url::form_urlencoded::parse(sample.body.as_bytes()).into_owned();
        fields.map(|(name, value)| (name, Value::from(value))).collect()
    })
}

/// A document as its sender writes it.
fn written(sample: &Sample, document: &Value) -> String {
    if sample.body.trim_start().starts_with(['{', '[']) {
        return document.to_string();
    }
    let fields = document.as_object().unwrap().iter().map(|(name, value)| (name, value.as_str().unwrap()));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The ways to all that is named in a document.
fn ways(value: &Value, so_far: &Way, found: &mut Vec<Way>) {
    let mut go = |name: &str, value: &Value| {
        let way = [so_far.as_slice(), &[name.to_owned()]].concat();
        found.push(way.clone());
        ways(value, &way, found);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| go(name, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| go(&index.to_string(), value)),
        _ => (),
    }
}

fn without(document: &Value, way: &Way) -> Value {
    let (last, before) = way.split_last().unwrap();
    let mut changed = document.clone();
    let pointer: String =
        before.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect();
    match changed.pointer_mut(&pointer).unwrap() {
        Value::Object(map) => drop(map.remove(last)),
        Value::Array(items) => drop(items.remove(last.parse().unwrap())),
        _ => unreachable!("only lists and objects have ways"),
    }
    changed
}

#[test]
fn a_field_that_is_not_there_is_named_and_no_title_is_guessed() {
    let mut faults = Vec::new();
    // Any call at all is a sign of life.
    for kind in kinds::ALL.iter().filter(|kind| **kind != kinds::HEARTBEAT) {
        for sample in [Some(&kind.samples.fires), kind.samples.resolves.as_ref()].into_iter().flatten() {
            let whole = document(sample);
            let mut all = Vec::new();
            ways(&whole, &Way::new(), &mut all);
            for way in all {
                let body = written(sample, &without(&whole, &way));
                match read(kind, sample, &body) {
                    Err(error) => {
                        let text = error.to_string();
                        // Whoever reads it finds the name, or one of those that would have done in its place.
                        let says =
                            text.contains("missing") || text.contains("neither") || text.contains("the mapping of");
                        if !says || !text.contains('`') && !text.contains("neither") {
                            faults.push(format!("{} without {}: {text}", kind.name, way.join(".")));
                        }
                    }
                    Ok(reading) => {
                        for alert in reading.alerts {
                            let said = alert.title.split_whitespace().any(|word| 3 < word.len() && body.contains(word));
                            if !said {
                                faults.push(format!("{} without {}: {}", kind.name, way.join("."), alert.title));
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
