//! `firebell explain`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::cli::{Ended, print};
use crate::clock::real_time;
use crate::config::{Config, ProcessSecrets, did_you_mean};
use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category, Signal};
use crate::domain::id::SourceName;
use crate::intake::custom::Mapping;
use crate::intake::delivery::{Delivery, Fields};
use crate::intake::kind::Kind;
use crate::intake::{self, kinds};

/// Reads payload files as if they were posted; prints the alerts that they hold and, with a configuration, what triage
/// makes of them, with reasons.
#[derive(Debug, Args)]
pub struct Explain {
    /// The kind of source that sends such payloads, or the name of one in the configuration.
    #[arg(long, value_name = "KIND or NAME")]
    source: String,
    /// A header that the payload came with, such as `ce-type: anomaly`; for several, several times.
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Also say what triage makes of the alerts by this configuration.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    /// The payload files.
    #[arg(required = true)]
    payloads: Vec<PathBuf>,
}

/// The answer as JSON.
#[derive(Debug, Default, Serialize)]
struct Answer<'a> {
    alerts: Vec<Explained<'a>>,
    verdicts: Vec<Verdict>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<String>,
    /// What the sender is answered in place of a receipt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answers: Vec<serde_json::Value>,
}

/// An alert as `explain` shows it: what is absent is null.
#[derive(Debug, Serialize)]
struct Explained<'a> {
    source: &'a str,
    fingerprint: &'a str,
    status: AlertStatus,
    signal: Signal,
    title: &'a str,
    description: Option<&'a str>,
    severity: Option<AlertSeverity>,
    vendor_severity: Option<&'a str>,
    category: Option<Category>,
    service: Option<&'a str>,
    labels: &'a BTreeMap<String, String>,
    links: &'a [String],
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Verdict {
    fingerprint: String,
    rule: Option<String>,
    reason: String,
    category: Option<Category>,
    severity: String,
    severity_reason: String,
    team: String,
    group: String,
    opens: bool,
    pages: Vec<Vec<String>>,
}

impl Explain {
    pub(super) fn run(self) -> anyhow::Result<Ended> {
        let config = match &self.config {
            None => None,
            Some(file) => match crate::config::load(file, &ProcessSecrets, real_time()) {
                Ok((config, _)) => Some(config),
                Err(findings) => {
                    print::findings(&findings);
                    return Ok(Ended::Misused);
                }
            },
        };
        let Some(sender) = sender(&self.source, config.as_ref()) else { return Ok(Ended::Misused) };
        let headers: Fields = self.headers.iter().cloned().collect();
        let mut alerts = Vec::new();
        let mut rejected = Vec::new();
        let mut answers = Vec::new();
        for file in &self.payloads {
            let body = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let delivery = Delivery {
                headers: &headers,
                now: real_time(),
                mapping: sender.mapping,
                ..Delivery::bare(&sender.name, &body)
            };
            let reading =
                intake::read(sender.kind, &delivery).with_context(|| format!("{} is not read", file.display()))?;
            alerts.extend(reading.alerts);
            let refused = reading.rejected.iter();
            rejected.extend(refused.map(|item| format!("{}: item {}: {}", file.display(), item.index, item.reason)));
            answers.extend(reading.answer.map(answered));
        }
        let verdicts = config.iter().flat_map(|config| alerts.iter().map(|alert| verdict(alert, config))).collect();
        let answer = Answer { alerts: alerts.iter().map(explained).collect(), verdicts, rejected, answers };
        if self.json {
            print::line(serde_json::to_string_pretty(&answer)?);
        } else {
            show(&answer);
        }
        Ok(Ended::Well)
    }
}

/// Who sends.
struct Sender<'a> {
    name: SourceName,
    kind: &'static Kind,
    mapping: Option<&'a Mapping>,
}

/// The source of this name in the configuration, else one of this kind; complains when there is neither.
fn sender<'a>(text: &str, config: Option<&'a Config>) -> Option<Sender<'a>> {
    let name = SourceName::from(text);
    if let Some(source) = config.and_then(|config| config.sources.get(&name)) {
        return Some(Sender { name, kind: source.kind, mapping: source.mapping.as_deref() });
    }
    let Some(kind) = kinds::named(text) else {
        let sources = match config {
            Some(_) => ", nor a source of this configuration",
            None => "; a source of your own needs --config",
        };
        let cure = did_you_mean(text, kinds::ALL.iter().map(|kind| kind.name));
        print::aside(format_args!("error: --source: `{text}` is not a kind of source{sources}: {cure}"));
        return None;
    };
    // The only source of the kind lends its mapping.
    let mut alike = config.into_iter().flat_map(|config| &config.sources).filter(|(_, source)| source.kind == kind);
    match (alike.next(), alike.next()) {
        (Some((name, source)), None) => Some(Sender { name: name.clone(), kind, mapping: source.mapping.as_deref() }),
        _ => Some(Sender { name, kind, mapping: None }),
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as `name: value`")?;
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

fn answered(answer: intake::Answer) -> serde_json::Value {
    match answer {
        intake::Answer::Says { status, body, headers } => {
            let headers: BTreeMap<String, String> = headers.into_iter().collect();
            serde_json::json!({ "status": status, "headers": headers, "body": body })
        }
        intake::Answer::Confirm { topic, address } => {
            serde_json::json!({ "confirms": topic, "by_asking_for": address })
        }
    }
}

fn explained(alert: &Alert) -> Explained<'_> {
    Explained {
        source: alert.source.as_str(),
        fingerprint: &alert.fingerprint,
        status: alert.status,
        signal: alert.signal,
        title: &alert.title,
        description: alert.description.as_deref(),
        severity: alert.severity,
        vendor_severity: alert.vendor_severity.as_deref(),
        category: alert.category,
        service: alert.service.as_deref(),
        labels: &alert.labels,
        links: &alert.links,
        started_at: alert.started_at,
        ended_at: alert.ended_at,
    }
}

fn verdict(alert: &Alert, config: &Config) -> Verdict {
    let organisation = &config.organisation;
    let verdict = config.triage.judge(alert, organisation);
    let pages = if verdict.opens && verdict.pages {
        let rota = &organisation.team(&verdict.team).rota;
        crate::domain::incident::forecast(rota, verdict.severity, organisation, real_time())
    } else {
        Vec::new()
    };
    let names = |step: &Vec<crate::domain::id::PersonId>| {
        step.iter().map(|person| organisation.name_of(person).to_owned()).collect::<Vec<_>>()
    };
    Verdict {
        fingerprint: alert.fingerprint.clone(),
        rule: verdict.rule,
        reason: verdict.reason,
        category: verdict.category,
        severity: verdict.severity.to_string(),
        severity_reason: verdict.severity_reason,
        team: verdict.team.to_string(),
        group: verdict.group,
        opens: verdict.opens,
        pages: pages.iter().map(names).collect(),
    }
}

fn show(answer: &Answer<'_>) {
    for (index, alert) in answer.alerts.iter().enumerate() {
        print::line(format_args!("{} · {} · {}", alert.status, alert.title, alert.fingerprint));
        if let Some(verdict) = answer.verdicts.get(index) {
            let category = verdict.category.map_or("no category".to_owned(), |category| category.to_string());
            print::line(format_args!("  {}: {category}, team {}", verdict.reason, verdict.team));
            print::line(format_args!("  {}: {}", verdict.severity, verdict.severity_reason));
            print::line(format_args!("  group {}", verdict.group));
            let steps: Vec<String> = verdict
                .pages
                .iter()
                .map(|step| if step.is_empty() { "nobody".to_owned() } else { step.join(" and ") })
                .collect();
            match (verdict.opens, steps.is_empty()) {
                (false, _) => print::line("  opens nothing"),
                (true, true) => print::line("  opens an incident, pages nobody"),
                (true, false) => print::line(format_args!("  opens an incident, pages {}", steps.join(", then "))),
            }
        }
    }
    for answered in &answer.answers {
        print::line(format_args!("the sender is answered {answered}"));
    }
    for rejected in &answer.rejected {
        print::line(format_args!("not read: {rejected}"));
    }
}
