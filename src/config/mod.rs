//! The file as written, turned into a [`Config`] that cannot be wrong, or into every problem with its key.
//!
//! Reading goes in two passes. The first reads the sections, each in its own file, and resolves the names that they give
//! each other; the second looks at the whole and asks what it would cost at three in the morning. Neither stops at the
//! first problem. Values that could not be read are filled with placeholders so that the second pass has something to
//! look at; a file with an error is always refused, so no placeholder leaves this module.
//!
//! Nothing here reads a clock: the moment is handed in, because "starts in the future" depends on it.

mod audiences;
mod auditor;
mod database;
mod discord;
mod finding;
mod mapping;
mod names;
mod nearby;
mod network;
mod people;
mod policies;
mod retention;
mod rotas;
mod secret;
mod section;
mod server;
mod severities;
mod shape;
mod signing;
mod sources;
mod syntax;
mod teams;
mod triage;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::Timestamp;
use crate::domain::id::{SourceName, TeamName};
use crate::domain::organisation::Organisation;
use crate::domain::triage::Triage;

pub use auditor::Auditor;
pub use database::Database;
pub use discord::{Discord, StandIn};
pub use finding::{Finding, Level};
pub use nearby::cure as did_you_mean;
pub use network::{Network, NotANetwork};
pub use retention::Retention;
pub use secret::{ProcessSecrets, Reference, Secret, Secrets};
pub use server::Server;
pub use sources::Source;

use finding::Findings;
use names::AllNames;
use secret::Keyring;
use section::Section;

/// Everything that the file says, checked. It is handed on in parts; nothing holds all of it but the start of the program.
#[derive(Debug)]
pub struct Config {
    /// Where Firebell listens, and how it is reached.
    pub server: Server,
    /// Where everything is kept.
    pub database: Database,
    /// The guild and its channels.
    pub discord: Discord,
    /// People, teams, rotas, policies, severities, audiences, gates.
    pub organisation: Organisation,
    /// What alerts mean here.
    pub triage: Triage,
    /// Who may send alerts.
    pub sources: BTreeMap<SourceName, Source>,
    /// How long things are kept.
    pub retention: Retention,
    /// The watch over Firebell itself.
    pub auditor: Auditor,
}

/// Reads and checks the file at `path`. `Ok` holds warnings at most; `Err` holds at least one error, and all warnings.
///
/// Paths in the file go from its folder.
pub fn load(path: &Path, secrets: &dyn Secrets, now: Timestamp) -> Result<(Config, Vec<Finding>), Vec<Finding>> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        vec![Finding {
            level: Level::Error,
            key: path.display().to_string(),
            problem: format!("the file cannot be read: {error}"),
            consequence: "nothing is configured".to_owned(),
            cure: "name the file with `--config FILE`; begin with a copy of `firebell.example.toml`".to_owned(),
        }]
    })?;
    parse(&text, path.parent().unwrap_or(Path::new("")), secrets, now)
}

/// The same from a text; `folder` is where relative paths in it go from.
pub fn parse(
    text: &str,
    folder: &Path,
    secrets: &dyn Secrets,
    now: Timestamp,
) -> Result<(Config, Vec<Finding>), Vec<Finding>> {
    let table = syntax::parse(text)?;
    let findings = Findings::default();
    let config = {
        let file = Section::root(&table, &findings);
        let config = read(&file, &AllNames::of(&table), &Keyring { secrets, folder }, now, &findings);
        file.done();
        config
    };
    match findings.finish() {
        (findings, true) => Err(findings),
        (findings, false) => Ok((config, findings)),
    }
}

fn read(file: &Section<'_>, names: &AllNames, keyring: &Keyring<'_>, now: Timestamp, findings: &Findings) -> Config {
    let server = server::read(file, keyring);
    let database = database::read(file, keyring);
    let (discord, discord_roles) = discord::read(file, keyring);
    let organisation = Organisation {
        people: people::read(file),
        teams: teams::read(file, names),
        default_team: teams::read_default(file, names).unwrap_or_else(|| TeamName::from("")),
        rotas: rotas::read(file, names),
        policies: policies::read(file, names),
        severities: severities::read(file),
        audiences: audiences::read(file, names),
        gates: audiences::read_gates(file),
        discord_roles,
        last_resort_every: policies::read_last_resort(file),
    };
    let config = Config {
        server,
        database,
        organisation,
        triage: triage::read(file, names),
        sources: sources::read(file, keyring),
        retention: retention::read(file),
        auditor: auditor::read(file, keyring),
        discord,
    };
    let organisation = &config.organisation;
    people::check(organisation, &names.people, findings);
    teams::check(organisation, findings);
    rotas::check(organisation, &names.rotas, now, findings);
    policies::check(organisation, &names.policies, findings);
    audiences::check(organisation, &config.discord, &names.gates, findings);
    config
}
