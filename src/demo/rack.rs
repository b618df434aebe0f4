//! The rack of alarms: payloads as their senders write them, stamped with the time at which they are rung.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use chrono::SecondsFormat;
use serde_json::{Value, json};
use standin::{Alarm, Backstage, Later, Rung};

use crate::clock::Clock;
use crate::demo::world::HOOK_SECRET;
use crate::domain::Timestamp;

/// What Alertmanager writes for an alert that goes on.
const NO_END: &str = "0001-01-01T00:00:00Z";
/// How many alerts the storm has, over how many groups, and how many of them are on the way at once.
const STORM: usize = 500;
const GROUPS: usize = 5;
const AT_ONCE: usize = 16;

/// Something on the rack.
struct Entry {
    id: &'static str,
    name: &'static str,
    note: &'static str,
    /// The source to whose hook it goes.
    source: &'static str,
    payload: &'static str,
    /// What fires and resolves together.
    episode: &'static str,
    /// Whether the payload is rung many times, each a little different.
    is_storm: bool,
}

/// A payload of ours, by the name of its file.
macro_rules! payload {
    ($name:literal) => {
        include_str!(concat!("../../plays/payloads/", $name, ".json"))
    };
}

const RACK: &[Entry] = &[
    Entry {
        id: "drift",
        name: "Fraud scores drift",
        note: "A model monitor finds the scores of version 14 off by more than they may be.",
        source: "alertmanager",
        payload: payload!("fraud-score-drift.firing"),
        episode: "drift",
        is_storm: false,
    },
    Entry {
        id: "drift-spreads",
        name: "Drift reaches another segment",
        note: "The same alert group grows by one.",
        source: "alertmanager",
        payload: payload!("fraud-score-drift.spreading"),
        episode: "drift",
        is_storm: false,
    },
    Entry {
        id: "drift-over",
        name: "Drift is resolved",
        note: "The source says that it is over.",
        source: "alertmanager",
        payload: payload!("fraud-score-drift.resolved"),
        episode: "drift",
        is_storm: false,
    },
    Entry {
        id: "table-late",
        name: "Feature table is late",
        note: "The nightly build of merchant features has not landed.",
        source: "alertmanager",
        payload: payload!("feature-table-late.firing"),
        episode: "table-late",
        is_storm: false,
    },
    Entry {
        id: "endpoint-slow",
        name: "Scoring endpoint is slow",
        note: "The 99th percentile is at four times its limit.",
        source: "alertmanager",
        payload: payload!("endpoint-slow.firing"),
        episode: "endpoint-slow",
        is_storm: false,
    },
    Entry {
        id: "gpu-down",
        name: "GPU nodes are down",
        note: "Three nodes of one pool report lost GPUs, in one message.",
        source: "alertmanager",
        payload: payload!("gpu-nodes-down.firing"),
        episode: "gpu-down",
        is_storm: false,
    },
    Entry {
        id: "provider",
        name: "Cloud provider has an event",
        note: "The provider's own status feed, as an exporter hands it on.",
        source: "alertmanager",
        payload: payload!("cloud-provider-event.firing"),
        episode: "provider",
        is_storm: false,
    },
    Entry {
        id: "storm",
        name: "Storm of 500",
        note: "A switch dies; five racks of a hundred nodes cry at once, a request each.",
        source: "alertmanager",
        payload: payload!("node-unreachable.firing"),
        episode: "storm",
        is_storm: true,
    },
];

/// The rack, as a page shows it.
pub fn alarms() -> Vec<Alarm> {
    RACK.iter()
        .map(|entry| Alarm {
            id: entry.id.to_owned(),
            name: entry.name.to_owned(),
            note: entry.note.to_owned(),
            sender: entry.source.to_owned(),
        })
        .collect()
}

/// Rings what is on the rack at the hooks of a running Firebell, and moves its clock.
#[derive(Debug)]
pub struct Rack {
    hooks: String,
    client: reqwest::Client,
    clock: Clock,
    /// Since when each episode goes on.
    episodes: Mutex<BTreeMap<&'static str, Timestamp>>,
}

impl Rack {
    /// For the Firebell at `address`, which goes by `clock`.
    pub fn new(address: std::net::SocketAddr, clock: Clock) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { hooks: format!("http://{address}/hooks"), client, clock, episodes: Mutex::default() })
    }

    async fn ring(&self, id: &str) -> anyhow::Result<Rung> {
        let entry = RACK.iter().find(|entry| entry.id == id).ok_or_else(|| anyhow!("nothing on the rack is {id}"))?;
        let payload: Value = serde_json::from_str(entry.payload).context("the payload is not JSON")?;
        let payload = self.stamped(entry, payload);
        let bodies = match entry.is_storm {
            true => (0..STORM).map(|number| one_of_many(&payload, number)).collect(),
            false => vec![payload],
        };
        let url = format!("{}/{}", self.hooks, entry.source);
        let began = Instant::now();
        let mut answers = Vec::new();
        for wave in bodies.chunks(AT_ONCE) {
            let posts = wave.iter().map(|body| self.post(&url, body));
            answers.extend(all(posts).await?);
        }
        let took = began.elapsed();
        let first = bodies.first().context("there is nothing to post")?;
        let (status, answer) = answers.first().cloned().unwrap_or_default();
        Ok(Rung {
            request: format!("POST {url}\nauthorization: Bearer {HOOK_SECRET}\ncontent-type: application/json"),
            body: serde_json::to_string_pretty(first)?,
            status,
            answer,
            requests: answers.len(),
            accepted: answers.iter().filter(|(status, _)| (200..300).contains(status)).count(),
            took,
        })
    }

    async fn post(&self, url: &str, body: &Value) -> anyhow::Result<(u16, String)> {
        let request = self.client.post(url).bearer_auth(HOOK_SECRET).json(body);
        let response = request.send().await.context("Firebell does not answer")?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// The payload with the times that its sender would write now.
    fn stamped(&self, entry: &Entry, mut payload: Value) -> Value {
        let now = self.clock.now();
        let is_firing = payload["status"] == "firing";
        let mut episodes = self.episodes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let began = *episodes.entry(entry.episode).or_insert(now);
        if !is_firing {
            episodes.remove(entry.episode);
        }
        let written = |at: Timestamp| json!(at.to_rfc3339_opts(SecondsFormat::Millis, true));
        for alert in payload["alerts"].as_array_mut().into_iter().flatten() {
            alert["startsAt"] = written(began);
            alert["endsAt"] = if alert["status"] == "firing" { json!(NO_END) } else { written(now) };
        }
        payload
    }
}

impl Backstage for Rack {
    fn ring<'a>(&'a self, alarm: &'a str) -> Later<'a, Result<Rung, String>> {
        Box::pin(async move { self.ring(alarm).await.map_err(|error| format!("{error:#}")) })
    }

    fn pass(&self, by: Duration) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            self.clock.advance(chrono::Duration::from_std(by).map_err(|error| error.to_string())?);
            Ok(())
        })
    }
}

/// All of some work, side by side, in order.
async fn all<T>(work: impl Iterator<Item = impl Future<Output = anyhow::Result<T>>>) -> anyhow::Result<Vec<T>> {
    futures_util::future::try_join_all(work).await
}

/// The `number`th alert of a storm: a node of its own, in the group of its rack.
fn one_of_many(payload: &Value, number: usize) -> Value {
    let mut payload = payload.clone();
    let rack = format!("r{}", number / (STORM / GROUPS) + 1);
    let node = format!("node-{number:03}.{rack}.example.com");
    let alert = &mut payload["alerts"][0];
    alert["labels"]["rack"] = json!(rack);
    alert["labels"]["instance"] = json!(node);
    alert["annotations"]["summary"] = json!(format!("{node} does not answer"));
    alert["fingerprint"] = json!(format!("{:016x}", 0x5702_0000_0000_0000_u64 + number as u64));
    payload["groupLabels"]["rack"] = json!(rack);
    payload["groupKey"] = json!(format!("{{}}:{{alertname=\"NodeUnreachable\", rack=\"{rack}\"}}"));
    payload
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use serde_json::Value;

    use super::{NO_END, RACK, Rack, STORM, one_of_many};
    use crate::clock::Clock;
    use crate::demo::EXAMPLE;
    use crate::{config, intake};

    #[test]
    fn an_episode_keeps_its_start_until_it_is_over() {
        let clock = Clock::frozen("2026-02-04T01:45:00Z".parse().unwrap());
        let rack = Rack::new(([127, 0, 0, 1], 1).into(), clock.clone()).unwrap();
        let ring = |id: &str| {
            let entry = RACK.iter().find(|entry| entry.id == id).unwrap();
            rack.stamped(entry, serde_json::from_str(entry.payload).unwrap())["alerts"][0].clone()
        };
        let first = ring("drift");
        assert_eq!((&first["startsAt"], &first["endsAt"]), (&"2026-02-04T01:45:00.000Z".into(), &NO_END.into()));
        clock.advance(chrono::Duration::minutes(5));
        assert_eq!(ring("drift")["startsAt"], first["startsAt"], "a repeat");
        let over = ring("drift-over");
        assert_eq!(over["startsAt"], first["startsAt"]);
        assert_eq!(over["endsAt"], "2026-02-04T01:50:00.000Z");
        assert_eq!(ring("drift")["startsAt"], "2026-02-04T01:50:00.000Z", "a new episode");
    }

    #[test]
    fn every_payload_on_the_rack_is_one_that_its_source_is_read_as() {
        let now = "2026-02-04T01:45:00Z".parse().unwrap();
        let (example, _) = config::parse(EXAMPLE, Path::new("."), &BTreeMap::<String, String>::new(), now).unwrap();
        for entry in RACK {
            let (name, source) = example.sources.iter().find(|(name, _)| name.as_str() == entry.source).unwrap();
            let reading =
                intake::read(source.kind, &intake::delivery::Delivery::bare(name, entry.payload.as_bytes())).unwrap();
            assert!(!reading.alerts.is_empty() && reading.rejected.is_empty(), "{}", entry.id);
        }
    }

    #[test]
    fn no_two_alerts_of_a_storm_are_the_same() {
        let storm = RACK.iter().find(|entry| entry.is_storm).unwrap();
        let payload: Value = serde_json::from_str(storm.payload).unwrap();
        let many: Vec<Value> = (0..STORM).map(|number| one_of_many(&payload, number)).collect();
        let different =
            |of: fn(&Value) -> &Value| many.iter().map(|one| of(one).to_string()).collect::<BTreeSet<_>>().len();
        assert_eq!(different(|one| &one["alerts"][0]["fingerprint"]), 500);
        assert_eq!(different(|one| &one["groupKey"]), 5);
    }
}
