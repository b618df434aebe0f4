//! `/hooks/{source}`: authenticate, read, append to the inbox; 202 after the commit.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::domain::id::SourceName;
use crate::intake::auth::{Shown, is_known};
use crate::intake::{self, Rejected};
use crate::store::inbox_writer::InboxError;
use crate::store::refused::Refused;
use crate::web::Web;
use crate::web::error::Problem;
use crate::web::peer::Peer;

/// The largest refused body that is kept, in bytes; of a longer one the beginning is.
const KEPT: usize = 64 * 1024;

/// The query of a hook.
#[derive(Deserialize)]
pub struct Credentials {
    token: Option<String>,
}

/// What was taken in.
#[derive(Serialize)]
struct Receipt {
    /// The inbox positions of the alerts, in the order of the payload.
    ids: Vec<i64>,
    /// The items that were not taken in, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Rejected>,
}

/// Receives what a source sends.
pub async fn receive(
    State(web): State<Web>,
    Peer(peer): Peer,
    Path(source): Path<String>,
    Query(credentials): Query<Credentials>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let source = SourceName::from(source);
    match take_in(&web, &source, credentials.token.as_deref(), &headers, body).await {
        Ok(receipt) => (StatusCode::ACCEPTED, Json(receipt)).into_response(),
        Err(problem) => {
            // An unknown source is nobody's: telling of it would let anyone write in the operators' channel.
            if problem.status != StatusCode::NOT_FOUND {
                let from = peer.map_or_else(String::new, |address| format!(" (sent from {address})"));
                web.refusals.tell(&web.engine, &source, problem.status, &format!("{}{from}", problem.error)).await;
            }
            problem.into_response()
        }
    }
}

async fn take_in(
    web: &Web,
    source: &SourceName,
    token: Option<&str>,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Receipt, Problem> {
    let access = web.access();
    let Some(door) = access.doors.get(source) else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "there is no source of this name",
            "the address is /hooks/{source}, where source is a name under [sources] in the configuration",
        ));
    };
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !is_known(Shown { authorization, token }, door.secrets.iter().map(String::as_str)) {
        let (error, cure) = if door.secrets.is_empty() {
            ("no secret is set for this source", "set the secret that the configuration names for it, and reload")
        } else {
            (
                "the secret is wrong or missing",
                "send the source's secret as a bearer token, as a Basic password, or as ?token=",
            )
        };
        return Err(Problem::new(StatusCode::UNAUTHORIZED, error, cure));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too large",
            "send fewer alerts at once (Alertmanager: max_alerts), or raise server.body_limit_mib",
        ),
        status => Problem::new(status, "the body was not received whole", "send the same again"),
    })?;

    let now = web.engine.now();
    let reading = match intake::read(door.kind, source, &body) {
        Ok(reading) => reading,
        Err(unreadable) => return Err(refuse(web, source, &body, unreadable.to_string()).await),
    };
    let count = reading.alerts.len();
    let ids = if count == 0 {
        Vec::new()
    } else {
        let first = web.inbox.append(reading.alerts, now).await.map_err(|error| match error {
            InboxError::Full => Problem::unavailable("more alerts wait than can be kept waiting"),
            InboxError::Unwritable(_) => Problem::unavailable("the database cannot take alerts in now"),
        })?;
        (first..).take(count).collect()
    };
    metrics::counter!("firebell_alerts_accepted_total", "source" => source.to_string()).increment(count as u64);
    if let Some(first) = reading.rejected.first() {
        // The sender takes the 202 for an answer to all of it; somebody must hear of the rest.
        let reason = format!("item {} of a batch was not taken in: {}", first.index, first.reason);
        let kept = refuse(web, source, &body, reason).await;
        let reference = kept.reference.as_deref().unwrap_or("none");
        let why = format!("{} (reference {reference})", kept.error);
        web.refusals.tell(&web.engine, source, StatusCode::ACCEPTED.as_u16(), &why).await;
    }
    Ok(Receipt { ids, rejected: reading.rejected })
}

/// Keeps the body for a day, so that whoever mends the sender can look at it.
async fn refuse(web: &Web, source: &SourceName, body: &Bytes, reason: String) -> Problem {
    let reference = format!("{:016x}", rand::random::<u64>());
    let refused = Refused {
        source: source.clone(),
        received_at: web.engine.now(),
        reason: reason.clone(),
        body: body[..body.len().min(KEPT)].to_vec(),
    };
    let kept = async {
        let mut tx = web.engine.db().begin().await?;
        tx.keep_refused(&reference, refused).await?;
        tx.commit().await
    };
    let mut problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        reason,
        "compare it with what the source's kind sends; `firebell explain` reads a payload file as if it was posted",
    );
    match kept.await {
        Ok(()) => problem.reference = Some(reference),
        Err(error) => {
            tracing::error!(source = %source, error = &error as &dyn std::error::Error, "a refused body could not be kept");
        }
    }
    problem
}
