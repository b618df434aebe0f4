//! Whoever must call at least every so often: a job, a pipeline, the watcher of watchers.
//!
//! Ours, so nothing is assumed: any call counts, with any body or none. A body that is a JSON object may say more:
//! `status` `failed` (also `fail`, `error`) that what called went wrong, with `message` as the reason. That nobody
//! called is not read here but noticed by a timer; see [`crate::domain::heartbeat`].

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus};
use crate::domain::heartbeat::FINGERPRINT;
use crate::intake::delivery::{Delivery, Method};
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading};

/// A heartbeat.
pub static KIND: Kind = Kind {
    name: "heartbeat",
    title: "Heartbeat",
    expected: "any call at all",
    methods: &[Method::Post, Method::Get],
    accepted: 200,
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/heartbeat/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/heartbeat/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/heartbeat.md"),
    ..Kind::USUAL
};

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let source = delivery.source;
    let document = delivery.document().unwrap_or_default();
    let said = Node::root(&document);
    let failed = said
        .maybe("status")
        .is_some_and(|status| ["failed", "fail", "error"].iter().any(|word| status.eq_ignore_ascii_case(word)));
    Ok(match failed {
        false => {
            Alert::new(source, FINGERPRINT, AlertStatus::Resolved, format!("No sign of life from {source}")).into()
        }
        true => Alert {
            severity: Some(AlertSeverity::Error),
            description: said.maybe("message"),
            ..Alert::new(source, FINGERPRINT, AlertStatus::Firing, format!("{source} failed"))
        }
        .into(),
    })
}
