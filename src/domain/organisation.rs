//! The organisation that Firebell serves: people, teams, rotas, policies, severities, audiences, gates.
//!
//! It is what the configuration says, checked: every name that is used here exists here.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::actor::Duty;
use crate::domain::alert::Severity;
use crate::domain::id::{AudienceName, GateName, PersonId, PolicyName, RotaName, Snowflake, TeamName};
use crate::domain::oncall::{Rota, Shift};
use crate::domain::paging::{Policy, Target};
use crate::domain::update::{Audience, Gate};

/// Somebody the configuration lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// How the person is called in lines and cards.
    pub name: String,
    /// The person's Discord account.
    pub discord: Snowflake,
    /// A telephone number or the like, printed when paging failed and somebody must be called by hand.
    pub phone: Option<String>,
    /// What the person may do, beside what Discord roles give.
    pub duties: BTreeSet<Duty>,
}

/// A team that owns services and models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// How the team is called in lines and cards.
    pub name: String,
    /// The rota that answers for the team when nothing else is named.
    pub rota: RotaName,
    /// How the team is paged.
    pub policy: PolicyName,
}

/// What a severity means here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeverityRule {
    /// One line for people who have to choose.
    pub meaning: String,
    /// Whether somebody is paged.
    pub pages: bool,
    /// How often an update is due while an incident of this severity is open; `None`: no rhythm.
    pub update_every: Option<Duration>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Those who are listed.
    pub people: BTreeMap<PersonId, Person>,
    /// The teams.
    pub teams: BTreeMap<TeamName, Team>,
    /// The team that gets what no rule gives to another.
    pub default_team: TeamName,
    /// The rotas.
    pub rotas: BTreeMap<RotaName, Rota>,
    /// The paging policies.
    pub policies: BTreeMap<PolicyName, Policy>,
    /// What each severity means; all four are there.
    pub severities: BTreeMap<Severity, SeverityRule>,
    /// Who is told.
    pub audiences: BTreeMap<AudienceName, Audience>,
    /// The gates that audiences name.
    pub gates: BTreeMap<GateName, Gate>,
    /// Which Discord roles give which duty.
    pub discord_roles: BTreeMap<Duty, BTreeSet<Snowflake>>,
    /// How long after nobody answered the alarm is raised again, until somebody does.
    pub last_resort_every: Duration,
}

impl Organisation {
    /// The person's name, or what stands for it.
    pub fn name_of<'a>(&'a self, person: &'a PersonId) -> &'a str {
        self.people.get(person).map_or(person.as_str(), |person| person.name.as_str())
    }

    /// The person's Discord account, also of a member who is not listed.
    pub fn account_of(&self, person: &PersonId) -> Option<Snowflake> {
        match self.people.get(person) {
            Some(person) => Some(person.discord),
            None => person.unlisted_user(),
        }
    }

    /// Who a Discord user is: the listed person, or an unlisted member.
    pub fn person_of(&self, user: Snowflake) -> PersonId {
        self.people
            .iter()
            .find(|(_, person)| person.discord == user)
            .map_or_else(|| PersonId::unlisted(user), |(id, _)| id.clone())
    }

    /// Who is on call in `rota` at `at`; `None` when nobody is, or there is no such rota.
    pub fn on_call(&self, rota: &RotaName, at: Timestamp) -> Option<Shift> {
        self.rotas.get(rota)?.shift_at(at)
    }

    /// The people that `targets` name at `at`, each once, in order; a rota is whoever is on call then.
    pub fn people_behind(&self, targets: &[Target], at: Timestamp) -> Vec<PersonId> {
        let mut people = Vec::new();
        for target in targets {
            let person = match target {
                Target::Person(person) => Some(person.clone()),
                Target::Rota(rota) => self.on_call(rota, at).map(|shift| shift.person),
            };
            people.extend(person.filter(|person| !people.contains(person)));
        }
        people
    }

    /// The team, or the default one when the name is not (any more) that of a team.
    pub fn team(&self, name: &TeamName) -> &Team {
        self.teams
            .get(name)
            .or_else(|| self.teams.get(&self.default_team))
            .expect("the default team exists, checked in config")
    }

    /// What a severity means here.
    pub fn severity(&self, severity: Severity) -> &SeverityRule {
        self.severities.get(&severity).expect("every severity has a rule, checked in config")
    }

    /// Everyone who has `duty` by the configuration, by name.
    pub fn people_with(&self, duty: Duty) -> Vec<&str> {
        self.people.values().filter(|person| person.duties.contains(&duty)).map(|person| person.name.as_str()).collect()
    }
}
