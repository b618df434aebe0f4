//! `[teams.<id>]` and `default_team`: who owns what.

use std::collections::BTreeMap;

use crate::domain::id::{PolicyName, RotaName, TeamName};
use crate::domain::organisation::{Organisation, Team};
use crate::domain::paging::Target;

use super::finding::Findings;
use super::names::AllNames;
use super::section::Section;
use super::shape;

pub(super) fn read(file: &Section<'_>, names: &AllNames) -> BTreeMap<TeamName, Team> {
    let mut teams = BTreeMap::new();
    for (id, section) in file.named("teams") {
        let cost = format!("nobody would be called for the team `{id}`");
        let name = section
            .field("name")
            .read(shape::text, "cards would call the team something else")
            .unwrap_or_else(|| id.clone());
        let rota = names.rotas.referred(&section.field("rota"), &cost);
        let policy = names.policies.referred(&section.field("policy"), &cost);
        section.done();
        if let (Some(rota), Some(policy)) = (rota, policy) {
            let team = Team { name, rota: RotaName::from(rota), policy: PolicyName::from(policy) };
            teams.insert(TeamName::from(id), team);
        }
    }
    teams
}

/// The team that gets what no rule gives to another. It may be left out where there is one team only.
pub(super) fn read_default(file: &Section<'_>, names: &AllNames) -> Option<TeamName> {
    const COST: &str = "an alert that no rule gives to a team would have nobody to answer it";
    let field = file.field("default_team");
    let name = match (field.is_there(), names.teams.only()) {
        (false, Some(only)) => Some(only.to_owned()),
        _ => names.teams.referred(&field, COST),
    };
    name.map(TeamName::from)
}

/// Teams whose policy calls others only.
pub(super) fn check(organisation: &Organisation, findings: &Findings) {
    for (id, team) in &organisation.teams {
        let Some(policy) = organisation.policies.get(&team.policy) else { continue };
        let own = Target::Rota(team.rota.clone());
        if !policy.steps.iter().any(|step| step.targets.contains(&own)) {
            findings.warning(
                format!("teams.{id}.policy"),
                format!("the policy `{}` never calls the team's rota `{}`", team.policy, team.rota),
                format!("whoever is on call for {} would not be paged for its incidents", team.name),
                format!("add \"rota:{}\" to a step, or give the team a policy of its own", team.rota),
            );
        }
    }
}
