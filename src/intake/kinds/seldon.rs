//! Seldon and KServe: what Alibi Detect finds in the requests to a model, as CloudEvents over Knative.
//!
//! Documented (seldon-core's and KServe's guides to drift and outlier detection): the detector's server sends its result
//! with an event type that its owner gives, `io.seldon.serving.inference.drift` and `.outlier` in all examples; the result
//! is Alibi Detect's, `data` and `meta`. There is no authentication of its own.
//! Seen in a real payload: a binary event with `Ce-Inferenceservicename`, `Ce-Namespace` and `Ce-Endpoint`, without the
//! attributes that CloudEvents calls for; the result under `drift`.
//! Assumed: `is_drift` and `is_outlier` are flags, 0 or 1, or a list of them, of which one is enough. An outlier is one
//! odd request, so it is suspected, which pages nobody. A result of no drift ends the drift.

use serde_json::Value;

use crate::domain::alert::{Alert, AlertStatus, Category, Signal};
use crate::domain::id::SourceName;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::kinds::cloudevents::Attributes;
use crate::intake::{Misfit, Reading, time, words};

/// Seldon and KServe.
pub static KIND: Kind = Kind {
    name: "seldon",
    title: "Seldon, KServe and Alibi Detect",
    expected: "a result of Alibi Detect as a CloudEvent: `data` with `is_drift` or `is_outlier` and `meta`, and the headers \
               `ce-inferenceservicename` or `ce-source`",
    read,
    samples: Samples {
        fires: Sample { body: include_str!("samples/seldon/fires.json"), headers: FIRES },
        resolves: Some(Sample { body: include_str!("samples/seldon/resolves.json"), headers: RESOLVES }),
    },
    manual: include_str!("../../../docs/sources/seldon.md"),
    ..Kind::USUAL
};

const FIRES: &[(&str, &str)] = &[
    ("content-type", "application/json"),
    ("ce-specversion", "1.0"),
    ("ce-id", "00000000-0000-4000-8000-000000000001"),
    ("ce-source", "io.seldon.serving.fraud-score-drift"),
    ("ce-type", "io.seldon.serving.inference.drift"),
    ("ce-time", "2026-02-04T01:40:00Z"),
    ("ce-namespace", "production"),
    ("ce-inferenceservicename", "fraud-score"),
    ("ce-endpoint", "default"),
];
const RESOLVES: &[(&str, &str)] = &[
    ("content-type", "application/json"),
    ("ce-specversion", "1.0"),
    ("ce-id", "00000000-0000-4000-8000-000000000002"),
    ("ce-source", "io.seldon.serving.fraud-score-drift"),
    ("ce-type", "io.seldon.serving.inference.drift"),
    ("ce-time", "2026-02-04T02:10:00Z"),
    ("ce-namespace", "production"),
    ("ce-inferenceservicename", "fraud-score"),
    ("ce-endpoint", "default"),
];

/// Whether an event's type says that it carries what a detector found.
pub(super) fn is_detection(kind: &str) -> bool {
    kind.ends_with(".inference.drift") || kind.ends_with(".inference.outlier")
}

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let of_headers = Attributes::of_any_headers(delivery);
    if of_headers.get("type").is_some_and(|kind| kind.ends_with(".request") || kind.ends_with(".response")) {
        return Ok(Reading::nothing("a request to a model is no detector's result"));
    }
    let document = delivery.document()?;
    let root = Node::root(&document);
    let alert = match root.get("specversion") {
        Some(_) => detection(delivery.source, &Attributes::of_event(&root)?, &root.need("data")?)?,
        None => detection(delivery.source, &of_headers, &root)?,
    };
    Ok(alert.into())
}

/// What a detector found, with the attributes of its event.
pub(super) fn detection(source: &SourceName, event: &Attributes, data: &Node<'_>) -> Result<Alert, Misfit> {
    let result = data.get("drift").or_else(|| data.get("outlier")).unwrap_or_else(|| data.clone());
    let (what, found) = match (result.get("data.is_drift"), result.get("data.is_outlier")) {
        (Some(found), _) => ("drift", found),
        (None, Some(found)) => ("outlier", found),
        (None, None) => return Err(result.missing("data.is_drift")),
    };
    let found = is_true(found.value).ok_or_else(|| found.wrong("", "is no flag and no list of flags"))?;
    let detector = result.text("meta.name")?;
    let model = event.get("inferenceservicename").or_else(|| event.get("source"));
    let model = model.ok_or_else(|| Misfit::Missing { field: "ce-inferenceservicename".to_owned() })?;
    let names = [event.get("namespace"), Some(model), event.get("endpoint"), Some(what)];
    let fingerprint = names.into_iter().flatten().collect::<Vec<_>>().join("/");
    let status = if found { AlertStatus::Firing } else { AlertStatus::Resolved };
    let named = |attribute: &str| event.get(attribute).map(str::to_owned);
    let measured = |name: &str| result.get(&format!("data.{name}")).map(|value| format!("{name}: {}", value.value));
    let said_at = event.get("time").and_then(time::read);
    Ok(Alert {
        signal: if what == "outlier" { Signal::Suspected } else { Signal::Normal },
        description: words::lines(["distance", "p_val", "threshold"].map(measured)),
        category: Some(if what == "drift" { Category::ModelAnomaly } else { Category::Data }),
        service: Some(model.to_owned()),
        labels: words::labels([
            ("model", Some(model.to_owned())),
            ("namespace", named("namespace")),
            ("predictor", named("endpoint")),
            ("detector", Some(detector.clone())),
            ("drift_type", result.maybe("data.drift_type")),
            ("threshold", result.maybe("data.threshold")),
        ]),
        started_at: said_at.filter(|_| found),
        ended_at: said_at.filter(|_| !found),
        said_at,
        ..Alert::new(source, fingerprint, status, format!("{detector}: {what} in {model}"))
    })
}

/// A flag as Python writes it: true, 1, or a list of them for the features or the rows of a batch.
fn is_true(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::Array(items) => items.iter().map(is_true).try_fold(false, |any, item| Some(any | item?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::Fields;

    fn read(body: &str) -> Result<Reading, crate::intake::Unreadable> {
        let headers: Fields = [("ce-inferenceservicename", "cifar10")].into_iter().collect();
        let source = "seldon".into();
        crate::intake::read(&KIND, &Delivery { headers: &headers, ..Delivery::bare(&source, body.as_bytes()) })
    }

    #[test]
    fn flags_are_read_as_python_writes_them() {
        for (flag, expected) in [
            ("true", AlertStatus::Firing),
            ("1", AlertStatus::Firing),
            ("[0, 1]", AlertStatus::Firing),
            ("0", AlertStatus::Resolved),
            ("[0, 0]", AlertStatus::Resolved),
        ] {
            let body = format!(r#"{{"data": {{"is_drift": {flag}}}, "meta": {{"name": "KSDrift"}}}}"#);
            assert_eq!(read(&body).unwrap().alerts[0].status, expected, "{flag}");
        }
        let error = read(r#"{"data": {"is_drift": "maybe"}, "meta": {"name": "KSDrift"}}"#).unwrap_err();
        assert_eq!(error.misfit.to_string(), "`data.is_drift` is no flag and no list of flags");
    }

    #[test]
    fn an_outlier_is_suspected() {
        let body = r#"{"data": {"is_outlier": [0, 1]}, "meta": {"name": "IForest"}}"#;
        let alert = read(body).unwrap().alerts.remove(0);
        assert_eq!((alert.signal, alert.fingerprint.as_str()), (Signal::Suspected, "cifar10/outlier"));
    }
}
