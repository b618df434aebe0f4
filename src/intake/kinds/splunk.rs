//! Splunk Enterprise and Splunk Cloud Platform: the alert action "Webhook" of a saved search.
//!
//! Documented (alerting manual, "Use a webhook alert action"): an object with `search_name`, `sid`, `app`, `owner`,
//! `results_link`, and `result`, the first of the results; the action sets no headers and signs nothing, so that the
//! secret can only stand in the address. It is never told that a search finds nothing any more: these alerts have no
//! end.
//! Seen in real payloads: `result._time` as a text of seconds, empty texts for fields without a value, lists among
//! them.
//! Assumed: the saved search is the identity, since each run has a `sid` of its own. A field `severity` or `urgency`
//! that the search itself puts out says how bad it is, and `service` whose it is, as Splunk's own security app has it.

use std::collections::BTreeMap;

use crate::domain::alert::{Alert, AlertStatus};
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// Splunk Enterprise.
pub static KIND: Kind = Kind {
    name: "splunk",
    title: "Splunk Enterprise",
    expected: "Splunk's webhook alert action: an object with `search_name`, `sid` and `result`",
    proofs: &[Scheme::Token, Scheme::Secret],
    read,
    samples: Samples { fires: Sample::json(include_str!("samples/splunk/fires.json")), resolves: None },
    manual: include_str!("../../../docs/sources/splunk.md"),
    ..Kind::USUAL
};

/// What Splunk adds to every result by itself, beside what begins with `_` and `date_`.
const BOOKKEEPING: [&str; 4] = ["punct", "linecount", "timestartpos", "timeendpos"];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    let name = root.text("search_name")?;
    let sid = root.text("sid")?;
    let severity = root.first(&["result.severity", "result.urgency"]);
    let mut labels: BTreeMap<String, String> = root.pairs("result");
    labels.retain(|name, value| {
        !name.starts_with('_')
            && !name.starts_with("date_")
            && !BOOKKEEPING.contains(&name.as_str())
            && !value.is_empty()
    });
    labels.extend(words::labels([
        ("app", root.maybe("app")),
        ("owner", root.maybe("owner")),
        ("search", Some(name.clone())),
        ("sid", Some(sid)),
    ]));
    Ok(Alert {
        description: root.first(&["result.message", "result._raw"]),
        severity: severity.as_deref().and_then(words::severity),
        vendor_severity: severity,
        service: root.maybe("result.service"),
        links: root.maybe("results_link").into_iter().collect(),
        started_at: root.moment("result._time"),
        labels,
        ..Alert::new(delivery.source, name.clone(), AlertStatus::Firing, name)
    }
    .into())
}
