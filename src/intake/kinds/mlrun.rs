//! MLRun: alerts by its webhook notification.
//!
//! Documented (MLRun's manual, "Alerts", and its source): `id`, `name`, `project`, `severity` (`low`, `medium`, `high`),
//! `summary` and `value`. For a model endpoint `value` has `result_kind` (0 data drift, 1 concept drift, 2 model
//! performance, 3 system performance) and `result_status` (1 potential, 2 detected). It signs nothing, and its owner sets
//! headers.
//! Seen in a capture of 1.12.1: all of these.
//! Assumed: what is potential is suspected. MLRun never says that it is over, and sends no time.

use crate::domain::alert::{Alert, AlertStatus, Category, Signal};
use crate::domain::id::SourceName;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// MLRun.
pub static KIND: Kind = Kind {
    name: "mlrun",
    title: "MLRun",
    expected: "an alert of MLRun: `project`, `name`, `id` and `summary`",
    read: |delivery| {
        let document = delivery.document()?;
        alert(delivery.source, &Node::root(&document)).map(Reading::from)
    },
    samples: Samples { fires: Sample::json(include_str!("samples/mlrun/fires.json")), resolves: None },
    manual: include_str!("../../../docs/sources/mlrun.md"),
    ..Kind::USUAL
};

fn alert(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let (project, name, id) = (root.text("project")?, root.text("name")?, root.text("id")?);
    let severity = root.maybe("severity");
    let value = |path: &str| root.maybe(&format!("value.{path}"));
    let category = match value("result_kind").as_deref() {
        Some("0" | "1" | "2") => Some(Category::ModelAnomaly),
        Some("3") => Some(Category::Slowness),
        _ => None,
    };
    // {endpoint}.{application}.result.{result}
    let endpoint = id.contains(".result.").then(|| id.split('.').next().unwrap_or_default().to_owned());
    Ok(Alert {
        signal: if value("result_status").as_deref() == Some("1") { Signal::Suspected } else { Signal::Normal },
        description: root.maybe("message"),
        severity: severity.as_deref().and_then(words::severity),
        vendor_severity: severity,
        category,
        service: Some(project.clone()),
        labels: words::labels([
            ("project", Some(project.clone())),
            ("alert", Some(name.clone())),
            ("endpoint", endpoint),
            ("entity", Some(id.clone())),
            ("result", value("result_name")),
            ("result_value", value("result_value")),
        ]),
        ..Alert::new(
            source,
            format!("{project}/{name}/{id}"),
            AlertStatus::Firing,
            root.first_text(&["summary", "name"])?,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::Delivery;

    #[test]
    fn what_is_potential_is_suspected() {
        let body = r#"{"id": "e.app.result.drift", "name": "n", "project": "p", "value": {"result_status": 1}}"#;
        let reading = crate::intake::read(&KIND, &Delivery::bare(&"mlrun".into(), body.as_bytes())).unwrap();
        assert_eq!(reading.alerts[0].signal, Signal::Suspected);
        assert_eq!(reading.alerts[0].labels["endpoint"], "e");
    }
}
