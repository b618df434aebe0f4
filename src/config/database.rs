//! `[database]`: where everything is kept.

use super::secret::{Keyring, Secret};
use super::section::{Field, Section};
use super::shape;

/// The database when the file does not say: a file in the folder in which Firebell is started.
const URL: &str = "sqlite:firebell.db";

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`; `None` when it is kept as a secret and that is not set.
    pub url: Option<Secret>,
}

pub(super) fn read(file: &Section<'_>, keyring: &Keyring<'_>) -> Database {
    let section = file.section("database");
    let url = url(&section.field("url"), keyring);
    section.done();
    Database { url }
}

fn url(field: &Field<'_>, keyring: &Keyring<'_>) -> Option<Secret> {
    const COST: &str = "there is no place to keep anything, and Firebell would not start";
    if !field.is_there() {
        return Some(Secret::new(URL));
    }
    let text = field.read(shape::text, COST)?;
    let url = match keyring.reference(&text) {
        Some(reference) => keyring.fetch(field, &reference, COST)?,
        None => {
            warn_of_a_password(field, &text);
            Secret::new(text)
        }
    };
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if !known.iter().any(|scheme| url.expose().starts_with(scheme)) {
        // The address is not repeated: it may be a secret.
        field.error("the address names no database that is known", COST, "begin it with `sqlite:` or `postgres://`");
        return None;
    }
    Some(url)
}

/// A warning only: on a developer's machine the password is often no secret.
fn warn_of_a_password(field: &Field<'_>, url: &str) {
    let login = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(login, _)| login);
    if login.is_some_and(|login| login.contains(':')) {
        field.warning(
            "the address holds a password in clear",
            "everyone who reads this file can read and change all incidents",
            "write `url = \"env:FIREBELL_DATABASE_URL\"` and keep the address there",
        );
    }
}
