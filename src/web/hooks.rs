//! `/hooks/{source}`: authenticate, read, append to the inbox; 202 after the commit.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, Method as HttpMethod, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::domain::alert::Alert;
use crate::domain::heartbeat::FINGERPRINT;
use crate::domain::id::SourceName;
use crate::intake::again::Manner;
use crate::intake::auth::{Denied, Scheme};
use crate::intake::delivery::{Delivery, Fields, Method};
use crate::intake::kind::Kind;
use crate::intake::{self, Answer, Reading, Rejected, kinds, sns};
use crate::store::StoreError;
use crate::store::inbox_writer::InboxError;
use crate::store::refused::{Refusal, Refused};
use crate::web::error::Problem;
use crate::web::peer::Peer;
use crate::web::{Door, Web};

/// The largest refused body that is kept whole, in bytes; of a longer one the beginning is.
const KEPT: usize = 1024 * 1024;

/// What was taken in.
#[derive(Serialize)]
struct Receipt {
    /// The inbox positions of the alerts, in the order of the payload.
    ids: Vec<i64>,
    /// The items that were not taken in, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Rejected>,
}

/// A request as it came.
struct Request {
    method: Option<Method>,
    address: String,
    headers: Fields,
    query: Fields,
    body: Result<Bytes, BytesRejection>,
}

/// Receives what a source sends.
pub async fn receive(
    State(web): State<Web>,
    Peer(peer): Peer,
    Path(source): Path<String>,
    method: HttpMethod,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let source = SourceName::from(source);
    let request = Request {
        method: match method {
            HttpMethod::POST => Some(Method::Post),
            HttpMethod::GET => Some(Method::Get),
            HttpMethod::OPTIONS => Some(Method::Options),
            _ => None,
        },
        address: address(&web, &uri, &headers),
        headers: headers
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
            .collect(),
        query: url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect(),
        body,
    };
    match take_in(&web, &source, request).await {
        Ok(response) => response,
        Err(problem) => {
            // An unknown source is nobody's: telling of it would let anyone write in the operators' channel.
            if ![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&problem.status()) {
                let from = peer.map_or_else(String::new, |address| format!(" (sent from {address})"));
                let why = format!("{}{from}{}", problem.error, kept_as(&problem));
                web.refusals.tell(&web.engine, &source, problem.status, &why).await;
            }
            problem.into_response()
        }
    }
}

/// The address as the sender knows it, which some sign.
fn address(web: &Web, uri: &Uri, headers: &HeaderMap) -> String {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    match &web.access().public_url {
        Some(url) => format!("{url}{path}"),
        None => {
            let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
            format!("https://{host}{path}")
        }
    }
}

async fn take_in(web: &Web, source: &SourceName, request: Request) -> Result<Response, Problem> {
    let access = web.access();
    let Some(door) = access.doors.get(source) else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "there is no source of this name",
            "the address is /hooks/{source}, where source is a name under [sources] in the configuration",
        ));
    };
    let Some(method) = request.method.filter(|method| door.kind.methods.contains(method)) else {
        return Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{} does not send this way", door.kind.title),
            "send with POST, and the payload as the body",
        ));
    };
    // What shows a secret is let in or not before its body counts; what is signed, is signed over its body.
    let empty = Bytes::new();
    let body = request.body.as_ref().unwrap_or(&empty);
    let delivery = Delivery {
        source,
        method,
        address: &request.address,
        headers: &request.headers,
        query: &request.query,
        body,
        now: web.engine.now(),
        mapping: door.mapping.as_deref(),
    };
    if matches!(door.proof, Scheme::Signature(_) | Scheme::Sns) {
        received(&request.body)?;
    }
    prove(web, door, &delivery).await?;
    received(&request.body)?;

    let reading = match intake::read(door.kind, &delivery) {
        Ok(reading) => reading,
        Err(unreadable) => return Err(refuse(web, door.kind, &delivery, unreadable.to_string()).await),
    };
    let Reading { alerts, rejected, answer } = reading;
    // A drill is an alert like any other: of whoever must call it says nothing.
    let call = alerts.first().filter(|alert| door.kind == kinds::HEARTBEAT && alert.fingerprint == FINGERPRINT);
    let receipt = match call {
        Some(call) => hear(web, call).await?,
        None => append(web, door.kind, &delivery, alerts, rejected).await?,
    };
    match answer {
        None => {
            let status = StatusCode::from_u16(door.kind.accepted).unwrap_or(StatusCode::ACCEPTED);
            Ok((status, Json(receipt)).into_response())
        }
        Some(Answer::Says { status, body, headers }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let headers: HeaderMap = headers
                .iter()
                .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?)))
                .collect();
            match body.is_null() {
                true => Ok((status, headers).into_response()),
                false => Ok((status, headers, Json(body)).into_response()),
            }
        }
        Some(Answer::Confirm { topic, address }) => confirm(web, door, &topic, &address).await,
    }
}

fn received(body: &Result<Bytes, BytesRejection>) -> Result<(), Problem> {
    let Err(rejection) = body else { return Ok(()) };
    Err(match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too large",
            "send fewer alerts at once (Alertmanager: max_alerts), or raise server.body_limit_mib",
        ),
        status => Problem::new(status, "the body was not received whole", "send the same again"),
    })
}

async fn prove(web: &Web, door: &Door, delivery: &Delivery<'_>) -> Result<(), Problem> {
    let proven = match door.proof {
        Scheme::Sns => {
            let message = sns::Message::read(delivery.body).map_err(unauthorized)?;
            let address = message.certificate().map_err(unauthorized)?;
            message.allowed(&door.topics, delivery.now).map_err(unauthorized)?;
            // Later perhaps: SNS tries again on 503, and gives up on 401.
            let certificate = web.amazon.certificate(&address).await.map_err(|why| {
                Problem::unavailable(format!("the certificate of the message cannot be fetched: {why}"))
            })?;
            message.verify(&certificate, delivery.now)
        }
        _ if door.secrets.is_empty() => Err(Denied {
            reason: "no secret is set for this source".to_owned(),
            cure: "set the secret that the configuration names for it, and reload".to_owned(),
        }),
        _ => door.proof.check(delivery, &door.secrets),
    };
    proven.map_err(unauthorized)
}

fn unauthorized(denied: Denied) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, denied.reason, denied.cure)
}

/// Takes the call of a heartbeat, of which only what is news goes to the inbox.
async fn hear(web: &Web, call: &Alert) -> Result<Receipt, Problem> {
    let heard = web.engine.hear_heartbeat(call).await.map_err(|error| {
        tracing::warn!(source = %call.source, error = &error as &dyn std::error::Error, "a call cannot be kept");
        Problem::unavailable("the database cannot keep the call now")
    })?;
    metrics::counter!("firebell_heartbeats_total", "source" => call.source.to_string()).increment(1);
    Ok(Receipt { ids: heard.into_iter().collect(), rejected: Vec::new() })
}

/// Appends what was read to the inbox; what could not be read of it is kept, and the operators hear of it.
async fn append(
    web: &Web,
    kind: &Kind,
    delivery: &Delivery<'_>,
    alerts: Vec<Alert>,
    rejected: Vec<Rejected>,
) -> Result<Receipt, Problem> {
    let source = delivery.source;
    let count = alerts.len();
    let ids = if count == 0 {
        Vec::new()
    } else {
        let first = web.inbox.append(alerts, delivery.now).await.map_err(|error| match error {
            InboxError::Full => Problem::unavailable("more alerts wait than can be kept waiting"),
            InboxError::Unwritable(_) => Problem::unavailable("the database cannot take alerts in now"),
        })?;
        (first..).take(count).collect()
    };
    metrics::counter!("firebell_alerts_accepted_total", "source" => source.to_string()).increment(count as u64);
    if let Some(first) = rejected.first() {
        // The sender takes the 202 for an answer to all of it; somebody must hear of the rest.
        let reason = format!("item {} of a batch was not taken in: {}", first.index, first.reason);
        let kept = refuse(web, kind, delivery, reason).await;
        let why = format!("{}{}", kept.error, kept_as(&kept));
        web.refusals.tell(&web.engine, source, StatusCode::ACCEPTED.as_u16(), &why).await;
    }
    Ok(Receipt { ids, rejected })
}

/// Confirms a subscription to an allowed topic.
async fn confirm(web: &Web, door: &Door, topic: &str, address: &str) -> Result<Response, Problem> {
    if !door.topics.iter().any(|allowed| allowed == topic) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            format!("the topic {topic} is not allowed here, so its subscription is not confirmed"),
            "list it under `topics` of this source, and have SNS request the confirmation again",
        ));
    }
    match web.amazon.confirm(address).await {
        Ok(()) => {
            tracing::info!(topic, "a subscription of SNS is confirmed");
            Ok((StatusCode::OK, Json(serde_json::json!({ "confirmed": topic }))).into_response())
        }
        Err(why) => Err(Problem::unavailable(format!("the subscription cannot be confirmed: {why}"))),
    }
}

/// Keeps what was refused for a day, so that whoever mends the sender or the mapping can look at it and take it in again.
async fn refuse(web: &Web, kind: &Kind, delivery: &Delivery<'_>, reason: String) -> Problem {
    let source = delivery.source;
    let kept = async {
        let fields =
            serde_json::to_string(&Manner::of(kind, delivery)).map_err(|error| StoreError::corrupt("fields", error))?;
        let reference = reference(source, &fields, delivery.body);
        let refusal = Refusal {
            reference: reference.clone(),
            source: source.clone(),
            received_at: web.engine.now(),
            reason: reason.clone(),
            length: Some(delivery.body.len() as u64),
            times: 1,
        };
        let body = delivery.body[..delivery.body.len().min(KEPT)].to_vec();
        let mut tx = web.engine.db().begin().await?;
        tx.keep_refused(Refused { refusal, fields, body }).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(reference)
    };
    let mut problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        reason.clone(),
        "compare it with what the source's kind sends; `firebell explain` reads a payload file as if it was posted",
    );
    match kept.await {
        Ok(reference) => problem.reference = Some(reference),
        Err(error) => {
            tracing::error!(source = %source, error = &error as &dyn std::error::Error, "a refused body could not be kept");
        }
    }
    problem
}

/// Names what was refused. The same again has the same name, so that whoever sends it for ever fills no disk.
fn reference(source: &SourceName, fields: &str, body: &[u8]) -> String {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    for part in [source.as_str().as_bytes(), fields.as_bytes(), body] {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finish().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Where to look at what was refused, as the end of a sentence.
fn kept_as(problem: &Problem) -> String {
    problem
        .reference
        .as_ref()
        .map_or_else(String::new, |reference| format!("; `firebell refused {reference}` shows the payload"))
}
