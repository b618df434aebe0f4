//! `[policies.<id>]` and `[paging]`: who is called after whom, and what happens when nobody answers.

use std::collections::BTreeMap;

use chrono::Duration;

use crate::domain::duration;
use crate::domain::id::{PersonId, PolicyName, RotaName};
use crate::domain::organisation::Organisation;
use crate::domain::paging::{Policy, Step, Target};

use super::finding::Findings;
use super::names::{AllNames, Names};
use super::section::{Field, Section};
use super::shape;

/// How long those called have to answer when the file does not say.
const WAIT: Duration = Duration::minutes(5);
/// Less than this and the next one is called before the first has found the telephone.
const SHORTEST_WAIT: Duration = Duration::seconds(30);
/// How many times a policy may be repeated: beyond it, a typing error is likelier.
const MOST_REPEATS: u32 = 20;
/// How often the last resort is tried when the file does not say.
const LAST_RESORT_EVERY: Duration = Duration::minutes(10);

pub(super) fn read(file: &Section<'_>, names: &AllNames) -> BTreeMap<PolicyName, Policy> {
    let mut policies = BTreeMap::new();
    for (id, section) in file.named("policies") {
        let cost =
            "who relies on this policy would not be called, and its incidents would go straight to the last resort";
        let field = section.field("steps");
        let sections = section.sections("steps");
        if field.is_empty() {
            field.error("the policy has no steps", cost, "write `steps = [{ call = [\"rota:…\"], wait = \"5m\" }]`");
        }
        let steps: Vec<Step> = sections.into_iter().map(|section| step(section, names)).collect();
        let repeat = repeat(&section.field("repeat"));
        section.done();
        policies.insert(PolicyName::from(id), Policy { steps, repeat });
    }
    policies
}

fn step(section: Section<'_>, names: &AllNames) -> Step {
    let call = section.field("call");
    let items = call.items();
    if call.is_empty() {
        call.error(
            "the step calls nobody",
            "its time would pass in silence before the next step",
            "write `call = [\"rota:…\"]` or `call = [\"person:…\"]`, or take the step out",
        );
    }
    let targets = items.iter().filter_map(|item| target(item, names)).collect();
    let field = section.field("wait");
    let wait = field.read(shape::span, "the next step would not be taken when it is meant to").unwrap_or(WAIT);
    if wait < SHORTEST_WAIT {
        field.warning(
            format!("{} is hardly time to wake up", duration::format(wait)),
            "the next ones are called before the first could answer",
            format!("wait at least {}", duration::format(SHORTEST_WAIT)),
        );
    }
    section.done();
    Step { targets, wait_seconds: wait.num_seconds() }
}

/// `rota:fraud-primary` or `person:dana`.
fn target(item: &Field<'_>, names: &AllNames) -> Option<Target> {
    const COST: &str = "the step would call one target less";
    let text = item.read(shape::text, COST)?;
    match text.split_once(':') {
        Some(("rota", name)) => names.rotas.known(item, name, COST).map(|name| Target::Rota(RotaName::from(name))),
        Some(("person", name)) => names.people.known(item, name, COST).map(|name| Target::Person(PersonId::from(name))),
        _ => {
            item.error(format!("`{text}` does not say what it is"), COST, target_cure(&text, names));
            None
        }
    }
}

fn target_cure(text: &str, names: &AllNames) -> String {
    let is_of = |names: &Names| names.has(text);
    if is_of(&names.rotas) {
        format!("write \"rota:{text}\"")
    } else if is_of(&names.people) {
        format!("write \"person:{text}\"")
    } else {
        "write \"rota:NAME\" or \"person:NAME\"".to_owned()
    }
}

fn repeat(field: &Field<'_>) -> u32 {
    let repeat = field.read(shape::count, "the steps would not be taken as often as is meant").unwrap_or(0);
    if MOST_REPEATS < repeat {
        field.error(
            format!("{repeat} repeats are more than anybody would answer"),
            "the last resort, which tells everyone, would be hours away",
            format!("write a number from 0 to {MOST_REPEATS}"),
        );
    }
    repeat
}

/// How long after nobody answered the alarm is raised again.
pub(super) fn read_last_resort(file: &Section<'_>) -> Duration {
    let section = file.section("paging");
    let field = section.field("last_resort_every");
    let every =
        field.read(shape::span, "the last resort would not be tried as often as is meant").unwrap_or(LAST_RESORT_EVERY);
    if every < Duration::minutes(1) {
        field.error(
            format!("{} is too often", duration::format(every)),
            "three channels would be flooded until somebody answers",
            "write \"1m\" or more",
        );
    }
    section.done();
    every
}

/// Policies that nothing uses.
pub(super) fn check(organisation: &Organisation, names: &Names, findings: &Findings) {
    for id in organisation.policies.keys().filter(|id| !names.is_used(id.as_str())) {
        findings.warning(
            format!("policies.{id}"),
            format!("the policy `{id}` is attached to nothing: no team names it"),
            "its steps are never taken",
            format!("name it in a team: `policy = \"{id}\"`"),
        );
    }
}
