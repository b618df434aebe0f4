//! Weights & Biases: automations with a webhook, whose payload is a template of their owner's.
//!
//! Documented (W&B's manual, "Create a webhook automation", "Payload variables"): `${event_type}`, `${event_author}`,
//! `${alias}`, `${tag}`, `${artifact_collection_name}`, `${artifact_version_string}`, `${project_name}`, `${entity_name}`;
//! no variable has a run's metric. The access token comes as a bearer token, and `X-Wandb-Signature` signs the body, in
//! Base64.
//! Seen: templates, of which one puts all under `client_payload`; a test whose payload is whatever was typed.
//! Assumed: what names an artifact is a change in a registry, which is information; any other must say `status` and
//! `title` itself, as the payload on our page does. A variable that nobody filled in is a fault, not a value.

use std::borrow::Cow;

use crate::domain::alert::{Alert, AlertStatus};
use crate::domain::id::SourceName;
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::signature::{Encoding, Hash, Part, Signature};
use crate::intake::{Misfit, Reading, words};

/// Weights & Biases.
pub static KIND: Kind = Kind {
    name: "wandb",
    title: "Weights & Biases",
    expected: "the payload for W&B on the page of this kind: `event_type`, with `artifact_collection_name`, or with `status` \
               and `title`",
    proofs: &[Scheme::Signature(Signature {
        name: Cow::Borrowed("signature"),
        header: Cow::Borrowed("x-wandb-signature"),
        hash: Hash::Sha256,
        encoding: Encoding::Base64,
        prefix: Cow::Borrowed(""),
        separator: None,
        signed: Cow::Borrowed(&[Part::Body]),
        timestamp: None,
    })],
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/wandb/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/wandb/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/wandb.md"),
    ..Kind::USUAL
};

/// The registry of data sets, by the name that W&B gives it; every other collection is taken for models.
const DATASETS: &str = "wandb-registry-dataset";

const STATUSES: &[(&str, AlertStatus)] = &[
    ("firing", AlertStatus::Firing),
    ("acknowledged", AlertStatus::Acknowledged),
    ("resolved", AlertStatus::Resolved),
    ("info", AlertStatus::Info),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    let event = root.text("event_type")?;
    if event.eq_ignore_ascii_case("test") {
        return Ok(Reading::nothing("the test arrived, and its signature is right"));
    }
    let payload = root.get("client_payload").unwrap_or_else(|| root.clone());
    for (name, value) in root.pairs("").into_iter().chain(payload.pairs("")) {
        if value.contains("${") {
            return Err(payload.wrong(&name, "still holds a variable, which W&B did not fill in"));
        }
    }
    let alert = match payload.get("artifact_collection_name") {
        Some(_) => change(delivery.source, &event, &payload)?,
        None => said(delivery.source, &event, &payload)?,
    };
    Ok(alert.into())
}

/// A change in a registry or a project's artifacts.
fn change(source: &SourceName, event: &str, payload: &Node<'_>) -> Result<Alert, Misfit> {
    let collection = payload.text("artifact_collection_name")?;
    let version_string = payload.maybe("artifact_version_string");
    let number =
        version_string.as_deref().and_then(|version| version.rsplit_once(':')).map(|(_, number)| number.to_owned());
    let what = version_string.unwrap_or_else(|| collection.clone());
    let alias = payload.first(&["alias", "tag"]);
    let parts = [Some(event), Some(what.as_str()), alias.as_deref()];
    let fingerprint = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let title = match &alias {
        Some(alias) => format!("{event}: {alias}, {what}"),
        None => format!("{event}: {what}"),
    };
    let is_dataset = [payload.maybe("project_name"), Some(what.clone())]
        .iter()
        .flatten()
        .any(|text| text.split('/').any(|part| part == DATASETS));
    let [name, version] = if is_dataset { ["dataset", "dataset_version"] } else { ["model", "model_version"] };
    let mut labels = of_project(event, payload);
    labels.extend(words::labels([
        (name, Some(collection)),
        (version, number),
        ("alias", payload.maybe("alias")),
        ("tag", payload.maybe("tag")),
    ]));
    Ok(Alert { labels, ..Alert::new(source, fingerprint, AlertStatus::Info, title) })
}

/// What its owner's template says is wrong, or well again.
fn said(source: &SourceName, event: &str, payload: &Node<'_>) -> Result<Alert, Misfit> {
    let status = payload.word("status", STATUSES)?;
    let title = payload.text("title")?;
    let severity = payload.maybe("severity");
    let mut labels = of_project(event, payload);
    labels.extend(payload.pairs("labels"));
    let key = payload.maybe("fingerprint").unwrap_or_else(|| title.clone());
    let project = [payload.maybe("entity_name"), payload.maybe("project_name"), Some(key)];
    Ok(Alert {
        description: payload.maybe("description"),
        severity: severity.as_deref().and_then(words::severity),
        vendor_severity: severity,
        category: payload.maybe("category").and_then(|word| word.parse().ok()),
        service: payload.maybe("service"),
        labels,
        links: payload.texts("links"),
        ..Alert::new(source, project.into_iter().flatten().collect::<Vec<_>>().join("/"), status, title)
    })
}

fn of_project(event: &str, payload: &Node<'_>) -> std::collections::BTreeMap<String, String> {
    words::labels([
        ("event_type", Some(event.to_owned())),
        ("author", payload.maybe("event_author")),
        ("project", payload.maybe("project_name")),
        ("entity", payload.maybe("entity_name")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Reading, String> {
        let reading = crate::intake::read(&KIND, &Delivery::bare(&"wandb".into(), body.as_bytes()));
        reading.map_err(|error| error.misfit.to_string())
    }

    #[test]
    fn a_moved_alias_is_information_about_its_model() {
        let alert = read(
            r#"{"event_type": "ADD_ARTIFACT_ALIAS", "client_payload": {"alias": "production", "event_author": "dana",
                "artifact_collection_name": "fraud-score", "artifact_version_string": "fraud/models/fraud-score:v14"}}"#,
        )
        .unwrap()
        .alerts
        .remove(0);
        assert_eq!(alert.status, AlertStatus::Info);
        assert_eq!(alert.title, "ADD_ARTIFACT_ALIAS: production, fraud/models/fraud-score:v14");
        assert_eq!((alert.labels["model"].as_str(), alert.labels["model_version"].as_str()), ("fraud-score", "v14"));
        let dataset = read(
            r#"{"event_type": "CREATE_ARTIFACT", "artifact_collection_name": "clicks",
                "artifact_version_string": "fraud/wandb-registry-dataset/clicks:v3"}"#,
        );
        assert_eq!(dataset.unwrap().alerts[0].labels["dataset"], "clicks");
    }

    #[test]
    fn a_test_opens_nothing_and_a_title_is_never_guessed() {
        assert!(read(r#"{"event_type": "TEST"}"#).unwrap().alerts.is_empty());
        assert_eq!(read(r#"{"event_type": "RUN_METRIC"}"#).unwrap_err(), "`status` is missing");
        assert_eq!(read(r#"{"event_type": "RUN_METRIC", "status": "firing"}"#).unwrap_err(), "`title` is missing");
    }
}
