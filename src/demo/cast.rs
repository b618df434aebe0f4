//! Who a visitor can be, and what stands beside people's names: who is on call, who leads.

use std::collections::BTreeMap;

use standin::Part;

use crate::domain::Timestamp;
use crate::domain::id::{PersonId, Snowflake};
use crate::domain::incident::Incident;
use crate::domain::organisation::{Organisation, Person};
use crate::domain::paging::Target;

/// Somebody who is in the server and not in the configuration.
pub const STRANGER: (Snowflake, &str) = (Snowflake(736_201_558_904_832_001), "Sam");

/// Those whom a visitor can act as: whoever would be called first, first; at last somebody without a role.
pub fn cast(organisation: &Organisation, now: Timestamp) -> Vec<Part> {
    let rank = |person: &PersonId| called(organisation, person, now).map(|(step, _)| step).min().unwrap_or(usize::MAX);
    let mut people: Vec<(&PersonId, &Person)> = organisation.people.iter().collect();
    people.sort_by_key(|(id, person)| (person.duties.iter().next().copied(), rank(id)));
    let mut cast: Vec<Part> =
        people.into_iter().map(|(_, person)| Part { user: person.discord.0, line: line(person) }).collect();
    cast.push(Part { user: STRANGER.0.0, line: "no role".to_owned() });
    cast
}

fn line(person: &Person) -> String {
    let duties: Vec<String> = person.duties.iter().map(ToString::to_string).collect();
    if duties.is_empty() { "no role".to_owned() } else { duties.join(", ") }
}

/// What stands beside people's names now.
pub fn marks(organisation: &Organisation, open: &[Incident], now: Timestamp) -> BTreeMap<u64, Vec<String>> {
    let mut marks: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for (id, person) in &organisation.people {
        let own = marks.entry(person.discord.0).or_default();
        for (step, team) in called(organisation, id, now) {
            own.push(match step {
                0 => format!("on call · {team}"),
                1 => format!("second line · {team}"),
                _ => continue,
            });
        }
        own.dedup();
    }
    for incident in open {
        for (holder, does) in [(&incident.lead, "leads"), (&incident.liaison, "speaks for")] {
            let account = holder.as_ref().and_then(|holder| organisation.account_of(holder));
            if let Some(account) = account {
                marks.entry(account.0).or_default().push(format!("{does} {}", incident.id));
            }
        }
    }
    marks.retain(|_, own| !own.is_empty());
    marks
}

/// The first step of each team's policy in which `person` would be called now, with the team's name.
fn called<'a>(
    organisation: &'a Organisation,
    person: &'a PersonId,
    now: Timestamp,
) -> impl Iterator<Item = (usize, &'a str)> {
    organisation.teams.values().filter_map(move |team| {
        let policy = organisation.policies.get(&team.policy)?;
        let by_rota = |target: &&Target| matches!(target, Target::Rota(_));
        let step = policy.steps.iter().position(|step| {
            let rotas: Vec<Target> = step.targets.iter().filter(by_rota).cloned().collect();
            organisation.people_behind(&rotas, now).contains(person)
        })?;
        Some((step, team.name.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::{cast, marks};
    use crate::config;
    use crate::demo::EXAMPLE;
    use crate::domain::Timestamp;
    use crate::domain::organisation::Organisation;

    fn example(now: &str) -> (Organisation, Timestamp) {
        let now = now.parse().unwrap();
        let (config, _) = config::parse(EXAMPLE, Path::new("."), &BTreeMap::<String, String>::new(), now).unwrap();
        (config.organisation, now)
    }

    #[test]
    fn whoever_is_on_call_comes_first_and_somebody_without_a_role_last() {
        let (organisation, now) = example("2026-02-04T01:45:00Z");
        let cast = cast(&organisation, now);
        let on_call = organisation.account_of(&"ana".into()).unwrap().0;
        assert_eq!(cast.first().map(|part| (part.user, part.line.as_str())), Some((on_call, "responder")));
        assert_eq!(cast.last().map(|part| part.line.as_str()), Some("no role"));
        assert_eq!(cast.len(), organisation.people.len() + 1);
    }

    #[test]
    fn marks_follow_the_rota() {
        let on_call = |now: &str| {
            let (organisation, now) = example(now);
            let marks = marks(&organisation, &[], now);
            let holds = |mark: &str| {
                let found = organisation
                    .people
                    .values()
                    .find(|person| marks.get(&person.discord.0).is_some_and(|own| own.iter().any(|each| each == mark)));
                found.map(|person| person.name.clone()).unwrap_or_default()
            };
            [holds("on call · Fraud"), holds("second line · Fraud"), holds("on call · ML Platform")]
        };
        assert_eq!(on_call("2026-02-04T01:45:00Z"), ["Ana", "Dana", "Chloe"]);
        assert_eq!(on_call("2026-02-11T01:45:00Z"), ["Ben", "Chloe", "Dana"]);
    }
}
