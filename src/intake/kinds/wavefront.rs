//! Wavefront, later Operations for Applications: alert targets of the type webhook.
//!
//! Documented (its manual, "Customize alert notifications"): the body is a Mustache template of the owner's, and the
//! "Generic Webhook" one is what is read here; `reason` says why it was sent; nothing is signed, but fixed headers can
//! be added. Seen in the vendor's samples: times as `09/12/2020 21:47:39 +0000`, empty texts for what is not yet;
//! `imageLinks` with brackets around it; `subject` repeats severity and state in front of `name`.
//! Assumed: `SMOKE` stands below `WARN`, and both are warnings. No data and an invalid query are troubles of their own
//! beside what the alert watches, each with its own identity, so that the end of the one is not that of the other.
//! Whoever snoozes an alert has seen it. In maintenance it is information. A template without `reason` tells the end by
//! `endedTime`. There is no time of the state beside its begin and its end, so that a repeat in between has none.

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Signal};
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// Wavefront.
pub static KIND: Kind = Kind {
    name: "wavefront",
    title: "Wavefront (Operations for Applications)",
    expected: "a Wavefront alert by the template Generic Webhook: an object with `alertId`, `reason` and `name`",
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/wavefront/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/wavefront/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/wavefront.md"),
    ..Kind::USUAL
};

/// What a reason says: the state, how to believe it, and whose it is beside the alert's own.
const REASONS: &[(&str, (AlertStatus, Signal, &str))] = &[
    ("ALERT_OPENED", (AlertStatus::Firing, Signal::Normal, "")),
    ("ALERT_RETRIGGERED", (AlertStatus::Firing, Signal::Normal, "")),
    ("ALERT_RESOLVED", (AlertStatus::Resolved, Signal::Normal, "")),
    ("ALERT_SNOOZED", (AlertStatus::Acknowledged, Signal::Normal, "")),
    ("ALERT_MAINTENANCE", (AlertStatus::Info, Signal::Normal, "")),
    ("ALERT_NO_DATA", (AlertStatus::Firing, Signal::NoData, "/no-data")),
    ("ALERT_NO_DATA_RESOLVED", (AlertStatus::Resolved, Signal::NoData, "/no-data")),
    ("ALERT_NO_DATA_MAINTENANCE", (AlertStatus::Info, Signal::NoData, "/no-data")),
    ("ALERT_INVALID", (AlertStatus::Firing, Signal::NoData, "/invalid")),
    ("ALERT_NO_LONGER_INVALID", (AlertStatus::Resolved, Signal::NoData, "/invalid")),
    ("ALERT_TESTING", (AlertStatus::Firing, Signal::Test, "")),
];

const SEVERITIES: &[(&str, AlertSeverity)] = &[
    ("SEVERE", AlertSeverity::Critical),
    ("WARN", AlertSeverity::Warning),
    ("SMOKE", AlertSeverity::Warning),
    ("INFO", AlertSeverity::Info),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    let id = root.text("alertId")?;
    let (started_at, ended_at) = (root.moment("startedTime"), root.moment("endedTime"));
    let (status, signal, of) = match root.maybe("reason") {
        None if root.get("endedTime").is_some() => match root.maybe("endedTime") {
            Some(_) => (AlertStatus::Resolved, Signal::Normal, ""),
            None => (AlertStatus::Firing, Signal::Normal, ""),
        },
        _ => root.word("reason", REASONS)?,
    };
    let vendor_severity = root.maybe("severity");
    let severity = SEVERITIES.iter().find(|(word, _)| vendor_severity.as_deref() == Some(word));
    let sources = [root.texts("newlyFailingSources"), root.texts("failingSources")];
    let labels = words::labels([
        ("tags", words::listed(&root.texts("alertTags"))),
        ("condition", root.maybe("condition")),
        ("reason", root.maybe("reason")),
        ("sources", sources.iter().find_map(|sources| words::listed(sources))),
    ]);
    let images = root.maybe("imageLinks").unwrap_or_default();
    let images = images.trim_matches(['[', ']']).split(',').map(str::to_owned);
    Ok(Alert {
        signal,
        description: words::lines([
            root.maybe("additionalInformation"),
            root.maybe("hostsFailingMessage"),
            root.maybe("updateMessage"),
        ]),
        severity: severity.map(|(_, severity)| *severity),
        vendor_severity,
        links: root.maybe("url").into_iter().chain(images).collect(),
        started_at,
        ended_at: ended_at.filter(|_| status == AlertStatus::Resolved),
        said_at: match root.maybe("reason").as_deref() {
            Some("ALERT_OPENED") => started_at,
            Some("ALERT_RESOLVED") => ended_at,
            _ => None,
        },
        labels,
        ..Alert::new(delivery.source, format!("{id}{of}"), status, root.text("name")?)
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reason: &str) -> Alert {
        let body = KIND.samples.fires.body.replace("ALERT_OPENED", reason);
        crate::intake::read(&KIND, &Delivery::bare(&"wf".into(), body.as_bytes())).unwrap().alerts.remove(0)
    }

    #[test]
    fn silence_is_a_trouble_of_its_own() {
        let opened = read("ALERT_OPENED");
        for (begins, ends) in
            [("ALERT_NO_DATA", "ALERT_NO_DATA_RESOLVED"), ("ALERT_INVALID", "ALERT_NO_LONGER_INVALID")]
        {
            let (begins, ends) = (read(begins), read(ends));
            assert_eq!((begins.status, begins.signal), (AlertStatus::Firing, Signal::NoData));
            assert_eq!((ends.status, &ends.fingerprint), (AlertStatus::Resolved, &begins.fingerprint));
            assert_ne!(begins.fingerprint, opened.fingerprint);
        }
    }

    #[test]
    fn what_a_reason_says() {
        let cases = [
            ("ALERT_RETRIGGERED", AlertStatus::Firing, Signal::Normal),
            ("ALERT_SNOOZED", AlertStatus::Acknowledged, Signal::Normal),
            ("ALERT_MAINTENANCE", AlertStatus::Info, Signal::Normal),
            ("ALERT_NO_DATA_MAINTENANCE", AlertStatus::Info, Signal::NoData),
            ("ALERT_TESTING", AlertStatus::Firing, Signal::Test),
        ];
        for (reason, status, signal) in cases {
            let alert = read(reason);
            assert_eq!((alert.status, alert.signal, alert.said_at), (status, signal, None), "{reason}");
        }
    }
}
