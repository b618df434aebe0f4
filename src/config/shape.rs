//! The shapes that a single value of the file may have, each with what to write instead.

use std::net::SocketAddr;
use std::str::FromStr;

use chrono::{Datelike, Duration, NaiveDate};
use toml::Value;

use crate::domain::actor::Duty;
use crate::domain::alert::{Category, Severity};
use crate::domain::duration;
use crate::domain::id::Snowflake;

use super::nearby;

/// Reads one kind of value.
pub(super) type Shape<T> = fn(&Value) -> Result<T, Misshapen>;

/// Why a value does not have the shape that is needed.
pub(super) struct Misshapen {
    /// What is the matter.
    pub(super) problem: String,
    /// What to write instead.
    pub(super) cure: String,
}

impl Misshapen {
    fn new(problem: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { problem: problem.into(), cure: cure.into() }
    }

    fn kind(value: &Value, wanted: &str, cure: &str) -> Self {
        Self::new(format!("{} stands where {wanted} is needed", kind_of(value)), cure)
    }
}

/// What kind of value it is; the value itself may be a secret.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "`true` or `false`",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

/// A text that is not empty.
pub(super) fn text(value: &Value) -> Result<String, Misshapen> {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Some(_) => Err(Misshapen::new("the text is empty", "write a text, or leave the key out")),
        None => Err(Misshapen::kind(value, "a text", "put it into quotation marks")),
    }
}

/// `true` or `false`.
pub(super) fn yes_or_no(value: &Value) -> Result<bool, Misshapen> {
    value.as_bool().ok_or_else(|| Misshapen::kind(value, "`true` or `false`", "write `true` or `false`"))
}

/// A whole number, not negative.
pub(super) fn count(value: &Value) -> Result<u32, Misshapen> {
    let Some(number) = value.as_integer() else {
        return Err(Misshapen::kind(value, "a whole number", "write a number without quotation marks"));
    };
    u32::try_from(number).map_err(|_| Misshapen::new(format!("{number} is out of range"), "write a number from 0"))
}

/// A length of time, such as `5m`.
pub(super) fn span(value: &Value) -> Result<Duration, Misshapen> {
    const CURE: &str = "write a length of time in quotation marks: \"30s\", \"5m\", \"1h30m\" or \"7d\"";
    let Some(text) = value.as_str() else { return Err(Misshapen::kind(value, "a length of time", CURE)) };
    duration::parse(text).map_err(|error| Misshapen::new(error.to_string(), CURE))
}

/// A length of time, or `none`.
pub(super) fn span_or_none(value: &Value) -> Result<Option<Duration>, Misshapen> {
    if value.as_str() == Some("none") {
        return Ok(None);
    }
    match span(value) {
        Ok(span) if span.is_zero() => Err(Misshapen::new("no time at all is not a rhythm", "write \"none\"")),
        Ok(span) => Ok(Some(span)),
        Err(misshapen) => Err(Misshapen::new(misshapen.problem, format!("{}; or \"none\"", misshapen.cure))),
    }
}

/// A Discord identity, as a number or in quotation marks.
pub(super) fn snowflake(value: &Value) -> Result<Snowflake, Misshapen> {
    const CURE: &str = "switch on developer mode in Discord, right-click and choose “Copy ID”: some 18 digits";
    let number = match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    match number {
        // Beyond 63 bits the databases could not keep it; Discord's never are.
        Some(number) if 0 < number && i64::try_from(number).is_ok() => Ok(Snowflake(number)),
        _ => Err(Misshapen::new(format!("{value} is not a Discord id"), CURE)),
    }
}

/// A day.
pub(super) fn date(value: &Value) -> Result<NaiveDate, Misshapen> {
    let text = match value {
        Value::Datetime(moment) => moment.to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match NaiveDate::from_str(&text) {
        // Beyond these years counting turns could leave what a date can hold.
        Ok(date) if (1970..=9999).contains(&date.year()) => Ok(date),
        _ => Err(Misshapen::new(format!("`{text}` is not a day"), "write a day such as \"2026-01-05\"")),
    }
}

/// A date and time as it is written, for whoever knows the zone.
pub(super) fn moment(value: &Value) -> Result<String, Misshapen> {
    match value {
        Value::Datetime(moment) => Ok(moment.to_string()),
        Value::String(text) => Ok(text.trim().to_owned()),
        other => Err(Misshapen::kind(
            other,
            "a date and time",
            "write \"2026-02-01 09:00\", or with a zone \"2026-02-01T09:00:00Z\"",
        )),
    }
}

/// An address and port to listen on or connect to.
pub(super) fn address(value: &Value) -> Result<SocketAddr, Misshapen> {
    const CURE: &str = "write an address and a port: \"127.0.0.1:8080\", \"0.0.0.0:8080\" or \"[::1]:8080\"";
    let Some(text) = value.as_str() else { return Err(Misshapen::kind(value, "an address", CURE)) };
    text.parse().map_err(|_| Misshapen::new(format!("`{text}` is not an address and a port"), CURE))
}

/// A severity.
pub(super) fn severity(value: &Value) -> Result<Severity, Misshapen> {
    word(value, &Severity::ALL.map(|severity| (severity.to_string(), severity)), "a severity")
}

/// A category.
pub(super) fn category(value: &Value) -> Result<Category, Misshapen> {
    let words: Vec<(String, Category)> =
        Category::ALL.iter().map(|category| (category.word().to_owned(), *category)).collect();
    word(value, &words, "a category")
}

/// A duty.
pub(super) fn duty(value: &Value) -> Result<Duty, Misshapen> {
    word(value, &Duty::ALL.map(|duty| (duty.to_string().to_lowercase(), duty)), "a duty")
}

/// One of a few words.
pub(super) fn word<T: Copy>(value: &Value, words: &[(String, T)], kind: &str) -> Result<T, Misshapen> {
    let known = || words.iter().map(|(word, _)| word.as_str());
    let Some(text) = value.as_str() else { return Err(Misshapen::kind(value, kind, &nearby::cure("", known()))) };
    words
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(text))
        .map(|(_, meant)| *meant)
        .ok_or_else(|| Misshapen::new(format!("`{text}` is not {kind}"), nearby::cure(text, known())))
}
