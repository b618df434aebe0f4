//! Who is on call: rotations by wall clock in a named zone, and overrides.

use chrono::{DateTime, Datelike, Duration, LocalResult, NaiveDate, NaiveTime, TimeZone, Weekday};
use chrono_tz::Tz;

use crate::domain::Timestamp;
use crate::domain::id::PersonId;

/// How often a rotation hands over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// Every day.
    Daily,
    /// Every week, on this day.
    Weekly(Weekday),
}

/// People who take turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// How often the turn changes.
    pub cadence: Cadence,
    /// The wall-clock time of the hand-off, in the rota's zone.
    pub handoff: NaiveTime,
    /// The first hand-off is the first on or after this day; before it nobody is on call.
    pub starts: NaiveDate,
    /// Those who take turns, first to last and over again; never empty.
    pub people: Vec<PersonId>,
}

/// Somebody stands in for whoever the rotation names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Who stands in.
    pub person: PersonId,
    /// From when, inclusive.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
}

/// A rota: who is on call, at every moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rota {
    /// The zone in which hand-off times are read.
    pub zone: Tz,
    /// The turns.
    pub rotation: Rotation,
    /// What goes before the turns; where two overlap, the later in this list counts.
    pub overrides: Vec<Override>,
}

/// A stretch of time with one person on call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Who is on call.
    pub person: PersonId,
    /// Since when, inclusive.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
    /// Whether the person stands in for the one whose turn it is.
    pub stands_in: bool,
}

impl Rota {
    /// Who is on call at `at`, since when and until when; `None` when nobody is.
    pub fn shift_at(&self, at: Timestamp) -> Option<Shift> {
        let turn = self.turn_at(at);
        let standing_in = self.overrides.iter().rposition(|other| other.from <= at && at < other.until);
        // What goes before this stretch cuts it at both ends.
        let stronger = standing_in.map_or(0, |index| index + 1);
        let mut shift = match standing_in {
            Some(index) => {
                let this = &self.overrides[index];
                Shift { person: this.person.clone(), from: this.from, until: this.until, stands_in: true }
            }
            None => turn?,
        };
        for other in &self.overrides[stronger..] {
            if other.until <= at {
                shift.from = shift.from.max(other.until);
            } else if at < other.from {
                shift.until = shift.until.min(other.from);
            }
        }
        Some(shift)
    }

    /// The shift that follows the one at `at`; `None` when nobody is on call right after it.
    pub fn next_shift(&self, at: Timestamp) -> Option<Shift> {
        self.shift_at(self.shift_at(at)?.until)
    }

    /// The rotation's turn at `at`, overrides aside.
    fn turn_at(&self, at: Timestamp) -> Option<Shift> {
        let rotation = &self.rotation;
        let first = rotation.handoff_on_or_after(rotation.starts);
        let mut date = rotation.handoff_on_or_before(at.with_timezone(&self.zone).date_naive());
        if at < self.instant(date) {
            date = rotation.step(date, -1);
        }
        if date < first {
            return None;
        }
        let turns = (date - first).num_days() / rotation.days();
        let people = i64::try_from(rotation.people.len()).expect("a rotation has a countable number of people");
        let index = usize::try_from(turns % people).expect("a remainder of non-negative numbers");
        Some(Shift {
            person: rotation.people[index].clone(),
            from: self.instant(date),
            until: self.instant(rotation.step(date, 1)),
            stands_in: false,
        })
    }

    /// The moment of the hand-off on `date`. A wall-clock time that occurs twice is its first occurrence; one that the
    /// change to summer time skips is the moment of the change.
    fn instant(&self, date: NaiveDate) -> Timestamp {
        let local = date.and_time(self.rotation.handoff);
        let zoned: DateTime<Tz> = match self.zone.from_local_datetime(&local) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => moment,
            LocalResult::None => (1..=36 * 60)
                .find_map(|minutes| self.zone.from_local_datetime(&(local + Duration::minutes(minutes))).earliest())
                .expect("no zone skips more than a day and a half"),
        };
        zoned.to_utc()
    }
}

impl Rotation {
    /// Days from one hand-off to the next.
    fn days(&self) -> i64 {
        match self.cadence {
            Cadence::Daily => 1,
            Cadence::Weekly(_) => 7,
        }
    }

    fn step(&self, date: NaiveDate, turns: i64) -> NaiveDate {
        date + Duration::days(turns * self.days())
    }

    fn handoff_on_or_before(&self, date: NaiveDate) -> NaiveDate {
        match self.cadence {
            Cadence::Daily => date,
            Cadence::Weekly(day) => date - Duration::days(i64::from(date.weekday().days_since(day))),
        }
    }

    fn handoff_on_or_after(&self, date: NaiveDate) -> NaiveDate {
        match self.cadence {
            Cadence::Daily => date,
            Cadence::Weekly(day) => date + Duration::days(i64::from(day.days_since(date.weekday()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rota(zone: Tz, cadence: Cadence, handoff: &str, people: &[&str]) -> Rota {
        Rota {
            zone,
            rotation: Rotation {
                cadence,
                handoff: NaiveTime::parse_from_str(handoff, "%H:%M").unwrap(),
                starts: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(),
                people: people.iter().map(|name| PersonId::from(*name)).collect(),
            },
            overrides: Vec::new(),
        }
    }

    fn utc(text: &str) -> Timestamp {
        format!("{text}Z").parse().unwrap()
    }

    fn who(rota: &Rota, at: &str) -> String {
        rota.shift_at(utc(at)).map_or("nobody".to_owned(), |shift| shift.person.to_string())
    }

    #[test]
    fn a_weekly_rota_hands_over_at_its_wall_clock_time_in_summer_and_in_winter() {
        let rota = rota(chrono_tz::Europe::Berlin, Cadence::Weekly(Weekday::Mon), "09:00", &["ana", "ben"]);
        let cases = [
            ("2026-01-05T07:59:59", "nobody"),
            ("2026-01-05T08:00:00", "ana"),
            ("2026-01-12T07:59:59", "ana"),
            ("2026-01-12T08:00:00", "ben"),
            // Summer time from 29 March: 09:00 is 07:00 in UTC.
            ("2026-03-30T06:59:59", "ben"),
            ("2026-03-30T07:00:00", "ana"),
        ];
        for (at, expected) in cases {
            assert_eq!(who(&rota, at), expected, "{at}");
        }
    }

    #[test]
    fn a_hand_off_that_the_change_to_summer_time_skips_is_at_the_change() {
        let rota = rota(chrono_tz::Europe::Berlin, Cadence::Daily, "02:30", &["ana", "ben"]);
        let shift = rota.shift_at(utc("2026-03-29T00:59:59")).unwrap();
        assert_eq!(shift.until, utc("2026-03-29T01:00:00"));
    }

    #[test]
    fn an_override_goes_before_the_turn_and_the_later_one_before_the_earlier() {
        let mut rota = rota(chrono_tz::UTC, Cadence::Daily, "09:00", &["ana"]);
        let stand_in = |person: &str, from: &str, until: &str| Override {
            person: person.into(),
            from: utc(from),
            until: utc(until),
        };
        rota.overrides = vec![
            stand_in("ben", "2026-02-01T10:00:00", "2026-02-01T20:00:00"),
            stand_in("chloe", "2026-02-01T12:00:00", "2026-02-01T13:00:00"),
        ];
        for (at, expected) in [
            ("2026-02-01T09:59:59", "ana"),
            ("2026-02-01T10:00:00", "ben"),
            ("2026-02-01T12:30:00", "chloe"),
            ("2026-02-01T13:00:00", "ben"),
            ("2026-02-01T20:00:00", "ana"),
        ] {
            assert_eq!(who(&rota, at), expected, "{at}");
        }
        let ben = rota.shift_at(utc("2026-02-01T11:00:00")).unwrap();
        assert_eq!((ben.from, ben.until), (utc("2026-02-01T10:00:00"), utc("2026-02-01T12:00:00")));
        let ana = rota.shift_at(utc("2026-02-01T09:30:00")).unwrap();
        assert_eq!(ana.until, utc("2026-02-01T10:00:00"));
        assert_eq!(rota.next_shift(utc("2026-02-01T09:30:00")).unwrap().person, "ben".into());
    }

    #[test]
    fn every_minute_of_a_year_has_one_holder_whose_shift_contains_it() {
        use chrono_tz::{America, Asia, Australia, Europe, Pacific};
        let zones = [
            Europe::Berlin,
            America::New_York,
            America::Sao_Paulo,
            Australia::Lord_Howe,
            Asia::Kolkata,
            Pacific::Auckland,
            Asia::Tehran,
        ];
        for zone in zones {
            for cadence in [Cadence::Daily, Cadence::Weekly(Weekday::Sun)] {
                // Half past two is in, or beside, the hour that many zones skip or repeat.
                let rota = rota(zone, cadence, "02:30", &["ana", "ben", "chloe"]);
                let mut at = utc("2026-01-12T00:00:00");
                let end = utc("2027-01-12T00:00:00");
                let mut before: Option<Shift> = None;
                while at < end {
                    let shift = rota.shift_at(at).unwrap();
                    assert!(shift.from <= at && at < shift.until, "{zone} {at}");
                    if let Some(before) = before.filter(|before| *before != shift) {
                        assert_eq!(before.until, shift.from, "{zone} {at}");
                        assert_ne!(before.person, shift.person, "{zone} {at}");
                    }
                    before = Some(shift);
                    at += Duration::minutes(17);
                }
            }
        }
    }
}
