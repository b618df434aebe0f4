//! How people, times and durations are written.

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::actor::Duty;
use crate::domain::id::{PersonId, Snowflake};
use crate::domain::organisation::Organisation;
use crate::domain::paging::Target;
use crate::render::escape::{Markup, one_line};

/// The longest name that is written out, in characters.
const NAME_LIMIT: usize = 80;
/// How many names a list has before it only counts.
const NAMES_LISTED: usize = 5;

/// A person in a chat: a mention, which pings only where the message says so, or the name of one without an account.
pub fn person(person: &PersonId, organisation: &Organisation) -> Markup {
    match organisation.account_of(person) {
        Some(account) => mention(account),
        None => Markup::line(organisation.name_of(person), NAME_LIMIT),
    }
}

/// A person in plain text.
pub fn plain(person: &PersonId, organisation: &Organisation) -> String {
    one_line(organisation.name_of(person))
}

/// A mention of a Discord user.
pub fn mention(account: Snowflake) -> Markup {
    Markup::built(format!("<@{account}>"))
}

/// A Discord channel, to be tapped.
pub fn channel(channel: Snowflake) -> Markup {
    Markup::built(format!("<#{channel}>"))
}

/// People in a chat, as a list in words.
pub fn people<'a>(ids: impl IntoIterator<Item = &'a PersonId>, organisation: &Organisation) -> Markup {
    let names: Vec<String> = ids.into_iter().map(|id| person(id, organisation).into()).collect();
    Markup::built(in_words(&names))
}

/// Who a step calls, at `at`: the people, or the names of rotas in which nobody is on call then.
pub fn targets(targets: &[Target], organisation: &Organisation, at: Timestamp) -> Markup {
    let people_found = organisation.people_behind(targets, at);
    if people_found.is_empty() {
        let rotas: Vec<String> = targets
            .iter()
            .map(|target| match target {
                Target::Rota(rota) => Markup::line(rota.as_str(), NAME_LIMIT).into(),
                Target::Person(who) => person(who, organisation).into(),
            })
            .collect();
        return Markup::built(format!("nobody (no one is on call for {})", in_words(&rotas)));
    }
    people(&people_found, organisation)
}

/// Those who hold `duty`, with their names: `liaison (Dan, Eve)`.
pub fn holders(duty: Duty, organisation: &Organisation) -> Markup {
    let names = organisation.people_with(duty);
    if names.is_empty() {
        return Markup::built(format!("{duty} (nobody holds it yet: an operator gives it in the configuration)"));
    }
    let more = names.len().saturating_sub(NAMES_LISTED);
    let mut shown: Vec<String> =
        names.into_iter().take(NAMES_LISTED).map(|name| Markup::line(name, NAME_LIMIT).into()).collect();
    if 0 < more {
        shown.push(format!("{more} more"));
    }
    Markup::built(format!("{duty} ({})", shown.join(", ")))
}

/// `a`, `a and b`, `a, b and c`, `a, b, c, d and 3 more`.
pub fn in_words(items: &[String]) -> String {
    let (shown, more) = items.split_at(items.len().min(NAMES_LISTED));
    let mut items = shown.to_vec();
    if !more.is_empty() {
        items.push(format!("{} more", more.len()));
    }
    match items.split_last() {
        None => "nobody".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// A time as a distance from the reader's present: “3 minutes ago”, kept up to date by Discord.
pub fn relative(at: Timestamp) -> Markup {
    Markup::built(format!("<t:{}:R>", at.timestamp()))
}

/// A time of day in the reader's zone.
pub fn clock(at: Timestamp) -> Markup {
    Markup::built(format!("<t:{}:t>", at.timestamp()))
}

/// A day and time in the reader's zone.
pub fn day_and_clock(at: Timestamp) -> Markup {
    Markup::built(format!("<t:{}:f>", at.timestamp()))
}

/// A day and time in UTC, written out.
pub fn utc(at: Timestamp) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// A moment to the microsecond, as exports have it.
pub fn precise(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// A stretch of time in its two largest units: “1 hour 30 minutes”.
pub fn duration(length: Duration) -> String {
    let seconds = length.num_seconds().max(0);
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (size, name) in units {
        let count = left / size;
        left %= size;
        match count {
            0 => (),
            1 => parts.push(format!("1 {name}")),
            _ => parts.push(format!("{count} {name}s")),
        }
    }
    if parts.is_empty() {
        return "no time".to_owned();
    }
    parts.truncate(2);
    parts.join(" ")
}

/// `1 alert`, `3 alerts`.
pub fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_two_units() {
        assert_eq!(duration(Duration::seconds(0)), "no time");
        assert_eq!(duration(Duration::seconds(-5)), "no time");
        assert_eq!(duration(Duration::seconds(61)), "1 minute 1 second");
        assert_eq!(duration(Duration::minutes(90)), "1 hour 30 minutes");
        assert_eq!(duration(Duration::hours(49)), "2 days 1 hour");
    }

    #[test]
    fn lists_are_said_as_people_do() {
        let list = |count: usize| in_words(&(0..count).map(|i| i.to_string()).collect::<Vec<_>>());
        assert_eq!(list(0), "nobody");
        assert_eq!(list(1), "0");
        assert_eq!(list(3), "0, 1 and 2");
        assert_eq!(list(8), "0, 1, 2, 3, 4 and 3 more");
    }
}
