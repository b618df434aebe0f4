//! Triage: what an alert means, and whether it is news.

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category, Severity, Signal};
use crate::domain::expression::{Asked, Expression};
use crate::domain::id::{IncidentId, TeamName};
use crate::domain::organisation::Organisation;
use crate::domain::subject::Subject;

/// How long after an episode was resolved a delivery of the same episode counts as a late copy.
const LATE_COPY: Duration = Duration::minutes(5);

/// A condition on an alert, in the Common Expression Language.
#[derive(Debug)]
pub struct Condition(Expression);

/// The names that a condition may use.
pub const CONDITION_NAMES: [&str; 9] =
    ["source", "title", "description", "severity", "vendor_severity", "category", "service", "signal", LABELS];
/// The one of them that has fields.
pub const LABELS: &str = "labels";

impl Condition {
    /// Reads a condition. A name or function that is not there, or a result that is neither yes nor no, is refused here,
    /// so that a rule cannot be dead by a typing error.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expression = Expression::parse(text, &CONDITION_NAMES)?;
        match expression.evaluate(&context_of(&Alert::blank())) {
            Ok(cel::Value::Bool(_)) | Err(_) => Ok(Self(expression)),
            Ok(_) => Err("it says neither yes nor no; compare it with something".to_owned()),
        }
    }

    /// What of an alert it asks for; `None`: anything.
    pub fn asks(&self) -> Option<Vec<Asked>> {
        self.0.asks()
    }

    /// Whether the alert meets the condition. A label that the alert does not have makes it unmet, not wrong.
    fn is_met(&self, context: &cel::Context<'_, '_>) -> bool {
        matches!(self.0.evaluate(context), Ok(cel::Value::Bool(true)))
    }
}

/// One rule of triage; the first whose condition is met decides.
#[derive(Debug)]
pub struct Rule {
    /// The rule's name, given as the reason.
    pub name: String,
    /// When it applies; `None`: always.
    pub when: Option<Condition>,
    /// The category, in place of the alert's own.
    pub category: Option<Category>,
    /// The severity, in place of what the alert's own comes to.
    pub severity: Option<Severity>,
    /// The team.
    pub team: Option<TeamName>,
    /// Alerts are only counted, and open nothing.
    pub ignore: bool,
}

/// What triage makes of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that decided, if one matched.
    pub rule: Option<String>,
    /// Why, as people read it.
    pub reason: String,
    /// What kind of trouble.
    pub category: Option<Category>,
    /// How urgent.
    pub severity: Severity,
    /// Why this severity.
    pub severity_reason: String,
    /// Who owns it.
    pub team: TeamName,
    /// The models and data that it is about.
    pub subjects: Vec<Subject>,
    /// Alerts of one group belong to one incident.
    pub group: String,
    /// Whether an incident is opened for it.
    pub opens: bool,
    /// Whether it may page; a suspicion may not.
    pub pages: bool,
}

/// Judges alerts by rules.
#[derive(Debug)]
pub struct Triage {
    /// The rules, the first that matches decides.
    pub rules: Vec<Rule>,
    /// How many incidents alerts may open within ten minutes. What comes beyond is one flood, with one incident for each
    /// source, since nobody can work on more, and no server has channels for them.
    pub flood: usize,
}

impl Default for Triage {
    /// No rules.
    fn default() -> Self {
        Self { rules: Vec::new(), flood: 1000 }
    }
}

impl Triage {
    /// What `alert` means here.
    pub fn judge(&self, alert: &Alert, organisation: &Organisation) -> Verdict {
        self.verdict(alert, self.deciding(alert), organisation)
    }

    /// Which rule decides on `alert`.
    pub fn deciding(&self, alert: &Alert) -> Option<usize> {
        let context = context_of(alert);
        self.rules.iter().position(|rule| rule.when.as_ref().is_none_or(|when| when.is_met(&context)))
    }

    /// What `alert` means here by the rule that decides on it.
    pub fn verdict(&self, alert: &Alert, rule: Option<usize>, organisation: &Organisation) -> Verdict {
        let rule = rule.and_then(|rule| self.rules.get(rule));
        let category = rule.and_then(|rule| rule.category).or(alert.category).or(match alert.signal {
            Signal::NoData => Some(Category::Data),
            Signal::Normal | Signal::Suspected | Signal::Test => None,
        });
        let (severity, severity_reason) = severity_of(alert, rule);
        let team = rule
            .and_then(|rule| rule.team.clone())
            .filter(|team| organisation.teams.contains_key(team))
            .unwrap_or_else(|| organisation.default_team.clone());
        let subjects = Subject::from_labels(&alert.labels);
        let group = group_of(alert, &team, category, &subjects);
        let reason = match rule {
            Some(rule) => format!("rule “{}”", rule.name),
            None => "no rule matched".to_owned(),
        };
        Verdict {
            reason,
            category,
            severity,
            severity_reason,
            team,
            subjects,
            group,
            opens: alert.signal != Signal::Test && !rule.is_some_and(|rule| rule.ignore),
            pages: alert.signal != Signal::Suspected,
            rule: rule.map(|rule| rule.name.clone()),
        }
    }
}

fn severity_of(alert: &Alert, rule: Option<&Rule>) -> (Severity, String) {
    if let Some(rule) = rule
        && let Some(severity) = rule.severity
    {
        return (severity, format!("rule “{}”", rule.name));
    }
    let severity = match alert.severity {
        Some(AlertSeverity::Critical) => Severity::Sev1,
        Some(AlertSeverity::Error) => Severity::Sev2,
        Some(AlertSeverity::Warning) | None => Severity::Sev3,
        Some(AlertSeverity::Info) => Severity::Sev4,
    };
    let reason = match (&alert.vendor_severity, alert.severity) {
        (Some(word), Some(_)) => format!("{} says “{word}”", alert.source),
        (None, Some(word)) => format!("{} says “{word}”", alert.source),
        (Some(word), None) => format!("{} says “{word}”, which is no severity that is known here", alert.source),
        (None, None) => format!("{} names no severity", alert.source),
    };
    (severity, reason)
}

/// The sender's own group where it has one, else team, category and what the alert is about.
fn group_of(alert: &Alert, team: &TeamName, category: Option<Category>, subjects: &[Subject]) -> String {
    if let Some(group) = &alert.group {
        return format!("{}:{group}", alert.source);
    }
    let about = alert
        .service
        .clone()
        .or_else(|| subjects.first().map(|subject| format!("{} {}", subject.kind, subject.name)))
        .unwrap_or_else(|| alert.title.clone());
    format!("{team}/{}/{about}", category.map_or("unknown", Category::word))
}

/// What a condition gets for a name, apart from the labels.
pub fn text_for<'a>(name: &str, alert: &'a Alert) -> &'a str {
    match name {
        "source" => alert.source.as_str(),
        "title" => &alert.title,
        "description" => alert.description.as_deref().unwrap_or_default(),
        "severity" => alert.severity.map_or("", AlertSeverity::word),
        "vendor_severity" => alert.vendor_severity.as_deref().unwrap_or_default(),
        "category" => alert.category.map_or("", Category::word),
        "service" => alert.service.as_deref().unwrap_or_default(),
        "signal" => alert.signal.word(),
        _ => "",
    }
}

fn context_of(alert: &Alert) -> cel::Context<'static, 'static> {
    let mut context = Expression::context();
    for name in CONDITION_NAMES.into_iter().filter(|name| *name != LABELS) {
        context.add_variable_from_value(name, text_for(name, alert).to_owned());
    }
    let labels: std::collections::HashMap<String, String> =
        alert.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    context.add_variable_from_value(LABELS, labels);
    context
}

/// What is known of an alert from its earlier deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its status at the last delivery that counted.
    pub status: AlertStatus,
    /// The worst severity that its rule gave in this episode.
    pub severity: Severity,
    /// When the episode began, by the source's clock.
    pub started_at: Option<Timestamp>,
    /// When the status last changed, by ours.
    pub changed_at: Timestamp,
    /// When the source said the latest that is known, by its clock.
    pub said_at: Option<Timestamp>,
    /// The incident that it belongs to.
    pub incident: Option<IncidentId>,
    /// Whether that incident is open.
    pub incident_is_open: bool,
}

/// What a delivery changes. Only what is news reaches an incident; all else is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Fires, and is not part of an open incident.
    Fires,
    /// Fires again in the open incident in which it was resolved.
    FiresAgain,
    /// Fires more severely than before.
    Worse,
    /// Somebody took it on at its source.
    Acknowledged,
    /// Was firing, and is resolved at its source.
    Resolved,
    /// Asks for nothing, and may explain something.
    Informs,
    /// Nothing new.
    Repeat,
}

/// Whether a delivery is news, given what is known of the alert.
pub fn news(known: Option<&Known>, alert: &Alert, severity: Severity, now: Timestamp) -> News {
    if let Some(known) = known
        && matches!((alert.said_at, known.said_at), (Some(this), Some(latest)) if this < latest)
    {
        // It was overtaken on its way.
        return News::Repeat;
    }
    match (alert.status, known) {
        (AlertStatus::Firing, None) => News::Fires,
        // What was resolved, or asked for nothing, never swallows a new firing.
        (AlertStatus::Firing, Some(known)) if !known.incident_is_open || known.status == AlertStatus::Info => {
            News::Fires
        }
        (AlertStatus::Firing, Some(known)) => match known.status {
            AlertStatus::Resolved => {
                let same_episode = alert.started_at.is_some() && alert.started_at == known.started_at;
                // A source that tells the time of each state has said that this is later.
                if same_episode && alert.said_at.is_none() && now < known.changed_at + LATE_COPY {
                    News::Repeat
                } else {
                    News::FiresAgain
                }
            }
            AlertStatus::Firing | AlertStatus::Acknowledged | AlertStatus::Info => {
                if known.severity < severity {
                    News::Worse
                } else {
                    News::Repeat
                }
            }
        },
        (AlertStatus::Resolved, Some(known)) if known.status != AlertStatus::Resolved => {
            // An old resolution, overtaken by the next episode.
            let overtaken =
                matches!((alert.started_at, known.started_at), (Some(this), Some(current)) if this < current);
            if overtaken { News::Repeat } else { News::Resolved }
        }
        (AlertStatus::Acknowledged, Some(known)) if known.status == AlertStatus::Firing && known.incident_is_open => {
            News::Acknowledged
        }
        (AlertStatus::Info, None) => News::Informs,
        (AlertStatus::Info, Some(known)) if known.status == AlertStatus::Info && known.said_at < alert.said_at => {
            News::Informs
        }
        (AlertStatus::Resolved | AlertStatus::Acknowledged | AlertStatus::Info, _) => News::Repeat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::{alert, at, organisation};

    fn rule(name: &str, when: Option<&str>) -> Rule {
        Rule {
            name: name.to_owned(),
            when: when.map(|when| Condition::parse(when).unwrap()),
            category: None,
            severity: None,
            team: None,
            ignore: false,
        }
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let organisation = organisation();
        let rules = vec![
            rule("absent label", Some(r#"labels.team == "x""#)),
            rule("wrong type", Some("title > 3")),
            Rule { category: Some(Category::ModelAnomaly), ..rule("models", Some("has(labels.model)")) },
            rule("all", None),
        ];
        let verdict = Triage { rules, ..Triage::default() }.judge(&alert(AlertStatus::Firing), &organisation);
        assert_eq!(verdict.rule.as_deref(), Some("models"));
        assert_eq!(verdict.category, Some(Category::ModelAnomaly));
        assert_eq!(verdict.severity, Severity::Sev2);
        assert_eq!(verdict.severity_reason, "prometheus says “high”");
        assert_eq!(verdict.group, "fraud/model_anomaly/model fraud-score");
    }

    #[test]
    fn conditions_are_tables() {
        let organisation = organisation();
        let cases = [
            (r#"source == "prometheus""#, true),
            (r#"severity == "error" && title.contains("rift")"#, true),
            (r#"labels.model in ["fraud-score", "other"]"#, true),
            (r#"!has(labels.nothing)"#, true),
            (r#"labels.nothing == """#, false),
            (r#"title.matches("^D.*t$")"#, true),
            ("true", true),
        ];
        for (condition, expected) in cases {
            let triage = Triage { rules: vec![rule("r", Some(condition))], ..Triage::default() };
            let verdict = triage.judge(&alert(AlertStatus::Firing), &organisation);
            assert_eq!(verdict.rule.is_some(), expected, "{condition}");
        }
        for bad in
            ["", "labels.", "labels == = 1", r#"lables.model == "x""#, r#"title.contians("x")"#, "title", "size(title)"]
        {
            assert!(Condition::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn signals_change_what_is_opened_and_paged() {
        let organisation = organisation();
        let judge = |signal| Triage::default().judge(&Alert { signal, ..alert(AlertStatus::Firing) }, &organisation);
        assert!(!judge(Signal::Test).opens);
        assert!(!judge(Signal::Suspected).pages);
        assert_eq!(judge(Signal::NoData).category, Some(Category::Data));
        assert!(judge(Signal::Normal).opens && judge(Signal::Normal).pages);
    }

    #[test]
    fn the_senders_own_group_goes_first() {
        let own = Alert { group: Some("{}:{a=\"b\"}".to_owned()), ..alert(AlertStatus::Firing) };
        assert_eq!(Triage::default().judge(&own, &organisation()).group, "prometheus:{}:{a=\"b\"}");
    }

    #[test]
    fn only_what_changed_is_news() {
        use AlertStatus::{Acknowledged, Firing, Info, Resolved};
        let known = |status, severity, open| Known {
            status,
            severity,
            started_at: Some(at(0)),
            changed_at: at(60),
            said_at: None,
            incident: Some(IncidentId(1)),
            incident_is_open: open,
        };
        let begun = |status, start| Alert { started_at: Some(at(start)), ..alert(status) };
        let cases: [(&str, Option<Known>, Alert, i64, News); 20] = [
            ("a first firing", None, begun(Firing, 0), 1, News::Fires),
            ("a resolution of what never fired", None, begun(Resolved, 0), 1, News::Repeat),
            ("a repeat", Some(known(Firing, Severity::Sev2, true)), begun(Firing, 0), 90, News::Repeat),
            ("a milder repeat", Some(known(Firing, Severity::Sev1, true)), begun(Firing, 0), 90, News::Repeat),
            ("a worse repeat", Some(known(Firing, Severity::Sev3, true)), begun(Firing, 0), 90, News::Worse),
            ("a resolution", Some(known(Firing, Severity::Sev2, true)), begun(Resolved, 0), 90, News::Resolved),
            ("a second resolution", Some(known(Resolved, Severity::Sev2, true)), begun(Resolved, 0), 90, News::Repeat),
            (
                "a resolution of an earlier episode",
                Some(known(Firing, Severity::Sev2, true)),
                begun(Resolved, -50),
                90,
                News::Repeat,
            ),
            (
                "a late copy of a firing",
                Some(known(Resolved, Severity::Sev2, true)),
                begun(Firing, 0),
                90,
                News::Repeat,
            ),
            (
                "the same episode much later",
                Some(known(Resolved, Severity::Sev2, true)),
                begun(Firing, 0),
                900,
                News::FiresAgain,
            ),
            ("a new episode", Some(known(Resolved, Severity::Sev2, true)), begun(Firing, 80), 90, News::FiresAgain),
            (
                "a firing after the incident",
                Some(known(Firing, Severity::Sev2, false)),
                begun(Firing, 0),
                90,
                News::Fires,
            ),
            ("an answer", Some(known(Firing, Severity::Sev2, true)), begun(Acknowledged, 0), 90, News::Acknowledged),
            (
                "an answer again",
                Some(known(Acknowledged, Severity::Sev2, true)),
                begun(Acknowledged, 0),
                90,
                News::Repeat,
            ),
            ("an answer to what never fired here", None, begun(Acknowledged, 0), 1, News::Repeat),
            (
                "a repeat after an answer",
                Some(known(Acknowledged, Severity::Sev2, true)),
                begun(Firing, 0),
                90,
                News::Repeat,
            ),
            ("information", None, begun(Info, 0), 1, News::Informs),
            ("information again", Some(known(Info, Severity::Sev2, true)), begun(Info, 0), 90, News::Repeat),
            ("information on what fires", Some(known(Firing, Severity::Sev2, true)), begun(Info, 0), 90, News::Repeat),
            ("a firing after information", Some(known(Info, Severity::Sev2, true)), begun(Firing, 0), 90, News::Fires),
        ];
        for (name, known, alert, now, expected) in cases {
            assert_eq!(news(known.as_ref(), &alert, Severity::Sev2, at(now)), expected, "{name}");
        }
    }
}
