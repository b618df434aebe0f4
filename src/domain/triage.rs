//! Triage: what an alert means, and whether it is news.

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category, Severity, Signal};
use crate::domain::id::{IncidentId, TeamName};
use crate::domain::organisation::Organisation;
use crate::domain::subject::Subject;

/// How long after an episode was resolved a delivery of the same episode counts as a late copy.
const LATE_COPY: Duration = Duration::minutes(5);

/// A condition on an alert, in the Common Expression Language.
pub struct Condition {
    text: String,
    program: cel::Program,
}

/// The names that a condition may use.
pub const CONDITION_NAMES: [&str; 9] =
    ["source", "title", "description", "severity", "vendor_severity", "category", "service", "signal", "labels"];

impl Condition {
    /// Reads a condition. A name that no alert has is refused here, so that a rule cannot be dead by a typing error.
    pub fn parse(text: &str) -> Result<Self, String> {
        let program = cel::Program::compile(text).map_err(|error| error.to_string())?;
        if let Some(unknown) = program.references().variables().into_iter().find(|name| !CONDITION_NAMES.contains(name))
        {
            return Err(format!("`{unknown}` is not known here; there are {}", CONDITION_NAMES.join(", ")));
        }
        Ok(Self { text: text.to_owned(), program })
    }

    /// Whether the alert meets the condition. A label that the alert does not have makes it unmet, not wrong.
    fn is_met(&self, context: &cel::Context<'_, '_>) -> bool {
        matches!(self.program.execute(context), Ok(cel::Value::Bool(true)))
    }
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
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
#[derive(Debug, Default)]
pub struct Triage {
    /// The rules, the first that matches decides.
    pub rules: Vec<Rule>,
}

impl Triage {
    /// What `alert` means here.
    pub fn judge(&self, alert: &Alert, organisation: &Organisation) -> Verdict {
        let context = context_of(alert);
        let rule = self.rules.iter().find(|rule| rule.when.as_ref().is_none_or(|when| when.is_met(&context)));
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
        (_, Some(word)) => format!("{} says “{word}”", alert.source),
        (_, None) => format!("{} names no severity", alert.source),
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

fn context_of(alert: &Alert) -> cel::Context<'static, 'static> {
    use cel::Value;
    let text = |value: &Option<String>| Value::from(value.clone().unwrap_or_default());
    let mut context = cel::Context::default();
    context.add_variable_from_value("source", alert.source.as_str().to_owned());
    context.add_variable_from_value("title", alert.title.clone());
    context.add_variable_from_value("description", text(&alert.description));
    context.add_variable_from_value("severity", alert.severity.map_or("", AlertSeverity::word).to_owned());
    context.add_variable_from_value("vendor_severity", text(&alert.vendor_severity));
    context.add_variable_from_value("category", alert.category.map_or("", Category::word).to_owned());
    context.add_variable_from_value("service", text(&alert.service));
    context.add_variable_from_value("signal", alert.signal.word().to_owned());
    let labels: std::collections::HashMap<String, String> =
        alert.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    context.add_variable_from_value("labels", labels);
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
    /// Was firing, and is resolved at its source.
    Resolved,
    /// Nothing new.
    Repeat,
}

/// Whether a delivery is news, given what is known of the alert.
pub fn news(known: Option<&Known>, alert: &Alert, severity: Severity, now: Timestamp) -> News {
    match (alert.status, known) {
        (AlertStatus::Firing, None) => News::Fires,
        // What was resolved never swallows a new firing.
        (AlertStatus::Firing, Some(known)) if !known.incident_is_open => News::Fires,
        (AlertStatus::Firing, Some(known)) => match known.status {
            AlertStatus::Resolved => {
                let same_episode = alert.started_at.is_some() && alert.started_at == known.started_at;
                if same_episode && now < known.changed_at + LATE_COPY { News::Repeat } else { News::FiresAgain }
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
        (AlertStatus::Resolved | AlertStatus::Acknowledged | AlertStatus::Info, _) => News::Repeat,
    }
}
