//! Alertmanager payloads, written as its manual says.

use serde_json::{Value, json};

/// One alert in the making.
#[derive(Clone)]
pub struct Alert(Value);

/// An alert about a model's scores, which the example configuration gives to the fraud team as SEV2.
pub fn drift(fingerprint: &str) -> Alert {
    Alert(json!({
        "status": "firing",
        "labels": { "alertname": "ScoreDrift", "model": "fraud-score", "model_version": "14", "segment": fingerprint },
        "annotations": { "summary": format!("Scores drift in {fingerprint}") },
        "startsAt": "2026-02-04T01:40:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com/graph",
        "fingerprint": fingerprint,
    }))
}

/// An alert that no special rule knows, with a severity of its own: `critical` comes to SEV1.
pub fn plain(name: &str, severity: &str) -> Alert {
    Alert(json!({
        "status": "firing",
        "labels": { "alertname": name, "severity": severity },
        "annotations": { "summary": name },
        "startsAt": "2026-02-04T01:40:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": name,
    }))
}

impl Alert {
    /// The same, over.
    pub fn resolved(mut self) -> Self {
        self.0["status"] = json!("resolved");
        self.0["endsAt"] = json!("2026-02-04T02:40:00Z");
        self
    }

    /// The same, begun at another time.
    pub fn begun(mut self, at: &str) -> Self {
        self.0["startsAt"] = json!(at);
        self
    }

    /// The same with another label.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.0["labels"][name] = json!(value);
        self
    }

    /// The same with another summary.
    pub fn summary(mut self, text: &str) -> Self {
        self.0["annotations"]["summary"] = json!(text);
        self
    }
}

/// A webhook with these alerts, as one group.
pub fn webhook(group: &str, alerts: &[Alert]) -> Vec<u8> {
    let alerts: Vec<&Value> = alerts.iter().map(|alert| &alert.0).collect();
    let firing = alerts.iter().any(|alert| alert["status"] == "firing");
    json!({
        "receiver": "firebell",
        "status": if firing { "firing" } else { "resolved" },
        "alerts": alerts,
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com",
        "version": "4",
        "groupKey": format!("{{}}:{{group={group:?}}}"),
        "truncatedAlerts": 0,
    })
    .to_string()
    .into_bytes()
}
