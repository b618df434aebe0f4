//! `[severities.SEV1]` to `[severities.SEV4]`: what each means here.

use std::collections::BTreeMap;

use chrono::Duration;

use crate::domain::alert::Severity;
use crate::domain::organisation::SeverityRule;

use super::section::Section;
use super::shape;

/// The severities as the keys of the file.
const KEYS: [(&str, Severity); 4] =
    [("SEV1", Severity::Sev1), ("SEV2", Severity::Sev2), ("SEV3", Severity::Sev3), ("SEV4", Severity::Sev4)];

pub(super) fn read(file: &Section<'_>) -> BTreeMap<Severity, SeverityRule> {
    let all = file.section("severities");
    let mut rules = BTreeMap::new();
    for (key, severity) in KEYS {
        let section = all.section(key);
        let usual = usual(severity);
        let pages = section.field("pages");
        let rule = SeverityRule {
            meaning: section
                .field("meaning")
                .read(shape::text, "people would have to guess which severity to choose")
                .unwrap_or(usual.meaning),
            pages: pages.read(shape::yes_or_no, "nobody could tell whether somebody is paged").unwrap_or(usual.pages),
            update_every: section
                .field("update_every")
                .read(shape::span_or_none, "nobody would be reminded of the next update as is meant")
                .unwrap_or(usual.update_every),
        };
        if severity == Severity::Sev1 && !rule.pages {
            pages.warning(
                "the worst severity pages nobody",
                "at night a SEV1 would stand in a channel until morning",
                "write `pages = true`",
            );
        }
        section.done();
        rules.insert(severity, rule);
    }
    all.done();
    rules
}

/// What a severity means when the file does not say.
fn usual(severity: Severity) -> SeverityRule {
    let (meaning, pages, update_every) = match severity {
        Severity::Sev1 => ("People are harmed or the business stands still", true, Some(Duration::minutes(30))),
        Severity::Sev2 => ("A main function is broken or wrong", true, Some(Duration::hours(1))),
        Severity::Sev3 => ("Something is worse than it should be", true, Some(Duration::hours(4))),
        Severity::Sev4 => ("Worth knowing", false, None),
    };
    SeverityRule { meaning: meaning.to_owned(), pages, update_every }
}
