//! `/api/v1/`: what Firebell knows, read-only, in pages by key, behind a bearer token, described by itself.

#![allow(unused_qualifications, reason = "utoipa writes the paths of query types out")]

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::domain::id::{IncidentId, PersonId};
use crate::domain::incident::Incident;
use crate::domain::organisation::Organisation;
use crate::domain::timeline::Entry;
use crate::intake::auth::{is_known, secret_in};
use crate::render::sentence;
use crate::store::alert::Counted;
use crate::store::incident::Listing;
use crate::store::tally::Tally;
use crate::web::Web;
use crate::web::error::Problem;

/// How many items a page has when nothing is asked, and at most.
const PAGE: i64 = 50;
const MOST: i64 = 200;

/// Lets those in who bring a token.
pub async fn require_token(State(web): State<Web>, request: Request, next: Next) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let access = web.access();
    let token = authorization.and_then(secret_in);
    if token.is_some_and(|token| is_known(&token, access.api_tokens.iter().map(String::as_str))) {
        return next.run(request).await;
    }
    let cure = if access.api_tokens.is_empty() {
        "set the token that server.api_tokens names, and reload"
    } else {
        "send a token of server.api_tokens as `Authorization: Bearer …`"
    };
    Problem::new(StatusCode::UNAUTHORIZED, "the token is wrong or missing", cure).into_response()
}

/// An incident as programs read it.
#[derive(Serialize, ToSchema)]
pub struct IncidentSummary {
    /// `INC-42`.
    id: String,
    title: String,
    /// `SEV1` to `SEV4`.
    severity: String,
    severity_reason: String,
    category: Option<String>,
    phase: String,
    phase_since: DateTime<Utc>,
    team: String,
    service: Option<String>,
    /// `model fraud-score@14`.
    subjects: Vec<String>,
    lead: Option<PersonSummary>,
    liaison: Option<PersonSummary>,
    declared_at: DateTime<Utc>,
    next_update_due: Option<DateTime<Utc>>,
    /// The earlier incident of the same alerts.
    follows: Option<String>,
}

/// Somebody.
#[derive(Serialize, ToSchema)]
pub struct PersonSummary {
    /// The key in the configuration.
    id: String,
    name: String,
}

/// An incident with its alerts counted and its pages.
#[derive(Serialize, ToSchema)]
pub struct IncidentDetail {
    #[serde(flatten)]
    incident: IncidentSummary,
    alerts: AlertTally,
    pages: Vec<PageSummary>,
}

/// How many alerts an incident has.
#[derive(Serialize, ToSchema)]
pub struct AlertTally {
    /// Different ones.
    alerts: u64,
    /// Those that still fire.
    firing: u64,
    /// Deliveries, repeats counted.
    deliveries: u64,
    latest: Option<DateTime<Utc>>,
}

/// One call of one person.
#[derive(Serialize, ToSchema)]
pub struct PageSummary {
    person: PersonSummary,
    /// `queued`, `sent`, `undelivered`, `acknowledged`, `declined` or `withdrawn`.
    state: String,
    decided_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    trouble: Option<String>,
}

/// An entry of a timeline.
#[derive(Serialize, ToSchema)]
pub struct EntrySummary {
    number: i64,
    at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    /// Who: a person, a source, or Firebell.
    author: serde_json::Value,
    /// One sentence.
    text: String,
    /// The same as data; `kind` says which fields there are.
    event: serde_json::Value,
}

/// An alert with its counts.
#[derive(Serialize, ToSchema)]
pub struct AlertSummary {
    source: String,
    fingerprint: String,
    status: String,
    title: String,
    service: Option<String>,
    labels: std::collections::BTreeMap<String, String>,
    deliveries: i64,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
}

/// Who is on call for a rota.
#[derive(Serialize, ToSchema)]
pub struct OncallSummary {
    rota: String,
    /// Nobody: `null`.
    person: Option<PersonSummary>,
    until: Option<DateTime<Utc>>,
    /// Whether an override is in force.
    stands_in: bool,
    next: Option<PersonSummary>,
}

/// A page of a listing.
#[derive(Serialize, ToSchema)]
pub struct Listed<T> {
    items: Vec<T>,
    /// What to send as `after` for the next page; `null`: this is the last.
    next: Option<String>,
}

/// Which page of a listing.
#[derive(Deserialize, IntoParams)]
pub struct PageQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many items, 1 to 200; 50 when left out.
    limit: Option<i64>,
}

/// Which incidents, and which page of them.
#[derive(Deserialize, IntoParams)]
pub struct IncidentsQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many items, 1 to 200; 50 when left out.
    limit: Option<i64>,
    /// `open`, or a phase; all when left out.
    phase: Option<String>,
}

fn limit_of(limit: Option<i64>) -> i64 {
    limit.unwrap_or(PAGE).clamp(1, MOST)
}

/// Incidents, the newest first.
#[utoipa::path(get, path = "/api/v1/incidents", params(IncidentsQuery),
    responses((status = 200, body = Listed<IncidentSummary>), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn incidents(
    State(web): State<Web>,
    Query(query): Query<IncidentsQuery>,
) -> Result<Json<Listed<IncidentSummary>>, Problem> {
    let listing = match query.phase.as_deref() {
        None | Some("") => Listing::All,
        Some("open") => Listing::Open,
        Some(word) => Listing::In(word.parse().map_err(|error| bad_query("phase", &error))?),
    };
    let after =
        query.after.map(|text| text.parse::<IncidentId>()).transpose().map_err(|error| bad_query("after", &error))?;
    let limit = limit_of(query.limit);
    let mut tx = web.engine.db().read().await?;
    let found = tx.incidents_page(after, listing, limit).await?;
    let next = (found.len() as i64 == limit).then(|| found.last().map(|last| last.id.to_string())).flatten();
    let setup = web.engine.setup();
    let items = found.iter().map(|incident| summary(incident, &setup.organisation)).collect();
    Ok(Json(Listed { items, next }))
}

/// One incident.
#[utoipa::path(get, path = "/api/v1/incidents/{id}", params(("id" = String, Path, description = "INC-42 or 42")),
    responses((status = 200, body = IncidentDetail), (status = 404, body = Problem), (status = 401, body = Problem)))]
pub async fn incident(State(web): State<Web>, Path(id): Path<String>) -> Result<Json<IncidentDetail>, Problem> {
    let id = incident_id(&id)?;
    let mut tx = web.engine.db().read().await?;
    let incident = tx.incident(id).await?.ok_or_else(|| no_such(id))?;
    let Tally { alerts, firing, deliveries, latest, .. } = tx.tally_of(id).await?;
    let setup = web.engine.setup();
    let pages = incident
        .pages
        .iter()
        .map(|page| PageSummary {
            person: person(&page.person, &setup.organisation),
            state: page.state.word().to_owned(),
            decided_at: page.decided_at,
            changed_at: page.changed_at,
            trouble: page.trouble.clone(),
        })
        .collect();
    Ok(Json(IncidentDetail {
        incident: summary(&incident, &setup.organisation),
        alerts: AlertTally { alerts, firing, deliveries, latest },
        pages,
    }))
}

/// An incident's timeline, in the order in which it was recorded.
#[utoipa::path(get, path = "/api/v1/incidents/{id}/timeline", params(("id" = String, Path, description = "INC-42 or 42"), PageQuery),
    responses((status = 200, body = Listed<EntrySummary>), (status = 404, body = Problem), (status = 401, body = Problem)))]
pub async fn timeline(
    State(web): State<Web>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Listed<EntrySummary>>, Problem> {
    let id = incident_id(&id)?;
    let after: i64 = query.after.map_or(Ok(0), |text| text.parse()).map_err(|error| bad_query("after", &error))?;
    let limit = limit_of(query.limit);
    let mut tx = web.engine.db().read().await?;
    if tx.incident(id).await?.is_none() {
        return Err(no_such(id));
    }
    let from = after.clamp(0, i64::MAX - MOST - 1) + 1;
    let entries = tx.timeline_between(id, from.into(), (from + limit - 1).into()).await?;
    let next = (entries.len() as i64 == limit).then(|| entries.last().map(|last| last.number.to_string())).flatten();
    let setup = web.engine.setup();
    let items = entries.iter().map(|entry| entry_summary(entry, &setup.organisation)).collect();
    Ok(Json(Listed { items, next }))
}

/// Alerts by identity, with how often each came.
#[utoipa::path(get, path = "/api/v1/alerts", params(PageQuery),
    responses((status = 200, body = Listed<AlertSummary>), (status = 401, body = Problem)))]
pub async fn alerts(
    State(web): State<Web>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Listed<AlertSummary>>, Problem> {
    let limit = limit_of(query.limit);
    let after = query.after.as_deref().map(|text| text.split_once('/').unwrap_or((text, "")));
    let mut tx = web.engine.db().read().await?;
    let found = tx.alerts_page(after, limit).await?;
    let next = (found.len() as i64 == limit)
        .then(|| found.last().map(|last| format!("{}/{}", last.alert.source, last.alert.fingerprint)))
        .flatten();
    Ok(Json(Listed { items: found.into_iter().map(alert_summary).collect(), next }))
}

/// Who is on call now, rota by rota.
#[utoipa::path(get, path = "/api/v1/oncall",
    responses((status = 200, body = Vec<OncallSummary>), (status = 401, body = Problem)))]
pub async fn oncall(State(web): State<Web>) -> Json<Vec<OncallSummary>> {
    let now = web.engine.now();
    let setup = web.engine.setup();
    let organisation = &setup.organisation;
    let rotas = organisation.rotas.iter().map(|(name, rota)| {
        let shift = rota.shift_at(now);
        OncallSummary {
            rota: name.to_string(),
            person: shift.as_ref().map(|shift| person(&shift.person, organisation)),
            until: shift.as_ref().map(|shift| shift.until),
            stands_in: shift.as_ref().is_some_and(|shift| shift.stands_in),
            next: rota.next_shift(now).map(|shift| person(&shift.person, organisation)),
        }
    });
    Json(rotas.collect())
}

/// The description of this interface.
pub async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(description())
}

/// The description of the interface, in OpenAPI.
pub fn description() -> utoipa::openapi::OpenApi {
    use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};

    #[derive(OpenApi)]
    #[openapi(
        info(
            title = "Firebell",
            description = "What Firebell knows of incidents, alerts and rotas; read-only.",
            version = "1"
        ),
        paths(incidents, incident, timeline, alerts, oncall),
        components(schemas(Problem))
    )]
    struct Described;

    let mut description = Described::openapi();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    description.components.get_or_insert_default().add_security_scheme("token", bearer);
    description.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    description
}

fn incident_id(text: &str) -> Result<IncidentId, Problem> {
    text.parse().map_err(|error: crate::domain::id::NotAnId| {
        Problem::new(StatusCode::NOT_FOUND, error.to_string(), "look at /api/v1/incidents")
    })
}

fn no_such(id: IncidentId) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no {id}"), "look at /api/v1/incidents")
}

fn bad_query(name: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("`{name}`: {error}"), "see /api/v1/openapi.json")
}

fn person(id: &PersonId, organisation: &Organisation) -> PersonSummary {
    PersonSummary { id: id.to_string(), name: organisation.name_of(id).to_owned() }
}

fn summary(incident: &Incident, organisation: &Organisation) -> IncidentSummary {
    let maybe = |id: &Option<PersonId>| id.as_ref().map(|id| person(id, organisation));
    IncidentSummary {
        id: incident.id.to_string(),
        title: incident.title.clone(),
        severity: incident.severity.to_string(),
        severity_reason: incident.severity_reason.clone(),
        category: incident.category.map(|category| category.word().to_owned()),
        phase: incident.phase.word().to_owned(),
        phase_since: incident.phase_since,
        team: incident.team.to_string(),
        service: incident.service.clone(),
        subjects: incident.subjects.iter().map(ToString::to_string).collect(),
        lead: maybe(&incident.lead),
        liaison: maybe(&incident.liaison),
        declared_at: incident.declared_at,
        next_update_due: incident.next_update_due,
        follows: incident.follows.map(|id| id.to_string()),
    }
}

fn entry_summary(entry: &Entry, organisation: &Organisation) -> EntrySummary {
    EntrySummary {
        number: entry.number.0,
        at: entry.at,
        recorded_at: entry.recorded_at,
        author: serde_json::to_value(&entry.author).unwrap_or_default(),
        text: sentence::sentence(entry, organisation, sentence::Style::Plain),
        event: serde_json::to_value(&entry.event).unwrap_or_default(),
    }
}

fn alert_summary(counted: Counted) -> AlertSummary {
    AlertSummary {
        source: counted.alert.source.to_string(),
        fingerprint: counted.alert.fingerprint,
        status: counted.status.word().to_owned(),
        title: counted.alert.title,
        service: counted.alert.service,
        labels: counted.alert.labels,
        deliveries: counted.deliveries,
        first_at: counted.first_at,
        last_at: counted.last_at,
    }
}
