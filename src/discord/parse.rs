//! From what Discord says somebody did to what is asked. No I/O; errors say what to type instead.

use chrono::{Duration, NaiveTime};
use serenity::all::{CommandInteraction, ModalInteraction, ResolvedTarget};

use crate::discord::commands::{self, All, Comms, Completed, Format, Oncall, Show, Timeline};
use crate::domain::Timestamp;
use crate::domain::alert::{Category, Severity};
use crate::domain::duration;
use crate::domain::id::{AudienceName, EntryNumber, IncidentId, RotaName, Snowflake, UpdateNumber};
use crate::domain::incident::{Command, Role};
use crate::domain::organisation::Organisation;
use crate::domain::paging::Target;
use crate::domain::subject::Subject;
use crate::domain::timeline::Quote;
use crate::render::button::{DraftKey, Press};
use crate::render::form::{FormId, field};

/// Why something cannot be read; private to the one who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(String);

impl ParseError {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Which incident is meant: the one that was named, else that of the room, else the only one that is open.
pub type Which = Option<IncidentId>;

/// What is to be declared, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// What is wrong.
    pub title: String,
    /// How bad; SEV3 when nobody said.
    pub severity: Option<Severity>,
    /// What kind of trouble.
    pub category: Option<Category>,
    /// What it is about.
    pub subject: Option<Subject>,
    /// Whom to page in place of the team's rota.
    pub rota: Option<RotaName>,
}

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields are the arguments of the sentence that documents the variant")]
pub enum Request {
    /// Show the form for a declaration.
    DeclareForm,
    /// Show what a declaration would do.
    Declare(Declaration),
    /// Declare what was shown.
    Confirm { draft: DraftKey },
    /// Give a command to an incident.
    Give { which: Which, command: Command },
    /// Take a role oneself.
    Take { which: Which, role: Role },
    /// Show the form for a report.
    ReportForm { which: Which },
    /// Show the form for the text of an update.
    EditForm { incident: IncidentId, update: UpdateNumber, version: u32 },
    /// Show the form for the reason of a rejection.
    RejectForm { incident: IncidentId, update: UpdateNumber },
    /// Draft updates.
    Draft { which: Which, audience: Option<AudienceName> },
    /// Take the page that rings.
    Ack { which: Which },
    /// Call somebody.
    Page { which: Which, target: String, message: Option<String> },
    /// Leave an incident open that could be resolved.
    KeepOpen { incident: IncidentId },
    /// Where an incident stands.
    Info { which: Which },
    /// The incidents.
    List { show: Show },
    /// The timeline, to be read.
    TimelineList { which: Which },
    /// The timeline, as a file.
    TimelineExport { which: Which, format: Format },
    /// Who is on call.
    Oncall { rota: Option<RotaName> },
}

impl Request {
    /// Whether it is answered with a form, which cannot follow a deferred answer.
    pub fn opens_form(&self) -> bool {
        matches!(self, Self::DeclareForm | Self::ReportForm { .. } | Self::EditForm { .. } | Self::RejectForm { .. })
    }
}

/// Reads a slash command or a menu.
pub fn command(
    interaction: &CommandInteraction,
    organisation: &Organisation,
    now: Timestamp,
) -> Result<Request, ParseError> {
    use serenity_commands::Commands as _;
    if interaction.data.name == commands::ADD_TO_TIMELINE {
        return add_to_timeline(interaction, organisation, now);
    }
    let command = All::from_command_data(&interaction.data).map_err(|error| {
        ParseError::new(format!("this command is not understood ({error}); it may have changed: type it anew"))
    })?;
    Ok(match command {
        All::Incident(incident) => incident_command(incident, organisation, now)?,
        All::Page(page) => Request::Page { which: which(page.incident)?, target: page.target.0, message: page.message },
        All::Ack(ack) => Request::Ack { which: which(ack.incident)? },
        All::Oncall(Oncall::Now { rota: wanted }) => {
            Request::Oncall { rota: wanted.map(|name| rota(&name.0, organisation)).transpose()? }
        }
        All::Comms(Comms::Draft { audience: wanted, incident }) => Request::Draft {
            which: which(incident)?,
            audience: wanted.map(|name| audience(&name.0, organisation)).transpose()?,
        },
    })
}

fn incident_command(
    command: commands::Incident,
    organisation: &Organisation,
    now: Timestamp,
) -> Result<Request, ParseError> {
    use commands::Incident;
    Ok(match command {
        Incident::Declare { title: None, severity: None, category: None, subject: None, rota: None } => {
            Request::DeclareForm
        }
        Incident::Declare { title, severity, category, subject: about, rota: wanted } => {
            let title = title.ok_or_else(|| ParseError::new("say what is wrong: `/incident declare title: …`"))?;
            Request::Declare(Declaration {
                title,
                severity: severity.map(|choice| choice.0),
                category: category.map(|choice| choice.0),
                subject: about.map(|text| subject(&text)).transpose()?,
                rota: wanted.map(|name| rota(&name.0, organisation)).transpose()?,
            })
        }
        Incident::Severity { level, reason, incident } => give(incident, Command::SetSeverity { to: level.0, reason })?,
        Incident::Phase { to, note, incident } => give(incident, Command::SetPhase { to: to.0, note })?,
        Incident::Assign { role, user, incident } => {
            let person = organisation.person_of(Snowflake(user.get()));
            give(incident, Command::Assign { role: role.0, person })?
        }
        Incident::Take { role, incident } => Request::Take { which: which(incident)?, role: role.0 },
        Incident::Report { incident } => Request::ReportForm { which: which(incident)? },
        Incident::Timeline(Timeline::Add { text, at, corrects: None, incident }) => {
            let at = at.map(|at| moment(&at, now)).transpose()?;
            give(incident, Command::Note { text, at, quote: None })?
        }
        Incident::Timeline(Timeline::Add { at: Some(_), corrects: Some(_), .. }) => {
            return Err(ParseError::new("a correction has no time of its own: leave `at` or `corrects` out"));
        }
        Incident::Timeline(Timeline::Add { text, corrects: Some(entry), incident, at: None }) => {
            give(incident, Command::Correct { entry: EntryNumber(entry), text })?
        }
        Incident::Timeline(Timeline::List { incident }) => Request::TimelineList { which: which(incident)? },
        Incident::Timeline(Timeline::Export { format, incident }) => Request::TimelineExport {
            which: which(incident)?,
            format: format.map_or(Format::Markdown, |choice| choice.0),
        },
        Incident::Resolve { note, incident } => give(incident, Command::Resolve { note })?,
        Incident::Close { reason, note, incident } => give(incident, Command::Close { reason: reason.0, note })?,
        Incident::Info { incident } => Request::Info { which: which(incident)? },
        Incident::List { show } => Request::List { show: show.map_or(Show::Open, |choice| choice.0) },
    })
}

fn give(incident: Option<Completed>, command: Command) -> Result<Request, ParseError> {
    Ok(Request::Give { which: which(incident)?, command })
}

fn add_to_timeline(
    interaction: &CommandInteraction,
    organisation: &Organisation,
    now: Timestamp,
) -> Result<Request, ParseError> {
    let Some(ResolvedTarget::Message(message)) = interaction.data.target() else {
        return Err(ParseError::new("there is no message to add"));
    };
    if message.content.trim().is_empty() {
        return Err(ParseError::new("the message has no text to add; write the line with `/incident timeline add`"));
    }
    let guild = interaction.guild_id.map_or_else(|| "@me".to_owned(), |guild| guild.to_string());
    let quote = Quote {
        author: organisation.person_of(Snowflake(message.author.id.get())),
        link: format!("https://discord.com/channels/{guild}/{}/{}", message.channel_id, message.id),
    };
    // Discord's clock may be ahead of ours; what stands there was written.
    let written = written_at(message.id.get()).map(|written| written.min(now));
    let command = Command::Note { text: message.content.clone(), at: written, quote: Some(quote) };
    Ok(Request::Give { which: None, command })
}

/// When a message was written: Discord's identities count milliseconds since 2015 in their upper bits.
fn written_at(snowflake: u64) -> Option<Timestamp> {
    const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;
    let since = i64::try_from(snowflake >> 22).ok()?;
    chrono::DateTime::from_timestamp_millis(DISCORD_EPOCH_MS + since)
}

/// Reads a pressed button.
pub fn press(id: &str) -> Result<Request, ParseError> {
    let press: Press =
        id.parse().map_err(|error| ParseError::new(format!("{error}; use the slash command instead")))?;
    let give = |incident, command| Request::Give { which: Some(incident), command };
    Ok(match press {
        Press::Acknowledge { incident, page: Some(page) } => give(incident, Command::Acknowledge { page: Some(page) }),
        Press::Acknowledge { incident, page: None } => Request::Ack { which: Some(incident) },
        Press::Decline { incident, page } => give(incident, Command::Decline { page }),
        Press::Resolve { incident } => give(incident, Command::Resolve { note: None }),
        Press::KeepOpen { incident } => Request::KeepOpen { incident },
        Press::RaiseSeverity { incident, to } => give(incident, Command::AcceptSeverity { to }),
        Press::KeepSeverity { incident, proposed } => give(incident, Command::KeepSeverity { proposed }),
        Press::TakeRole { incident, role } => Request::Take { which: Some(incident), role },
        Press::Report { incident } => Request::ReportForm { which: Some(incident) },
        Press::DraftUpdates { incident } => Request::Draft { which: Some(incident), audience: None },
        Press::Timeline { incident } => Request::TimelineList { which: Some(incident) },
        Press::EditUpdate { incident, update, version } => Request::EditForm { incident, update, version },
        Press::ApproveUpdate { incident, update, version } => give(incident, Command::Approve { update, version }),
        Press::RejectUpdate { incident, update } => Request::RejectForm { incident, update },
        Press::ConfirmPublished { incident, update } => give(incident, Command::ConfirmPublished { update }),
        Press::PublishAgain { incident, update } => give(incident, Command::PublishAgain { update }),
        Press::Declare { draft } => Request::Confirm { draft },
    })
}

/// Reads a form that was filled in.
pub fn form(interaction: &ModalInteraction, organisation: &Organisation) -> Result<Request, ParseError> {
    let id: FormId = interaction
        .data
        .custom_id
        .parse()
        .map_err(|error| ParseError::new(format!("{error}; use the slash command instead")))?;
    let answers = Answers(interaction);
    Ok(match id {
        FormId::Declare => Request::Declare(Declaration {
            title: answers.text(field::TITLE),
            severity: answers
                .maybe(field::SEVERITY)
                .map(|text| text.parse().map_err(|error| unclear(&error)))
                .transpose()?,
            category: answers.maybe(field::CATEGORY).map(|text| category(&text)).transpose()?,
            subject: answers.maybe(field::SUBJECT).map(|text| subject(&text)).transpose()?,
            rota: answers.maybe(field::ROTA).map(|name| rota(&name, organisation)).transpose()?,
        }),
        FormId::Report { incident } => Request::Give {
            which: Some(incident),
            command: Command::Report {
                conditions: answers.text(field::CONDITIONS),
                actions: answers.text(field::ACTIONS),
                needs: answers.maybe(field::NEEDS),
                next_in: answers.maybe(field::NEXT_IN).map(|text| length(&text)).transpose()?,
            },
        },
        FormId::EditUpdate { incident, update, version } => Request::Give {
            which: Some(incident),
            command: Command::Edit { update, version, text: answers.text(field::TEXT) },
        },
        FormId::RejectUpdate { incident, update } => Request::Give {
            which: Some(incident),
            command: Command::Reject { update, reason: answers.text(field::REASON) },
        },
    })
}

/// The longer texts that were typed into a form.
pub fn typed(interaction: &ModalInteraction) -> Vec<String> {
    /// What is shorter is typed again sooner than it is copied.
    const WORTH_KEEPING: usize = 20;
    let texts = inputs(interaction).map(|(_, text)| text.to_owned());
    texts.filter(|text| WORTH_KEEPING <= text.chars().count()).collect()
}

/// What was filled into a form, field by field.
fn inputs(interaction: &ModalInteraction) -> impl Iterator<Item = (&str, &str)> {
    use serenity::all::ActionRowComponent;
    let parts = interaction.data.components.iter().flat_map(|row| &row.components);
    parts.filter_map(|part| match part {
        ActionRowComponent::InputText(input) => Some((input.custom_id.as_str(), input.value.as_deref()?)),
        _ => None,
    })
}

/// What was filled into a form.
struct Answers<'a>(&'a ModalInteraction);

impl Answers<'_> {
    fn maybe(&self, id: &str) -> Option<String> {
        let found = inputs(self.0).find(|(field, _)| *field == id);
        found.map(|(_, text)| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn text(&self, id: &str) -> String {
        self.maybe(id).unwrap_or_default()
    }
}

fn unclear(error: &dyn std::fmt::Display) -> ParseError {
    ParseError::new(error.to_string())
}

fn which(incident: Option<Completed>) -> Result<Which, ParseError> {
    incident.map(|text| text.0.parse().map_err(|error| unclear(&error))).transpose()
}

/// A rota by its name.
pub fn rota(text: &str, organisation: &Organisation) -> Result<RotaName, ParseError> {
    let name = RotaName::from(text.trim().trim_start_matches("rota:"));
    if organisation.rotas.contains_key(&name) {
        return Ok(name);
    }
    let known: Vec<&str> = organisation.rotas.keys().map(RotaName::as_str).collect();
    Err(ParseError::new(format!("there is no rota `{name}`; there are {}", known.join(", "))))
}

/// A rota or a person, by the name of either; `None` when it is neither.
pub fn target(text: &str, organisation: &Organisation) -> Result<Target, ParseError> {
    let text = text.trim();
    if let Ok(rota) = rota(text, organisation) {
        return Ok(Target::Rota(rota));
    }
    let name = text.trim_start_matches("person:").trim_start_matches('@');
    let account = text.trim_start_matches("<@").trim_end_matches('>').parse::<u64>().ok().map(Snowflake);
    let found = organisation.people.iter().find(|(id, person)| {
        id.as_str().eq_ignore_ascii_case(name)
            || person.name.eq_ignore_ascii_case(name)
            || Some(person.discord) == account
    });
    match (found, account) {
        (Some((id, _)), _) => Ok(Target::Person(id.clone())),
        (None, Some(account)) => Ok(Target::Person(organisation.person_of(account))),
        (None, None) => Err(ParseError::new(format!(
            "`{text}` is neither a rota nor a person here; choose one that is offered while you type"
        ))),
    }
}

fn audience(text: &str, organisation: &Organisation) -> Result<AudienceName, ParseError> {
    let name = AudienceName::from(text.trim());
    if organisation.audiences.contains_key(&name) {
        return Ok(name);
    }
    let known: Vec<&str> = organisation.audiences.keys().map(AudienceName::as_str).collect();
    Err(ParseError::new(format!("there is no audience `{name}`; there are {}", known.join(", "))))
}

fn subject(text: &str) -> Result<Subject, ParseError> {
    text.parse().map_err(|error| unclear(&error))
}

fn category(text: &str) -> Result<Category, ParseError> {
    text.trim().to_lowercase().replace([' ', '-'], "_").parse().map_err(|error| unclear(&error))
}

fn length(text: &str) -> Result<Duration, ParseError> {
    duration::parse(text).map_err(|error| unclear(&error))
}

/// How far ahead of now a time of day may lie and still be today's. Further ahead, yesterday's is meant, as after
/// midnight; what is nearer is a slip, such as a time of another zone, and the timeline refuses it as the future.
const AHEAD: Duration = Duration::hours(12);

/// A moment as people type it: `14:05` in UTC, on the day that is nearest, or `-20m`.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, ParseError> {
    let text = text.trim();
    if let Some(ago) = text.strip_prefix('-') {
        return Ok(now - length(ago)?);
    }
    let clock = text.trim_end_matches("UTC").trim_end_matches('Z').trim();
    let time = NaiveTime::parse_from_str(clock, "%H:%M")
        .map_err(|_| ParseError::new(format!("`{text}` is not a time such as 14:05 (UTC) or -20m")))?;
    let today = now.date_naive().and_time(time).and_utc();
    Ok(if now + AHEAD < today { today - Duration::days(1) } else { today })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::{at, organisation};

    #[test]
    fn a_moment_is_read_as_it_is_typed() {
        // 03:00 on a Monday.
        let now = at(0);
        let cases = [
            ("02:30", -1800),
            ("-20m", -1200),
            ("03:00", 0),
            ("03:01 UTC", 60),
            ("15:01 UTC", 12 * 3600 + 60 - 86_400),
            (" -1h30m ", -5400),
        ];
        for (text, expected) in cases {
            assert_eq!(moment(text, now), Ok(at(expected)), "{text}");
        }
        for text in ["", "noon", "25:00", "-", "-soon", "14:05:06:07"] {
            assert!(moment(text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn a_target_is_a_rota_or_a_person_by_any_of_their_names() {
        let organisation = organisation();
        let person = |id: &str| Ok(Target::Person(id.into()));
        let cases = [
            ("first", Ok(Target::Rota("first".into()))),
            ("rota:first", Ok(Target::Rota("first".into()))),
            ("person:ana", person("ana")),
            ("Ana", person("ana")),
            ("@ana", person("ana")),
            ("<@501>", person("ana")),
            ("<@77>", person("discord:77")),
        ];
        for (text, expected) in cases {
            assert_eq!(target(text, &organisation), expected, "{text}");
        }
        assert!(target("nobody", &organisation).is_err());
    }

    #[test]
    fn every_button_is_understood() {
        assert_eq!(
            press("fb1:ack:42:3"),
            Ok(Request::Give {
                which: Some(IncidentId(42)),
                command: Command::Acknowledge { page: Some(crate::domain::id::PageNumber(3)) }
            })
        );
        for id in ["", "fb1:", "fb0:ack:1", "fb1:ack:x", "fb1:format_disk:1"] {
            assert!(press(id).is_err(), "{id}");
        }
    }
}
