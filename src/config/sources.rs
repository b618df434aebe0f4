//! `[sources.<name>]`: who may send alerts, and how they prove it.

use std::collections::BTreeMap;

use crate::domain::id::SourceName;
use crate::domain::source::SourceKind;

use super::nearby;
use super::secret::{Keyring, Secret};
use super::section::{Field, Section};
use super::shape;

/// A sender of alerts, posting to `/hooks/{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it sends.
    pub kind: SourceKind,
    /// Any of these proves that it is the sender; several while one gives way to the next.
    pub secrets: Vec<Secret>,
}

pub(super) fn read(file: &Section<'_>, keyring: &Keyring<'_>) -> BTreeMap<SourceName, Source> {
    let all = file.field("sources");
    let mut sources: BTreeMap<SourceName, Source> = BTreeMap::new();
    for (name, section) in file.named("sources") {
        let kind = kind(&section.field("kind"), &name);
        let field = section.field("secrets");
        let secrets = secrets(&field, &name, keyring);
        section.done();
        warn_of_shared_secrets(&field, &name, &secrets, &sources);
        sources.insert(SourceName::from(name), Source { kind: kind.unwrap_or(SourceKind::ALL[0]), secrets });
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

fn kind(field: &Field<'_>, name: &str) -> Option<SourceKind> {
    let cost = format!("alerts from `{name}` could not be read");
    let text = field.require(shape::text, &cost, "\"alertmanager\"")?;
    let kind = text.parse().ok();
    if kind.is_none() {
        let known = SourceKind::ALL.iter().map(|kind| kind.word());
        field.error(format!("`{text}` is not a kind of source"), cost, nearby::cure(&text, known));
    }
    kind
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
