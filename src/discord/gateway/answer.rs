//! What a request comes to, as a private answer.

use crate::discord::commands::{Format, Show};
use crate::discord::gateway::{Answer, Asked, Gateway};
use crate::discord::parse::{self, Declaration, Request, Which};
use crate::domain::actor::Right;
use crate::domain::alert::Severity;
use crate::domain::id::{IncidentId, Snowflake, UpdateNumber};
use crate::domain::incident::{Command, Decision, Incident, Opening, Refusal};
use crate::domain::organisation::Organisation;
use crate::domain::paging::Target;
use crate::domain::timeline::Event;
use crate::engine::{EngineError, Listing};
use crate::render::card::CardFacts;
use crate::render::message::{File, Message};
use crate::render::reply::{self, Summary};
use crate::render::{escape, export, form, refusal};

/// How many incidents are listed, and looked through for the one that is meant.
const LISTED: i64 = 25;
/// How many of the last entries `info` shows.
const LATEST: usize = 5;
/// The severity of what somebody declares without naming one.
const UNNAMED: Severity = Severity::Sev3;

/// Why there is no answer but this.
enum Stop {
    /// Said to the one who asked.
    Told(Message),
    /// Something of ours failed.
    Failed(EngineError),
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Self::Failed(error)
    }
}

fn told(text: &str) -> Stop {
    Stop::Told(reply::trouble(text))
}

/// Answers a request.
pub(super) async fn answer(gateway: &Gateway, asked: &Asked, request: Request) -> Answer {
    match (Asking { gateway, asked }).request(request).await {
        Ok(answer) => answer,
        Err(Stop::Told(message)) => Answer::Refused(message),
        Err(Stop::Failed(EngineError::NoSuchIncident(id))) => {
            Answer::Refused(reply::trouble(&refusal::no_such_incident(&id.to_string())))
        }
        Err(Stop::Failed(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
            Answer::Refused(reply::trouble(
                "That could not be kept just now, so nothing was changed. Try again in a moment.",
            ))
        }
    }
}

struct Asking<'a> {
    gateway: &'a Gateway,
    asked: &'a Asked,
}

impl Asking<'_> {
    async fn request(&self, request: Request) -> Result<Answer, Stop> {
        let engine = &self.gateway.engine;
        let renderer = &self.gateway.renderer;
        let setup = engine.setup();
        let organisation = &setup.organisation;
        let now = engine.now();
        let message = match request {
            Request::DeclareForm => return Ok(Answer::Form(form::declare())),
            Request::ReportForm { which } => {
                let incident = self.incident(which).await?;
                self.require(&incident, Right::RunIncident, organisation)?;
                let last = engine.last_report(incident.id).await?;
                let last = last.as_ref().and_then(|entry| match &entry.event {
                    Event::Reported { report } => Some(report),
                    _ => None,
                });
                return Ok(Answer::Form(form::report(incident.id, last)));
            }
            Request::EditForm { incident, update, version } => {
                let incident = engine.incident(incident).await?;
                self.require(&incident, Right::WriteUpdate, organisation)?;
                let update = self.draft_at(&incident, update, Some(version), organisation)?;
                return Ok(Answer::Form(form::edit_update(incident.id, update)));
            }
            Request::RejectForm { incident, update } => {
                let incident = engine.incident(incident).await?;
                self.require(&incident, Right::WriteUpdate, organisation)?;
                self.draft_at(&incident, update, None, organisation)?;
                return Ok(Answer::Form(form::reject_update(incident.id, update)));
            }
            Request::Declare(declaration) => self.preview(declaration, organisation).await?,
            Request::Confirm { draft } => match engine.declare(draft.as_str(), &self.asked.actor).await? {
                Some(Ok(decision)) => reply::declared(&decision.next, organisation),
                Some(Err(id)) => reply::declared(&engine.incident(id).await?, organisation),
                None => return Err(told("This preview is more than a day old. Declare it anew.")),
            },
            Request::Give { which, command } => {
                let incident = self.incident(which).await?;
                self.give(&incident, &command, organisation).await?
            }
            Request::Take { which, role } => {
                let incident = self.incident(which).await?;
                let Some(person) = self.asked.actor.person().cloned() else {
                    return Err(told("Only a person can take a role."));
                };
                self.give(&incident, &Command::Assign { role, person }, organisation).await?
            }
            Request::Draft { which, audience } => {
                let incident = self.incident(which).await?;
                let drafted = engine.draft(incident.id, audience.as_ref(), renderer, &self.asked.actor).await;
                self.decided(&incident, drafted, organisation)?
            }
            Request::Ack { which } => self.acknowledge(which, organisation).await?,
            Request::Page { which, target, message } => self.page(which, &target, message, organisation).await?,
            Request::KeepOpen { incident } => {
                let incident = engine.incident(incident).await?;
                self.require(&incident, Right::RunIncident, organisation)?;
                if incident.phase.is_open() {
                    Message::text(format!("👍 {} stays open.", incident.id))
                } else {
                    let over = Refusal::AlreadyInPhase { phase: incident.phase };
                    reply::trouble(&refusal::refusal(&over, &incident, organisation))
                }
            }
            Request::Info { which } => {
                let incident = self.incident(which).await?;
                let source = engine.card(incident.id).await?;
                let timeline = engine.timeline(incident.id).await?;
                let facts = CardFacts {
                    alerts: source.alerts.tally.alerts,
                    firing: source.alerts.tally.firing,
                    deliveries: source.alerts.tally.deliveries,
                    latest: source.alerts.tally.latest,
                    ..CardFacts::default()
                };
                let latest = &timeline[timeline.len().saturating_sub(LATEST)..];
                renderer.info(&source.incident, &facts, latest, organisation, now)
            }
            Request::List { show } => {
                let listing = match show {
                    Show::Open => Listing::Open,
                    Show::All => Listing::All,
                };
                let incidents = engine.incidents(listing, LISTED).await?;
                let summaries: Vec<Summary> = incidents.iter().map(Summary::from).collect();
                renderer.list(&summaries, organisation)
            }
            Request::TimelineList { which } => {
                let incident = self.incident(which).await?;
                let entries = engine.timeline(incident.id).await?;
                reply::timeline(incident.id, &entries, entries.len() as i64, organisation)
            }
            Request::TimelineExport { which, format } => {
                let incident = self.incident(which).await?;
                let entries = engine.timeline(incident.id).await?;
                let (ending, text) = match format {
                    Format::Markdown => ("md", export::markdown(&incident, &entries, organisation)),
                    Format::Json => ("json", export::json(&incident, &entries, organisation)),
                };
                let file = File { name: format!("{}-timeline.{ending}", incident.id), bytes: text.into_bytes() };
                let content =
                    format!("The timeline of {}, {} entries, in UTC to the microsecond.", incident.id, entries.len());
                Message { content, files: vec![file], ..Message::default() }
            }
            Request::Oncall { rota } => renderer.on_call(rota.as_ref(), organisation, now),
        };
        Ok(Answer::Private(message))
    }

    /// The incident that is meant: the one named, else this room's, else the only open one.
    async fn incident(&self, which: Which) -> Result<Incident, Stop> {
        let engine = &self.gateway.engine;
        let id = match which {
            Some(id) => Some(id),
            None => engine.incident_of_room(self.asked.channel).await?,
        };
        if let Some(id) = id {
            return Ok(engine.incident(id).await?);
        }
        let open = engine.incidents(Listing::Open, LISTED).await?;
        match open.as_slice() {
            [only] => Ok(engine.incident(only.id).await?),
            several => Err(told(&refusal::which_incident(&several.iter().collect::<Vec<_>>()))),
        }
    }

    fn require(&self, incident: &Incident, right: Right, organisation: &Organisation) -> Result<(), Stop> {
        if incident.permits(&self.asked.actor, right) {
            return Ok(());
        }
        Err(told(&refusal::refusal(&Refusal::NotAllowed { right }, incident, organisation)))
    }

    /// A draft that may still be changed; its form must not show another text than the one that was read.
    fn draft_at<'i>(
        &self,
        incident: &'i Incident,
        number: UpdateNumber,
        version: Option<u32>,
        organisation: &Organisation,
    ) -> Result<&'i crate::domain::update::Update, Stop> {
        let refuse = |why: Refusal| told(&refusal::refusal(&why, incident, organisation));
        let update = incident.update(number).ok_or_else(|| refuse(Refusal::NoSuchUpdate { update: number }))?;
        if !update.is_open() {
            return Err(refuse(Refusal::update_is_over(update)));
        }
        if version.is_some_and(|version| version != update.version) {
            return Err(refuse(Refusal::TextChanged { author: update.author.clone() }));
        }
        Ok(update)
    }

    async fn give(&self, incident: &Incident, command: &Command, organisation: &Organisation) -> Result<Message, Stop> {
        let decided = self.gateway.engine.handle(incident.id, command, &self.asked.actor).await;
        self.decided(incident, decided, organisation)
    }

    fn decided(
        &self,
        incident: &Incident,
        decided: Result<Decision, EngineError>,
        organisation: &Organisation,
    ) -> Result<Message, Stop> {
        match decided {
            Ok(decision) => Ok(reply::done(&decision.entries, organisation)),
            Err(EngineError::Refused(why)) => Err(told(&refusal::refusal(&why, incident, organisation))),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes what rings: in the incident that was named or whose room this is, else wherever this person is called.
    async fn acknowledge(&self, which: Which, organisation: &Organisation) -> Result<Message, Stop> {
        let engine = &self.gateway.engine;
        let id = match which {
            Some(id) => Some(id),
            None => engine.incident_of_room(self.asked.channel).await?,
        };
        let command = Command::Acknowledge { page: None };
        if let Some(id) = id {
            let incident = engine.incident(id).await?;
            return self.give(&incident, &command, organisation).await;
        }
        let calling: Vec<IncidentId> = match self.asked.actor.person() {
            Some(person) => engine.incidents_paging(person).await?,
            None => Vec::new(),
        };
        if calling.is_empty() {
            let incident = self.incident(None).await?;
            return self.give(&incident, &command, organisation).await;
        }
        let mut entries = Vec::new();
        for id in calling {
            match engine.handle(id, &command, &self.asked.actor).await {
                Ok(decision) => entries.extend(decision.entries),
                // Somebody else was quicker.
                Err(EngineError::Refused(_)) => (),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(reply::done(&entries, organisation))
    }

    async fn page(
        &self,
        which: Which,
        target: &str,
        message: Option<String>,
        organisation: &Organisation,
    ) -> Result<Message, Stop> {
        let target = parse::target(target, organisation).map_err(|error| told(&escape::discord(&error.to_string())))?;
        let incident = self.incident(which).await?;
        let command = Command::Page { target: target.clone(), message };
        let mut answer = self.give(&incident, &command, organisation).await?;
        let now = self.gateway.engine.now();
        if let Target::Person(person) = &target {
            let on_call =
                organisation.rotas.values().any(|rota| rota.shift_at(now).is_some_and(|shift| &shift.person == person));
            if !on_call {
                answer.content.push_str("\n⚠️ Not on call right now: an answer may take longer.");
            }
        }
        Ok(answer)
    }

    /// What a declaration would do, with the button that does it.
    async fn preview(&self, declaration: Declaration, organisation: &Organisation) -> Result<Message, Stop> {
        const LONGEST: usize = 200;
        let engine = &self.gateway.engine;
        let title = escape::one_line(&declaration.title);
        if title.is_empty() || LONGEST < title.chars().count() {
            return Err(told(&format!("Say what is wrong in one line of at most {LONGEST} characters.")));
        }
        let rota = declaration.rota.clone();
        let team = rota
            .as_ref()
            .and_then(|rota| organisation.teams.iter().find(|(_, team)| &team.rota == rota))
            .map_or_else(|| organisation.default_team.clone(), |(name, _)| name.clone());
        let severity = declaration.severity.unwrap_or(UNNAMED);
        let by = self.asked.actor.person().map_or("somebody", |person| organisation.name_of(person));
        let opening = Opening {
            title,
            severity,
            severity_reason: match declaration.severity {
                Some(_) => format!("{by} said so"),
                None => "nobody named one".to_owned(),
            },
            category: declaration.category,
            team,
            rota,
            service: None,
            subjects: declaration.subject.into_iter().collect(),
            group: None,
            follows: None,
            why: format!("{by} declared it"),
            also: Vec::new(),
            pages: true,
        };
        let draft = Snowflake(self.asked.id.get()).into();
        engine.propose(&format!("{draft}"), &opening).await?;
        let open = engine.incidents(Listing::Open, LISTED).await?;
        let lookalikes: Vec<Summary> = open.iter().map(Summary::from).collect();
        Ok(self.gateway.renderer.declare_preview(&opening, &lookalikes, &draft, organisation, engine.now()))
    }
}
