//! The alerts of the load: the same content for every receiver, under keys that follow one of three laws.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// How many keys there are where they follow Zipf's law.
const KEYS: u32 = 1000;

/// In which form a receiver takes alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// What Alertmanager posts to a webhook, version 4: each request is a group of its own.
    Webhook,
    /// What Prometheus posts to Alertmanager, API v2.
    Alertmanager,
}

/// Which alerts come how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Law {
    /// Each alert once.
    Distinct,
    /// A thousand, the nth as often as 1/n.
    Zipf,
    /// One, again and again: a storm.
    One,
}

impl Law {
    pub const ALL: [Self; 3] = [Self::Distinct, Self::Zipf, Self::One];

    /// How the table calls it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Distinct => "distinct",
            Self::Zipf => "1,000 keys, Zipf",
            Self::One => "one key",
        }
    }
}

/// Gives out keys.
pub struct Keys {
    law: Law,
    prefix: String,
    given: u64,
    /// Up to where each key reaches, of 1.
    shares: Vec<f64>,
    random: StdRng,
}

impl Keys {
    /// Keys that begin with `prefix`, so that those of two runs are not the same.
    pub fn new(law: Law, prefix: &str) -> Self {
        let mut sum = 0.0;
        let mut shares: Vec<f64> = (1..=KEYS)
            .map(|rank| {
                sum += 1.0 / f64::from(rank);
                sum
            })
            .collect();
        shares.iter_mut().for_each(|share| *share /= sum);
        Self { law, prefix: prefix.to_owned(), given: 0, shares, random: StdRng::seed_from_u64(7) }
    }

    /// The next one.
    pub fn next(&mut self) -> String {
        let number = match self.law {
            Law::One => 0,
            Law::Distinct => self.given,
            Law::Zipf => {
                let at: f64 = self.random.random();
                self.shares.partition_point(|share| *share < at) as u64
            }
        };
        self.given += 1;
        format!("{}-{number}", self.prefix)
    }
}

/// What a request says of each of its alerts beside the key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wording {
    pub form: Form,
    /// As the sender rates it: with the example configuration `critical` pages somebody, `info` nobody.
    pub severity: String,
    /// When the alerts began.
    pub began: DateTime<Utc>,
    /// The group of every request; `None`: each request is a group of its own.
    pub group: Option<String>,
}

impl Wording {
    /// Alerts that begin now and page somebody, each request a group of its own.
    pub fn paging(form: Form) -> Self {
        Self { form, severity: "critical".to_owned(), began: firebell::clock::real_time(), group: None }
    }

    /// A request with an alert for each of these keys.
    pub fn body(&self, keys: &[String]) -> String {
        let mut text = String::with_capacity(400 + 900 * keys.len());
        let first = &keys[0];
        match self.form {
            Form::Alertmanager => text.push('['),
            Form::Webhook => {
                let group = self.group.as_ref().unwrap_or(first);
                let _ = write!(
                    text,
                    r#"{{"version":"4","groupKey":"{{}}:{{alertname=\"ErrorBudgetBurns\",instance=\"{group}\"}}","truncatedAlerts":0,"status":"firing","receiver":"firebell","groupLabels":{{"alertname":"ErrorBudgetBurns"}},"commonLabels":{{"alertname":"ErrorBudgetBurns","service":"scoring"}},"commonAnnotations":{{}},"externalURL":"https://alertmanager.example.org","alerts":["#
                );
            }
        }
        for (number, key) in keys.iter().enumerate() {
            if 0 < number {
                text.push(',');
            }
            self.alert(&mut text, key);
        }
        text.push_str(if self.form == Form::Webhook { "]}" } else { "]" });
        text
    }

    fn alert(&self, text: &mut String, key: &str) {
        let Self { severity, form, .. } = self;
        text.push('{');
        if *form == Form::Webhook {
            let began = self.began.format("%Y-%m-%dT%H:%M:%SZ");
            let _ = write!(
                text,
                r#""status":"firing","startsAt":"{began}","endsAt":"0001-01-01T00:00:00Z","fingerprint":"{key}","#
            );
        }
        let _ = write!(
            text,
            r#""labels":{{"alertname":"ErrorBudgetBurns","service":"scoring","cluster":"eu-central-1b","severity":"{severity}","owner":"ml-platform","instance":"{key}"}},"annotations":{{"summary":"Scoring burns its error budget on {key}","description":"Within the last hour {key} spent a fourteenth of what it may fail in a month. Look at the newest roll-out first, then at the feature store.","runbook_url":"https://runbooks.example.org/scoring/error-budget"}},"generatorURL":"https://prometheus.example.org/graph?g0.expr=scoring%3Aerror_budget%3Aburn1h+%3E+14.4"}}"#
        );
    }
}
