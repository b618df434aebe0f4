//! `[[triage]]`: what alerts mean here; the first rule that matches decides.

use std::collections::BTreeSet;

use crate::domain::id::TeamName;
use crate::domain::triage::{Condition, Rule, Triage};

use super::names::AllNames;
use super::section::{Field, Section};
use super::shape;

pub(super) fn read(file: &Section<'_>, names: &AllNames) -> Triage {
    let field = file.field("triage");
    let sections = file.sections("triage");
    if field.is_empty() {
        field.warning(
            "there are no rules of triage",
            "every alert goes to the default team, with the severity that its sender names",
            "add a rule: `[[triage]]` with `name`, `when`, and `severity` or `team`",
        );
    }
    let mut rules: Vec<Rule> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut takes_all: Option<String> = None;
    for section in sections {
        let key = section.key().to_owned();
        let findings = section.findings();
        let rule = rule(section, names);
        if let Some(earlier) = &takes_all {
            findings.warning(
                key.as_str(),
                format!("the rule “{}” can never match: “{earlier}” before it takes every alert", rule.name),
                "what it says would not happen",
                format!("move it before “{earlier}”, or give that rule a `when`"),
            );
        }
        if !seen.insert(rule.name.clone()) {
            findings.warning(
                format!("{key}.name"),
                format!("another rule is called “{}” too", rule.name),
                "the reason that is given for a verdict would not tell which rule it was",
                "give each rule a name of its own",
            );
        }
        if rule.when.is_none() && takes_all.is_none() {
            takes_all = Some(rule.name.clone());
        }
        rules.push(rule);
    }
    Triage { rules, flood: flood(&file.field("flood_after")) }
}

fn flood(field: &Field<'_>) -> usize {
    let flood = field.read(shape::count, "a flood would be noticed later or sooner than is meant");
    match flood {
        None => Triage::default().flood,
        Some(0) => {
            field.error(
                "no incident could be opened for any alert",
                "all alerts of a source would be gathered in one incident",
                "give the number of incidents that ten minutes may bring before the rest is gathered, such as 1000",
            );
            Triage::default().flood
        }
        Some(flood) => flood as usize,
    }
}

fn rule(section: Section<'_>, names: &AllNames) -> Rule {
    const COST: &str = "nobody could tell why an alert was judged as it was";
    let name = section.field("name").require(shape::text, COST, "\"what it is about\"");
    let when = when(&section.field("when"));
    let category = section.field("category").read(shape::category, "the alerts would be of another category");
    let severity =
        section.field("severity").read(shape::severity, "the alerts would have the severity that their sender names");
    let team = section.field("team");
    let team = if team.is_there() {
        names.teams.referred(&team, "what this rule matches would go to the default team")
    } else {
        None
    };
    let ignore = section
        .field("ignore")
        .read(shape::yes_or_no, "nobody could tell whether the alerts open incidents")
        .unwrap_or(false);
    let name = name.unwrap_or_else(|| section.key().to_owned());
    section.done();
    Rule { name, when, category, severity, team: team.map(TeamName::from), ignore }
}

fn when(field: &Field<'_>) -> Option<Condition> {
    let text = field.read(shape::text, "the rule would never match")?;
    match Condition::parse(&text) {
        Ok(condition) => Some(condition),
        Err(why) => {
            field.error(
                format!("the condition cannot be read: {why}"),
                "the rule would never match",
                "write an expression such as `has(labels.model) && severity == \"critical\"`",
            );
            None
        }
    }
}
