//! `[rotas.<id>]`: who takes turns, by which clock, and who stands in.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::domain::Timestamp;
use crate::domain::id::{PersonId, RotaName};
use crate::domain::oncall::{Cadence, Override, Rota, Rotation};
use crate::domain::organisation::Organisation;

use super::finding::Findings;
use super::names::{AllNames, Names};
use super::nearby;
use super::section::{Field, Section};
use super::shape;

/// What follows from a rota that cannot be read.
const NOBODY: &str = "nobody would be called by this rota";

pub(super) fn read(file: &Section<'_>, names: &AllNames) -> BTreeMap<RotaName, Rota> {
    let mut rotas = BTreeMap::new();
    for (id, section) in file.named("rotas") {
        let zone = zone(&section.field("zone"));
        let cadence = section.field("every").require(every, NOBODY, "\"week\"");
        let handoff = handoff(&section.field("handoff"), cadence);
        let starts = section.field("starts").require(shape::date, NOBODY, "\"2026-01-05\"");
        let people = people(&section.field("people"), &names.people);
        let overrides = overrides(&section, zone, &names.people);
        section.done();
        if let (Some(zone), Some((cadence, handoff)), Some(starts), Some(people)) = (zone, handoff, starts, people) {
            let rotation = Rotation { cadence, handoff, starts, people };
            rotas.insert(RotaName::from(id), Rota { zone, rotation, overrides });
        }
    }
    rotas
}

fn zone(field: &Field<'_>) -> Option<Tz> {
    let name = field.require(shape::text, NOBODY, "\"Europe/Berlin\"")?;
    let zone = Tz::from_str(&name);
    if zone.is_err() {
        let cure = match nearby::nearest(&name, TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write a zone of the tz database, such as \"Europe/Berlin\" or \"UTC\"".to_owned(),
        };
        field.error(format!("`{name}` is not a time zone"), NOBODY, cure);
    }
    zone.ok()
}

/// How often the turn changes, without the day.
#[derive(Clone, Copy)]
enum Every {
    Day,
    Week,
}

fn every(value: &toml::Value) -> Result<Every, shape::Misshapen> {
    shape::word(value, &[("day".to_owned(), Every::Day), ("week".to_owned(), Every::Week)], "a rhythm of hand-offs")
}

/// The hand-off: `Mon 09:00` for a weekly rota, `09:00` for a daily one.
fn handoff(field: &Field<'_>, every: Option<Every>) -> Option<(Cadence, NaiveTime)> {
    let example = if matches!(every, Some(Every::Day)) { "\"09:00\"" } else { "\"Mon 09:00\"" };
    let text = field.require(shape::text, NOBODY, example)?;
    let refuse = |problem: String| {
        field.error(problem, NOBODY, format!("write `handoff = {example}`"));
        None
    };
    let (day, time) = match text.split_once(char::is_whitespace) {
        Some((day, time)) => (Some(day), time.trim()),
        None => (None, text.as_str()),
    };
    let Ok(time) = NaiveTime::parse_from_str(time, "%H:%M") else {
        return refuse(format!("`{text}` is not a time of hand-off"));
    };
    match (every?, day) {
        (Every::Day, None) => Some((Cadence::Daily, time)),
        (Every::Day, Some(day)) => refuse(format!("a rota that changes every day does not hand off on `{day}` only")),
        (Every::Week, None) => refuse("a rota that changes every week needs the day of its hand-off".to_owned()),
        (Every::Week, Some(day)) => match Weekday::from_str(day) {
            Ok(day) => Some((Cadence::Weekly(day), time)),
            Err(_) => refuse(format!("`{day}` is not a day of the week")),
        },
    }
}

/// Those who take turns; `None` when there is nobody.
fn people(field: &Field<'_>, names: &Names) -> Option<Vec<PersonId>> {
    let items = field.items();
    if field.is_empty() {
        field.error("nobody takes turns", NOBODY, "write `people = [\"…\"]`, first to last");
    }
    let people: Vec<PersonId> = items
        .iter()
        .filter_map(|item| names.referred(item, "every turn that is this person's would call nobody"))
        .map(PersonId::from)
        .collect();
    if people.is_empty() { None } else { Some(people) }
}

fn overrides(section: &Section<'_>, zone: Option<Tz>, names: &Names) -> Vec<Override> {
    const COST: &str = "nobody would stand in: the rotation goes on as if this were not here";
    let mut overrides = Vec::new();
    for section in section.sections("overrides") {
        let person = names.referred(&section.field("person"), COST);
        let example = "\"2026-02-01 09:00\"";
        let times = ["from", "until"].map(|name| {
            let field = section.field(name);
            let text = field.require(shape::moment, COST, example)?;
            moment(&field, &text, zone?)
        });
        section.done();
        if let (Some(person), [Some(from), Some(until)]) = (person, times) {
            overrides.push(Override { person: PersonId::from(person), from, until });
        }
    }
    overrides
}

/// A moment with its own offset, or by the rota's clock. A time that occurs twice is its first occurrence.
fn moment(field: &Field<'_>, text: &str, zone: Tz) -> Option<Timestamp> {
    const COST: &str = "nobody would stand in: the rotation goes on as if this were not here";
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    let formats = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];
    let Some(local) = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()) else {
        field.error(
            format!("`{text}` is not a date and time"),
            COST,
            format!("write \"2026-02-01 09:00\" for {zone}, or with its own offset \"2026-02-01T09:00:00Z\""),
        );
        return None;
    };
    let moment = zone.from_local_datetime(&local).earliest();
    if moment.is_none() {
        field.error(
            format!("`{text}` does not exist in {zone}: the clocks are put forward over it"),
            COST,
            "choose a time before or after the change",
        );
    }
    moment.map(|moment| moment.to_utc())
}

/// What a rota that can be read still costs.
pub(super) fn check(organisation: &Organisation, names: &Names, now: Timestamp, findings: &Findings) {
    for (id, rota) in &organisation.rotas {
        let key = format!("rotas.{id}");
        if !names.is_used(id.as_str()) {
            findings.warning(
                key.as_str(),
                format!("the rota `{id}` is attached to nothing: no team and no policy names it"),
                "its people are never called by an alert",
                format!("name it in a team or a policy: \"rota:{id}\""),
            );
        }
        check_turns(&key, rota, organisation, findings);
        check_start(&key, id, rota, now, organisation, findings);
        check_overrides(&key, rota, now, organisation, findings);
    }
}

fn check_turns(key: &str, rota: &Rota, organisation: &Organisation, findings: &Findings) {
    if let [only, rest @ ..] = rota.rotation.people.as_slice()
        && rest.iter().all(|person| person == only)
    {
        let name = organisation.name_of(only);
        findings.warning(
            format!("{key}.people"),
            format!("{name} is alone on this rota"),
            format!("{name} would be called every night, and nobody when {name} is ill"),
            "add somebody to take turns with",
        );
    }
}

/// Before the first hand-off nobody is on call, unless overrides reach to it.
fn check_start(
    key: &str,
    id: &RotaName,
    rota: &Rota,
    now: Timestamp,
    organisation: &Organisation,
    findings: &Findings,
) {
    let Some(gap) = first_gap(rota, now) else { return };
    let from = match gap == now {
        true => String::new(),
        false => format!("from {} ", gap.with_timezone(&rota.zone).format("%a %Y-%m-%d %H:%M")),
    };
    let first = first_handoff(&rota.rotation).and_time(rota.rotation.handoff);
    let silence = format!("{from}until {} {} nobody would be called", first.format("%a %Y-%m-%d %H:%M"), rota.zone);
    let team = organisation.teams.values().find(|team| &team.rota == id);
    findings.warning(
        format!("{key}.starts"),
        format!("the first turn of `{id}` is still to come"),
        match team {
            Some(team) => format!("{silence}; a SEV1 of {} would find nobody on this rota", team.name),
            None => silence,
        },
        "let it start on a day in the past, or add an override for the time until then",
    );
}

/// The first moment from `now` on at which nobody is on call. The turns, once begun, leave none.
fn first_gap(rota: &Rota, now: Timestamp) -> Option<Timestamp> {
    let mut at = now;
    while let Some(shift) = rota.shift_at(at) {
        if !shift.stands_in {
            return None;
        }
        at = shift.until;
    }
    Some(at)
}

fn first_handoff(rotation: &Rotation) -> NaiveDate {
    match rotation.cadence {
        Cadence::Daily => rotation.starts,
        Cadence::Weekly(day) => rotation.starts + Duration::days(i64::from(day.days_since(rotation.starts.weekday()))),
    }
}

fn check_overrides(key: &str, rota: &Rota, now: Timestamp, organisation: &Organisation, findings: &Findings) {
    for (index, this) in rota.overrides.iter().enumerate() {
        let key = format!("{key}.overrides[{index}]");
        let name = organisation.name_of(&this.person);
        if this.until <= this.from {
            findings.error(
                format!("{key}.until"),
                "the override ends before it begins",
                format!("{name} would never stand in"),
                "let `until` be later than `from`",
            );
            continue;
        }
        if this.until <= now {
            findings.warning(
                key.as_str(),
                "the override is over",
                "it changes nothing any more, and makes the file harder to read",
                "take it out",
            );
        }
        for (later, other) in rota.overrides.iter().enumerate().skip(index + 1) {
            if this.from < other.until && other.from < this.until && now < this.until.min(other.until) {
                findings.warning(
                    key.as_str(),
                    format!("overrides {index} and {later} overlap"),
                    format!("while both hold {} is called, not {name}", organisation.name_of(&other.person)),
                    "let one end where the other begins",
                );
            }
        }
    }
}
