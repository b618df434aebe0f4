//! Moments as senders write them.

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value;

use crate::domain::Timestamp;

/// Ways that name their zone, beside RFC 3339 and RFC 2822.
const ZONED: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z", "%Y-%m-%d %H:%M:%S%.f%z", "%m/%d/%Y %H:%M:%S %z"];
/// Ways that name none; they are taken for UTC.
const BARE: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];

/// The moment that a value names: a text, or a number since 1970 in seconds, milliseconds, microseconds or nanoseconds.
pub fn of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => read(text),
        Value::Number(number) => since_1970(&number.to_string()),
        _ => None,
    }
}

/// The moment that a text names. A year before 1970, by which some senders say "not yet", is absent.
pub fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.starts_with(|character: char| character.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b".eE+".contains(&byte))
    {
        return since_1970(text);
    }
    let moment = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc2822(without_weekday(text)))
        .ok()
        .or_else(|| ZONED.iter().find_map(|way| DateTime::parse_from_str(text, way).ok()))
        .map(|moment| moment.to_utc())
        .or_else(|| {
            let bare = text.strip_suffix(" UTC").unwrap_or(text);
            BARE.iter().find_map(|way| NaiveDateTime::parse_from_str(bare, way).ok()).map(|moment| moment.and_utc())
        })?;
    in_micros(moment.timestamp_micros())
}

/// The weekday says nothing that the date does not, and some senders get it wrong.
fn without_weekday(text: &str) -> &str {
    text.split_once(", ").map_or(text, |(_, rest)| rest)
}

/// Both databases keep microseconds.
fn in_micros(micros: i64) -> Option<Timestamp> {
    DateTime::from_timestamp_micros(micros).filter(|moment| 0 <= moment.timestamp())
}

/// The unit is told by the size: the numbers of one unit, from 1973 on, are beyond those of the next for 3,000 years.
fn since_1970(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => (whole, fraction),
        None => (text, ""),
        Some(_) => return exponential(text),
    };
    let Ok(whole) = whole.parse::<i64>() else { return exponential(text) };
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let micros = match whole {
        ..1 => return None,
        1..100_000_000_000 => whole.checked_mul(1_000_000)? + fraction,
        100_000_000_000..100_000_000_000_000 => whole.checked_mul(1_000)? + fraction / 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => whole,
        _ => whole / 1_000,
    };
    in_micros(micros)
}

/// `1.7e9`, as some languages print a double.
fn exponential(text: &str) -> Option<Timestamp> {
    let number: f64 = text.parse().ok()?;
    #[allow(clippy::cast_possible_truncation, reason = "the range is checked")]
    let whole = (1.0..9.0e18).contains(&number).then_some(number as i64)?;
    since_1970(&whole.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn moments_are_read_as_senders_write_them() {
        let expected = "2023-02-15T22:07:07+00:00";
        let cases = [
            json!("2023-02-15T22:07:07Z"),
            json!("2023-02-16T00:07:07+02:00"),
            json!("2023-02-15T22:07:07.000+0000"),
            json!("Wed, 15 Feb 2023 22:07:07 GMT"),
            json!("Sat, 15 Feb 2023 22:07:07 GMT"),
            json!("02/15/2023 22:07:07 +0000"),
            json!("2023-02-15 22:07:07"),
            json!("2023-02-15 22:07:07 UTC"),
            json!("2023-02-15 22:07:07 +0000"),
            json!(1_676_498_827),
            json!("1676498827"),
            json!(1_676_498_827_000_i64),
            json!("1676498827000"),
            json!(1_676_498_827_000.0),
            json!(1_676_498_827_000_000_i64),
            json!("1676498827000000000"),
            json!("1676498827.0"),
            json!("1.676498827e9"),
        ];
        for case in cases {
            assert_eq!(of(&case).map(|moment| moment.to_rfc3339()).as_deref(), Some(expected), "{case}");
        }
        assert_eq!(read("1583831889.0505").unwrap().timestamp_subsec_micros(), 50_500);
        for absent in [
            json!("0001-01-01T00:00:00Z"),
            json!("soon"),
            json!(""),
            json!(null),
            json!(-1),
            json!(0),
            json!("20122-01-01T00:00:00Z"),
            json!("99999999999999999999999"),
        ] {
            assert_eq!(of(&absent), None, "{absent}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_moment_or_none(text: String, number: i64) {
            let _ = read(&text);
            let _ = of(&json!(number));
        }
    }
}
