//! `[audiences.<name>]` and `[gates.<name>]`: who is told, where, and who must have approved it.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::actor::Duty;
use crate::domain::id::{AudienceName, GateName, PersonId, Snowflake};
use crate::domain::organisation::Organisation;
use crate::domain::update::{Audience, Gate, Sink};

use super::discord::{Discord, UNREADABLE};
use super::finding::Findings;
use super::names::{AllNames, Names};
use super::section::{Field, Section};
use super::shape;

pub(super) fn read_gates(file: &Section<'_>) -> BTreeMap<GateName, Gate> {
    let mut gates = BTreeMap::new();
    for (name, section) in file.named("gates") {
        let duty = section.field("duty").require(shape::duty, "nobody could give this gate's key", "\"liaison\"");
        section.done();
        if let Some(duty) = duty {
            gates.insert(GateName::from(name), Gate { duty });
        }
    }
    gates
}

pub(super) fn read(file: &Section<'_>, names: &AllNames) -> BTreeMap<AudienceName, Audience> {
    let mut audiences = BTreeMap::new();
    for (name, section) in file.named("audiences") {
        let external = section
            .field("external")
            .read(shape::yes_or_no, "nobody could tell whether these are people outside")
            .unwrap_or(false);
        let gates = gates(&section.field("gates"), external, &names.gates);
        let sinks = sinks(&section.field("sinks"), external);
        section.done();
        audiences.insert(AudienceName::from(name), Audience { external, gates, sinks });
    }
    audiences
}

fn gates(field: &Field<'_>, external: bool, names: &Names) -> Vec<GateName> {
    let items = field.items();
    if field.is_empty() {
        let (problem, cost) = match external {
            true => ("an external audience has no gate", "a text would go outside unapproved"),
            false => ("an audience has no gate", "nobody could approve its drafts, and none would be published"),
        };
        field.error(problem, cost, "write `gates = [\"liaison\"]`");
    }
    let cost = "the check that is meant would not be made";
    items.iter().filter_map(|item| names.referred(item, cost)).map(GateName::from).collect()
}

fn sinks(field: &Field<'_>, external: bool) -> Vec<Sink> {
    let items = field.items();
    if field.is_empty() {
        field.error(
            "the audience has no sink",
            "an approved text would stand nowhere",
            "write `sinks = [\"room\", \"announcements\"]` or `sinks = [\"channel:ID\"]`",
        );
    }
    let sinks: Vec<Sink> = items.iter().filter_map(sink).collect();
    if external && sinks.contains(&Sink::Room) {
        field.error(
            "an external audience is told in the incident's room",
            "people outside the house would have to be let into the room, and read all that is said there",
            "use a public channel: `sinks = [\"channel:ID\"]`",
        );
    }
    sinks
}

fn sink(item: &Field<'_>) -> Option<Sink> {
    const COST: &str = "an approved text would not stand where it is meant to";
    let text = item.read(shape::text, COST)?;
    let sink = match text.split_once(':') {
        None if text == "room" => Some(Sink::Room),
        None if text == "announcements" => Some(Sink::Announcements),
        Some(("channel", id)) => shape::snowflake(&toml::Value::String(id.to_owned())).ok().map(Sink::Channel),
        _ => None,
    };
    if sink.is_none() {
        item.error(
            format!("`{text}` is not a sink"),
            COST,
            "write \"room\", \"announcements\" or \"channel:ID\" with the channel's Discord id",
        );
    }
    sink
}

/// What follows from audiences, gates and people together.
pub(super) fn check(organisation: &Organisation, discord: &Discord, names: &Names, findings: &Findings) {
    check_kinds(organisation, findings);
    check_gates(organisation, names, findings);
    check_authors(organisation, findings);
    check_places(organisation, discord, findings);
}

/// Updates are drafted for each audience that there is, and for no other.
fn check_kinds(organisation: &Organisation, findings: &Findings) {
    for (external, kind, example) in [
        (false, "internal", "`[audiences.internal]` with `sinks = [\"room\", \"announcements\"]`"),
        (true, "external", "`[audiences.external]` with `external = true` and `sinks = [\"channel:ID\"]`"),
    ] {
        if !organisation.audiences.values().any(|audience| audience.external == external) {
            findings.warning(
                "audiences",
                format!("there is no {kind} audience"),
                format!("`/comms draft` makes no {kind} update"),
                format!("add {example}"),
            );
        }
    }
}

fn check_gates(organisation: &Organisation, names: &Names, findings: &Findings) {
    for (name, gate) in &organisation.gates {
        if !names.is_used(name.as_str()) {
            findings.warning(
                format!("gates.{name}"),
                format!("the gate `{name}` is attached to nothing: no audience names it"),
                "its key is never asked for",
                format!("name it in an audience: `gates = [\"{name}\"]`"),
            );
        } else if keyholders(organisation, gate.duty).is_some_and(|people| people.is_empty()) {
            findings.error(
                format!("gates.{name}.duty"),
                format!("nobody has the duty “{}”", gate.duty),
                "no text could pass this gate, and none would be published",
                "give the duty to people, or name a Discord role for it in `[discord.roles]`",
            );
        }
    }
}

/// An external text needs the key of somebody who did not write it.
fn check_authors(organisation: &Organisation, findings: &Findings) {
    for (name, audience) in organisation.audiences.iter().filter(|(_, audience)| audience.external) {
        let mut holders = BTreeSet::new();
        for gate in audience.gates.iter().filter_map(|gate| organisation.gates.get(gate)) {
            match keyholders(organisation, gate.duty) {
                Some(people) => holders.extend(people),
                // A Discord role gives the duty to people who are not known here.
                None => return,
            }
        }
        if let [only] = holders.iter().collect::<Vec<_>>()[..] {
            let person = organisation.name_of(only);
            findings.warning(
                format!("audiences.{name}.gates"),
                format!("{person} alone holds the keys for `{name}`"),
                format!(
                    "what {person} writes for people outside could not get approved, and nothing when {person} is away"
                ),
                "give the duty to a second person, or add a gate of another duty",
            );
        }
    }
}

/// Who may give the key of a gate; `None` when a Discord role gives the duty, and nobody here knows to whom.
fn keyholders(organisation: &Organisation, duty: Duty) -> Option<BTreeSet<&PersonId>> {
    if organisation.discord_roles.contains_key(&duty) {
        return None;
    }
    let holders = organisation.people.iter().filter(|(_, person)| person.duties.contains(&duty));
    Some(holders.map(|(id, _)| id).collect())
}

/// A channel that outsiders read must not get what is meant for the house.
fn check_places(organisation: &Organisation, discord: &Discord, findings: &Findings) {
    let channels = |audience: &Audience| -> BTreeSet<Snowflake> {
        let channel = |sink: &Sink| match sink {
            Sink::Room => None,
            Sink::Announcements => Some(discord.announcements),
            Sink::Channel(channel) => Some(*channel),
        };
        audience.sinks.iter().filter_map(channel).filter(|channel| *channel != UNREADABLE).collect()
    };
    for (name, outside) in organisation.audiences.iter().filter(|(_, audience)| audience.external) {
        for (other, inside) in organisation.audiences.iter().filter(|(_, audience)| !audience.external) {
            if !channels(outside).is_disjoint(&channels(inside)) {
                findings.error(
                    format!("audiences.{name}.sinks"),
                    format!("`{name}` and the internal `{other}` are told in the same channel"),
                    "people outside would read what is meant for the house",
                    "give the external audience a channel of its own",
                );
            }
        }
    }
}
