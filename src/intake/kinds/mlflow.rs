//! MLflow: webhooks of its model registry and prompt registry, and of its gateway.
//!
//! Documented (MLflow 3.17, "Webhooks", and its source): `entity`, `action`, `timestamp` and `data`; signed in
//! `X-MLflow-Signature` over delivery id, timestamp and body; tried again three times after 429 and 5xx, within minutes.
//! Seen in captures of 3.17.2: all of these, with MLflow's own examples, which its test sends too: the model
//! `example_model`, the policy `bp-abc123`.
//! Assumed: a change in a registry is information, kept as evidence for the model's incident; only a budget that is
//! exceeded is an alert. Nothing says that it is over: a new window is a new beginning, and a person resolves.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::domain::alert::{Alert, AlertStatus, Category, Signal};
use crate::domain::id::SourceName;
use crate::intake::auth::Scheme;
use crate::intake::json::{self, Node};
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::signature::{Encoding, Hash, Part, Signature};
use crate::intake::{Misfit, Reading, words};

/// MLflow.
pub static KIND: Kind = Kind {
    name: "mlflow",
    title: "MLflow",
    expected: "an MLflow webhook: `entity`, `action` and `data`",
    proofs: &[Scheme::Signature(Signature {
        name: Cow::Borrowed("signature"),
        header: Cow::Borrowed("x-mlflow-signature"),
        hash: Hash::Sha256,
        encoding: Encoding::Base64,
        prefix: Cow::Borrowed("v1,"),
        separator: None,
        signed: Cow::Borrowed(&[
            Part::Header(Cow::Borrowed("x-mlflow-delivery-id")),
            Part::Text(Cow::Borrowed(".")),
            Part::Header(Cow::Borrowed("x-mlflow-timestamp")),
            Part::Text(Cow::Borrowed(".")),
            Part::Body,
        ]),
        timestamp: Some(Cow::Borrowed("x-mlflow-timestamp")),
    })],
    read: |delivery| {
        let document = delivery.document()?;
        event(delivery.source, &Node::root(&document)).map(Reading::from)
    },
    samples: Samples { fires: Sample::json(include_str!("samples/mlflow/fires.json")), resolves: None },
    manual: include_str!("../../../docs/sources/mlflow.md"),
    ..Kind::USUAL
};

fn event(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let (entity, action) = (root.text("entity")?, root.text("action")?);
    let data = root.need("data")?;
    let alert = match entity.as_str() {
        "budget_policy" if action == "exceeded" => budget(source, &data)?,
        entity if entity.starts_with("registered_model") || entity.starts_with("model_version") => {
            change(source, entity, &action, &data, ["model", "model_version"])?
        }
        entity if entity.starts_with("prompt") => change(source, entity, &action, &data, ["prompt", "prompt_version"])?,
        _ => {
            let event = format!("{entity}.{action}");
            let known = "of a registered model, a model version, a prompt or budget_policy.exceeded";
            return Err(root.wrong("entity", format!("makes {:?}, no event {known}", json::quoted(&event))));
        }
    };
    Ok(Alert { said_at: root.moment("timestamp"), ..alert })
}

/// A change in a registry.
fn change(
    source: &SourceName,
    entity: &str,
    action: &str,
    data: &Node<'_>,
    [name_label, version_label]: [&str; 2],
) -> Result<Alert, Misfit> {
    let name = data.text("name")?;
    let version = data.maybe("version");
    let what = data.first(&["alias", "key"]);
    let mut labels: BTreeMap<String, String> = data.pairs("tags");
    labels.extend(words::labels([
        (name_label, Some(name.clone())),
        (version_label, version.clone()),
        ("alias", data.maybe("alias")),
        ("tag", data.maybe("key")),
        ("value", data.maybe("value")),
        ("run", data.maybe("run_id")),
    ]));
    let parts = [Some(entity), Some(name.as_str()), version.as_deref(), what.as_deref()];
    let subject = parts[1..].iter().copied().flatten().collect::<Vec<_>>().join(" ");
    let is_example = name.starts_with("example_");
    Ok(Alert {
        signal: if is_example { Signal::Test } else { Signal::Normal },
        description: data.maybe("description"),
        labels,
        ..Alert::new(
            source,
            parts.into_iter().flatten().collect::<Vec<_>>().join("/"),
            AlertStatus::Info,
            format!("{entity} {action}: {subject}"),
        )
    })
}

/// A budget of the gateway that is exceeded.
fn budget(source: &SourceName, data: &Node<'_>) -> Result<Alert, Misfit> {
    let policy = data.text("budget_policy_id")?;
    let (spent, amount) = (data.text("current_spend")?, data.text("budget_amount")?);
    let unit = data.maybe("budget_unit").unwrap_or_default();
    let target = data.maybe("target_value");
    let is_endpoint = data.maybe("target_scope").as_deref() == Some("ENDPOINT");
    let window = data.maybe("duration_value").zip(data.maybe("duration_unit"));
    Ok(Alert {
        signal: if policy == "bp-abc123" { Signal::Test } else { Signal::Normal },
        category: Some(Category::Usage),
        labels: words::labels([
            ("budget_policy", Some(policy.clone())),
            ("endpoint", target.clone().filter(|_| is_endpoint)),
            ("target", target),
            ("target_scope", data.maybe("target_scope")),
            ("workspace", data.maybe("workspace")),
            ("window", window.map(|(value, unit)| format!("{value} {}", unit.to_ascii_lowercase()))),
        ]),
        ..Alert::new(
            source,
            format!("budget_policy/{policy}"),
            AlertStatus::Firing,
            format!("budget_policy exceeded: {spent} of {amount} {unit}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::Delivery;

    fn read(body: &str) -> Result<Alert, String> {
        let reading = crate::intake::read(&KIND, &Delivery::bare(&"mlflow".into(), body.as_bytes()));
        reading.map(|mut reading| reading.alerts.remove(0)).map_err(|error| error.misfit.to_string())
    }

    #[test]
    fn a_change_in_a_registry_names_its_model_or_prompt() {
        let alert = read(
            r#"{"entity": "model_version", "action": "created", "timestamp": "2026-02-04T01:40:00+00:00",
                "data": {"name": "fraud-score", "version": "14", "run_id": "r1", "tags": {"team": "fraud"}}}"#,
        )
        .unwrap();
        assert_eq!((alert.status, alert.signal), (AlertStatus::Info, Signal::Normal));
        assert_eq!((alert.labels["model"].as_str(), alert.labels["model_version"].as_str()), ("fraud-score", "14"));
        assert_eq!(alert.labels["team"], "fraud");
        let prompt =
            read(r#"{"entity": "prompt_alias", "action": "created", "data": {"name": "greet", "alias": "a"}}"#);
        assert_eq!(prompt.unwrap().labels["prompt"], "greet");
    }

    #[test]
    fn an_unknown_event_is_refused() {
        let error = read(r#"{"entity": "experiment", "action": "burnt", "data": {}}"#).unwrap_err();
        assert!(error.contains("`entity` makes \"experiment.burnt\""), "{error}");
    }
}
