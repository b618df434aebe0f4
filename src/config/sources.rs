//! `[sources.<name>]`: who may send alerts, and how they prove it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;

use crate::domain::id::SourceName;
use crate::intake::auth::Scheme;
use crate::intake::custom::Mapping;
use crate::intake::kind::Kind;
use crate::intake::kinds;

use super::mapping;
use super::nearby;
use super::secret::{Keyring, Secret};
use super::section::{Field, Section};
use super::shape;
use super::signing;

/// A sender of alerts, posting to `/hooks/{name}`.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it sends.
    pub kind: &'static Kind,
    /// How it proves that it is the sender.
    pub proof: Scheme,
    /// Any of these proves it; several while one gives way to the next.
    pub secrets: Vec<Secret>,
    /// The topics of SNS that may send here.
    pub topics: Vec<String>,
    /// How often it calls at least; heartbeats only.
    pub every: Option<Duration>,
    /// How its payload reads; custom sources only.
    pub mapping: Option<Arc<Mapping>>,
}

pub(super) fn read(file: &Section<'_>, keyring: &Keyring<'_>) -> BTreeMap<SourceName, Source> {
    let all = file.field("sources");
    let mut sources: BTreeMap<SourceName, Source> = BTreeMap::new();
    for (name, section) in file.named("sources") {
        let kind = kind(&section.field("kind"), &name);
        let proof = proof(&section.field("auth"), kind.unwrap_or(kinds::ALERTMANAGER), &name);
        let topics = topics(&section.field("topics"), &proof, &name);
        let field = section.field("secrets");
        let secrets = match (&proof, field.is_there()) {
            // What SNS signs needs none.
            (Scheme::Sns, false) => Vec::new(),
            _ => secrets(&field, &name, keyring),
        };
        let is_custom = kind == Some(kinds::CUSTOM);
        let mapping = is_custom.then(|| mapping::read(&section, &name)).flatten().map(Arc::new);
        let every = (kind == Some(kinds::HEARTBEAT)).then(|| every(&section.field("every"), &name)).flatten();
        section.done();
        warn_of_shared_secrets(&field, &name, &secrets, &sources);
        let kind = kind.unwrap_or(kinds::ALERTMANAGER);
        sources.insert(SourceName::from(name), Source { kind, proof, secrets, topics, every, mapping });
    }
    if sources.is_empty() {
        all.warning(
            "there is no source of alerts",
            "nothing can be sent here; incidents can only be declared by hand",
            "add one: `[sources.alertmanager]` with `kind = \"alertmanager\"` and `secrets = [\"env:…\"]`",
        );
    }
    sources
}

fn kind(field: &Field<'_>, name: &str) -> Option<&'static Kind> {
    let cost = format!("alerts from `{name}` could not be read");
    let text = field.require(shape::text, &cost, "\"alertmanager\"")?;
    let kind = kinds::named(&text);
    if kind.is_none() {
        let known = kinds::ALL.iter().map(|kind| kind.name);
        field.error(format!("`{text}` is not a kind of source"), cost, nearby::cure(&text, known));
    }
    kind
}

/// How the source proves itself: a name, a table that says how it signs, or what its kind does.
fn proof(field: &Field<'_>, kind: &Kind, name: &str) -> Scheme {
    let refused = format!("alerts from `{name}` would be refused with 401");
    if let Some(signature) = signing::read(field, &refused) {
        return Scheme::Signature(signature);
    }
    let Some(text) = field.read(shape::text, &refused) else { return kind.proof().clone() };
    Scheme::named(&text, kind).unwrap_or_else(|| {
        field.error(
            format!("`{text}` is no way in which a source of the kind {} proves itself", kind.name),
            refused,
            format!("write one of {}", Scheme::names(kind).join(", ")),
        );
        kind.proof().clone()
    })
}

/// How long a heartbeat may be silent.
fn every(field: &Field<'_>, name: &str) -> Option<Duration> {
    let cost = format!("nobody would hear that `{name}` fell silent");
    let every = field.require(shape::span, &cost, "\"25h\"")?;
    if every < Duration::minutes(1) {
        field.error(
            "a heartbeat of less than a minute is not watched",
            cost,
            "write a minute or more: `every = \"1m\"`",
        );
        return None;
    }
    Some(every)
}

fn topics(field: &Field<'_>, proof: &Scheme, name: &str) -> Vec<String> {
    let refused = format!("what the topic sends to `{name}` would be refused, and its subscription not confirmed");
    let topics: Vec<(Field<'_>, String)> = field.list(shape::text, &refused);
    for (field, topic) in &topics {
        if !topic.starts_with("arn:") || topic.split(':').count() != 6 {
            field.error(
                format!("`{topic}` is no ARN of a topic"),
                refused.as_str(),
                "write it as AWS shows it: `arn:aws:sns:eu-west-1:123456789012:alerts`",
            );
        }
    }
    if topics.is_empty() && *proof == Scheme::Sns {
        field.warning("no topic is allowed", refused, "write `topics = [\"arn:aws:sns:REGION:ACCOUNT:NAME\"]`");
    }
    topics.into_iter().map(|(_, topic)| topic).collect()
}

fn secrets(field: &Field<'_>, name: &str, keyring: &Keyring<'_>) -> Vec<Secret> {
    let refused = format!("alerts from `{name}` would be refused with 401");
    let items = field.items();
    let cost = match items.len() {
        1 => refused.clone(),
        _ => format!("alerts from `{name}` that carry this secret would be refused with 401"),
    };
    let secrets: Vec<Secret> = items.iter().filter_map(|item| keyring.read(item, &cost)).collect();
    if secrets.is_empty() && items.len() != 1 {
        field.warning("no secret is set", refused, "write `secrets = [\"env:…\"]` and set that variable");
    }
    secrets
}

fn warn_of_shared_secrets(field: &Field<'_>, name: &str, secrets: &[Secret], earlier: &BTreeMap<SourceName, Source>) {
    for (other, source) in earlier {
        if secrets.iter().any(|secret| source.secrets.contains(secret)) {
            field.warning(
                format!("`{name}` and `{other}` share a secret"),
                "whoever may send as the one can send as the other, and both must change when one leaks",
                "give each source a secret of its own",
            );
        }
    }
}
