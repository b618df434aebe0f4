//! Elastic: alerting rules of Kibana, by the Webhook connector, whose body is its owner's.
//!
//! Documented (Kibana's guide, "Rule action variables", "Webhook connector"): Mustache variables `rule.id`, `rule.name`,
//! `rule.url`, `alert.id`, `alert.uuid`, `alert.actionGroup`, `date`, `context.reason`; the action group `recovered` ends
//! an alert. The connector has Basic credentials and headers, and signs nothing.
//! Seen: no delivery; a template of another receiver, which gives each context as one text and cannot be read back.
//! Assumed: the payload is that of our page. An action group that ends in `nodata` is no data; one that ends in a
//! severity (`….warning`, `slo.burnRate.high`) has it, unless the payload names one.

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Signal};
use crate::domain::id::SourceName;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// Elastic.
pub static KIND: Kind = Kind {
    name: "elastic",
    title: "Elastic (Kibana)",
    expected: "the payload for Kibana on the page of this kind: `rule` and `alert`",
    read: |delivery| {
        let document = delivery.document()?;
        alert(delivery.source, &Node::root(&document)).map(Reading::from)
    },
    samples: Samples {
        fires: Sample::json(include_str!("samples/elastic/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/elastic/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/elastic.md"),
    ..Kind::USUAL
};

fn alert(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let rule = root.need("rule")?;
    let (rule_id, title) = (rule.text("id")?, rule.text("name")?);
    let instance = root.text("alert.id")?;
    let group = root.text("alert.actionGroup")?;
    let status = if group == "recovered" { AlertStatus::Resolved } else { AlertStatus::Firing };
    let has_no_data = status == AlertStatus::Firing && group.to_ascii_lowercase().ends_with("nodata");
    let named = root.maybe("severity");
    let severity = match &named {
        Some(word) => words::severity(word),
        None => of_group(&group),
    };
    let labels = words::labels([
        ("rule_type", rule.maybe("type")),
        ("alert", Some(instance.clone())),
        ("action_group", Some(group)),
        ("space", root.maybe("space")),
    ]);
    let tags = rule.texts("tags").into_iter().filter_map(|tag| {
        let (name, value) = tag.split_once([':', '='])?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    });
    let labels: std::collections::BTreeMap<String, String> = tags.chain(labels).collect();
    let said_at = root.moment("date");
    Ok(Alert {
        signal: if has_no_data { Signal::NoData } else { Signal::Normal },
        description: root.maybe("reason"),
        severity,
        vendor_severity: named,
        service: labels.get("service").or_else(|| labels.get("service.name")).cloned(),
        labels,
        links: [root.maybe("details"), rule.maybe("url")].into_iter().flatten().collect(),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        ..Alert::new(source, format!("{rule_id}/{instance}"), status, title)
    })
}

/// The severity that an action group's name ends in; the rule for burn rates calls its worst `alert`.
fn of_group(group: &str) -> Option<AlertSeverity> {
    match group.rsplit_once('.') {
        Some(("slo.burnRate", "alert")) => Some(AlertSeverity::Critical),
        Some((_, last)) => words::severity(last),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::Delivery;

    #[test]
    fn every_action_group_has_its_meaning() {
        use AlertStatus::{Firing, Resolved};
        let cases = [
            ("query matched", Firing, Signal::Normal, None),
            ("recovered", Resolved, Signal::Normal, None),
            ("metrics.threshold.nodata", Firing, Signal::NoData, None),
            ("metrics.threshold.warning", Firing, Signal::Normal, Some(AlertSeverity::Warning)),
            ("slo.burnRate.alert", Firing, Signal::Normal, Some(AlertSeverity::Critical)),
            ("slo.burnRate.high", Firing, Signal::Normal, Some(AlertSeverity::Error)),
        ];
        for (group, status, signal, severity) in cases {
            let body = format!(
                r#"{{"rule": {{"id": "r", "name": "Slow"}}, "alert": {{"id": "*", "actionGroup": "{group}"}}}}"#
            );
            let reading = crate::intake::read(&KIND, &Delivery::bare(&"elastic".into(), body.as_bytes())).unwrap();
            let alert = &reading.alerts[0];
            assert_eq!((alert.status, alert.signal, alert.severity), (status, signal, severity), "{group}");
        }
    }
}
