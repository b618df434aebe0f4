//! The ready mappings for monitors of models that have no webhook of their own.

use std::sync::Arc;

use firebell::domain::alert::{AlertStatus, Category, Signal};
use firebell::domain::id::SourceName;
use firebell::intake::custom::Mapping;
use firebell::intake::delivery::{Delivery, Fields};
use firebell::intake::{Reading, kinds};

/// The mapping that the page gives for a source of this name.
fn mapping(name: &str) -> Arc<Mapping> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sources/ml-monitors.md")).unwrap();
    let block = page
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .find(|block| block.starts_with(&format!("[sources.{name}]")))
        .unwrap_or_else(|| panic!("docs/sources/ml-monitors.md has no mapping for {name}"));
    let secret = format!("env:FIREBELL_{}_SECRET", name.to_uppercase());
    let text = format!("{}\n{}", firebell::demo::EXAMPLE, block.replace(&secret, "env:FIREBELL_ALERTMANAGER_SECRET"));
    let secrets = std::collections::BTreeMap::new();
    let now = "2026-02-04T01:45:00Z".parse().unwrap();
    let (config, _) = firebell::config::parse(&text, std::path::Path::new(""), &secrets, now)
        .unwrap_or_else(|findings| panic!("{name}: {findings:#?}"));
    config.sources[&SourceName::from(name)].mapping.clone().unwrap()
}

fn read(name: &str, query: &[(&str, &str)], body: &serde_json::Value) -> Reading {
    let (source, query) = (SourceName::from(name), query.iter().copied().collect::<Fields>());
    let (mapping, body) = (mapping(name), body.to_string());
    let delivery = Delivery { query: &query, mapping: Some(&*mapping), ..Delivery::bare(&source, body.as_bytes()) };
    firebell::intake::read(kinds::CUSTOM, &delivery).unwrap()
}

#[test]
fn a_run_of_evidently_is_an_alert_for_each_of_its_tests() {
    let test = |id: &str, status: &str| {
        serde_json::json!({
            "id": id, "name": "Share of Drifted Columns", "description": "The share is 0.6", "status": status,
            "metric_config": {}, "test_config": {}, "bound_test": null
        })
    };
    let body = serde_json::json!({
        "metrics": [], "tests": [test("a", "FAIL"), test("b", "SUCCESS"), test("c", "ERROR"), test("d", "SKIPPED")]
    });
    let reading = read("evidently", &[("model", "fraud-score")], &body);
    let seen: Vec<_> =
        reading.alerts.iter().map(|alert| (alert.fingerprint.as_str(), alert.status, alert.signal)).collect();
    assert_eq!(
        seen,
        [
            ("fraud-score/a", AlertStatus::Firing, Signal::Normal),
            ("fraud-score/b", AlertStatus::Resolved, Signal::Normal),
            ("fraud-score/c", AlertStatus::Firing, Signal::NoData),
        ]
    );
    assert_eq!(reading.alerts[0].title, "Share of Drifted Columns: fraud-score");
    assert_eq!(reading.alerts[0].category, Some(Category::ModelAnomaly));
    assert_eq!(reading.alerts[0].labels["model"], "fraud-score");
}

#[test]
fn the_last_chunk_of_nannyml_is_an_alert_for_each_metric() {
    let body = serde_json::json!({
        "model": "fraud-score", "chunk": "[40000:44999]", "end": "2026-02-04 01:40:00",
        "metrics": [{"name": "roc_auc", "value": 0.71, "alert": true}, {"name": "f1", "value": 0.9, "alert": false}]
    });
    let reading = read("nannyml", &[], &body);
    assert_eq!(reading.alerts[0].title, "roc_auc of fraud-score leaves its bounds");
    assert_eq!(reading.alerts[0].description.as_deref(), Some("roc_auc is 0.71 in the chunk [40000:44999]"));
    assert_eq!(reading.alerts[1].status, AlertStatus::Resolved);
    assert!(reading.alerts.iter().all(|alert| alert.said_at.is_some()));
}

#[test]
fn constraints_of_whylogs_fire_when_they_are_broken() {
    let body = serde_json::json!({
        "dataset": "transactions",
        "constraints": [{"name": "amount is above 0", "passed": 0, "failed": 1}, {"name": "no nulls", "passed": 1, "failed": 0}]
    });
    let reading = read("whylogs", &[], &body);
    assert_eq!(reading.alerts[0].status, AlertStatus::Firing);
    assert_eq!(reading.alerts[1].status, AlertStatus::Resolved);
    assert_eq!(reading.alerts[0].labels["dataset"], "transactions");
}
