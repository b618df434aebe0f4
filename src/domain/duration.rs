//! Lengths of time as people write them: `90s`, `5m`, `1h30m`, `7d`.
//!
//! The same words in the configuration file and in slash commands.

use chrono::Duration;

/// The units, the longest first, with their seconds.
const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The longest that can be written, in seconds: ten years. Far from where adding it to a moment could overflow.
const LONGEST: i64 = 3_650 * 86_400;

/// Why a text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a length of time such as 30s, 5m, 1h30m or 7d")]
pub struct NotADuration {
    text: String,
}

/// Reads a length of time: whole numbers, each with its unit, the longest unit first; `1h30m`, `1h 30m` and `1H30M` are
/// the same. A bare number is refused, since nobody can tell what it counts.
pub fn parse(text: &str) -> Result<Duration, NotADuration> {
    seconds(text).map(Duration::seconds).ok_or_else(|| NotADuration { text: text.trim().chars().take(40).collect() })
}

fn seconds(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut units = UNITS.iter();
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        // The iterator moves on, so a unit that was passed cannot come again.
        let (_, length) = units.find(|(letter, _)| letter.eq_ignore_ascii_case(&unit))?;
        total = total.checked_add(count.checked_mul(*length)?).filter(|total| *total <= LONGEST)?;
        rest = rest[digits + unit.len_utf8()..].trim_start();
    }
    Some(total)
}

/// The shortest way to write a length of time, which [`parse`] reads back: `1h30m`. What is left of a second is dropped.
pub fn format(duration: Duration) -> String {
    let mut rest = duration.num_seconds();
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = if rest < 0 { "-".to_owned() } else { String::new() };
    for (letter, length) in UNITS {
        let count = (rest / length).unsigned_abs();
        rest %= length;
        if 0 < count {
            text.push_str(&count.to_string());
            text.push(letter);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn a_length_of_time_is_read_as_people_write_it() {
        for (text, seconds) in [
            ("90s", 90),
            ("5m", 300),
            ("2h", 7_200),
            ("1d", 86_400),
            ("1h30m", 5_400),
            (" 1H 30m ", 5_400),
            ("0s", 0),
            ("3650d", LONGEST),
        ] {
            assert_eq!(parse(text), Ok(Duration::seconds(seconds)), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for text in ["", " ", "5", "m", "-5m", "5 minutes", "30m1h", "1h1h", "1.5h", "5m later", "3651d", "5µ"] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in ["99999999999999999999s", "9223372036854775807d"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_length_of_time_is_written_in_its_shortest_form() {
        for (seconds, text) in [(0, "0s"), (90, "1m30s"), (3_600, "1h"), (90_061, "1d1h1m1s"), (-300, "-5m")] {
            assert_eq!(format(Duration::seconds(seconds)), text);
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_reads_back(seconds in 0..=LONGEST) {
            let duration = Duration::seconds(seconds);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }
    }
}
