//! `[people.<id>]`: who there is, how they are reached, what they may do.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::actor::Right;
use crate::domain::id::{PersonId, Snowflake};
use crate::domain::organisation::{Organisation, Person};

use super::discord::UNREADABLE;
use super::finding::Findings;
use super::names::Names;
use super::section::Section;
use super::shape;

pub(super) fn read(file: &Section<'_>) -> BTreeMap<PersonId, Person> {
    let mut people = BTreeMap::new();
    let mut accounts: BTreeMap<Snowflake, String> = BTreeMap::new();
    for (id, section) in file.named("people") {
        let name = section
            .field("name")
            .read(shape::text, "cards would call the person something else")
            .unwrap_or_else(|| id.clone());
        let account = section.field("discord");
        let discord = account
            .require(shape::snowflake, &format!("a page could not reach {name}"), "\"123456789012345678\"")
            .unwrap_or(UNREADABLE);
        let phone = section.field("phone").read(shape::text, "there would be no number to call when paging failed");
        let duties: BTreeSet<_> = section
            .field("duties")
            .list(shape::duty, "the person would lack what the duty allows")
            .into_iter()
            .map(|(_, duty)| duty)
            .collect();
        section.done();
        if discord != UNREADABLE
            && let Some(other) = accounts.insert(discord, id.clone())
        {
            account.error(
                format!("`{id}` and `{other}` have the same Discord account"),
                "what one of them does would be written down as the other's, and one would never be paged",
                "give each their own id, or make them one person",
            );
        }
        people.insert(PersonId::from(id), Person { name, discord, phone, duties });
    }
    people
}

/// People whom nothing names, and people who are called but may not answer.
pub(super) fn check(organisation: &Organisation, names: &Names, findings: &Findings) {
    let answering = Right::RunIncident.duties();
    let by_role = answering.iter().any(|duty| organisation.discord_roles.contains_key(duty));
    for (id, person) in &organisation.people {
        let is_called = names.is_used(id.as_str());
        if !is_called && person.duties.is_empty() {
            findings.warning(
                format!("people.{id}"),
                format!("`{id}` is attached to nothing: no rota, no policy, no duty"),
                format!("{} would neither be called nor may approve anything", person.name),
                format!("put `{id}` on a rota, or give a duty: `duties = [\"responder\"]`"),
            );
        }
        if is_called && !by_role && !answering.iter().any(|duty| person.duties.contains(duty)) {
            findings.warning(
                format!("people.{id}.duties"),
                format!("`{id}` is called, but may not {}", Right::RunIncident.act()),
                format!("{} would be paged and could not acknowledge it", person.name),
                "add \"responder\" to the duties, or name a Discord role in `[discord.roles]`",
            );
        }
    }
}
