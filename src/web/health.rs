//! Whether it lives, whether it is ready, and figures for whoever watches it.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Duration;
use serde::Serialize;

use crate::clock::real_time;
use crate::domain::alert::Severity;
use crate::domain::incident::Phase;
use crate::store::StoreError;
use crate::web::Web;

/// `/healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// How long looking may take; whoever asks does not wait for ever.
const LOOK: std::time::Duration = std::time::Duration::from_secs(5);

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    database: &'static str,
    chat: &'static str,
    /// What the bot lacks in its server, with what it costs.
    lacking: Vec<String>,
    triage: String,
    outbox: String,
}

/// `/readyz`: the parts that work depends on, each by itself.
pub async fn ready(State(web): State<Web>) -> Response {
    let chat = *web.chat.connected.borrow();
    let lacking = web.chat.lacking.borrow().clone();
    let looked = tokio::time::timeout(LOOK, look(&web)).await.unwrap_or(Err(StoreError::TooSlow));
    if let Err(error) = &looked {
        tracing::warn!(error = error as &dyn std::error::Error, "not ready");
    }
    let is_failing = web.inbox.is_failing();
    // Neither Discord being away nor a triage that is behind may keep alerts out: they are kept, and the rest follows.
    let (ready, database) = match &looked {
        Ok(_) if is_failing => (false, "could not take alerts in a moment ago"),
        Ok(_) => (true, "ok"),
        Err(_) => (false, "cannot be read and written"),
    };
    let unknown = || "unknown".to_owned();
    let readiness = Readiness {
        ready,
        database,
        chat: if chat { "connected" } else { "not connected" },
        lacking,
        triage: looked.as_ref().map_or_else(|_| unknown(), |lags| behind(lags.inbox)),
        outbox: looked.as_ref().map_or_else(|_| unknown(), |lags| behind(lags.outbox)),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

fn behind(lag: Duration) -> String {
    if lag <= Duration::zero() { "nothing waits".to_owned() } else { format!("{} s behind", lag.num_seconds()) }
}

struct Lags {
    inbox: Duration,
    outbox: Duration,
}

async fn look(web: &Web) -> Result<Lags, StoreError> {
    let now = web.engine.now();
    let since = |moment: Option<crate::domain::Timestamp>| moment.map_or(Duration::zero(), |moment| now - moment);
    // A disk that is full can still be read.
    let moment = real_time();
    let mut tx = web.engine.db().begin().await?;
    tx.hold_lease("readiness", "anybody", moment, moment).await?;
    tx.commit().await?;
    let mut tx = web.engine.db().read().await?;
    Ok(Lags { inbox: since(tx.inbox_behind().await?.oldest), outbox: since(tx.oldest_due_job(now).await?) })
}

/// `/metrics`: figures in Prometheus' text format.
pub async fn metrics(State(web): State<Web>) -> Response {
    let Some(handle) = web.metrics.clone() else { return StatusCode::NOT_FOUND.into_response() };
    if let Err(error) = measure(&web).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the database could not be measured");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
}

async fn measure(web: &Web) -> Result<(), StoreError> {
    let now = web.engine.now();
    metrics::gauge!("firebell_inbox_requests_waiting").set(web.inbox.waiting() as f64);
    metrics::gauge!("firebell_chat_connected").set(if *web.chat.connected.borrow() { 1.0 } else { 0.0 });
    metrics::gauge!("firebell_chat_lacking").set(web.chat.lacking.borrow().len() as f64);
    let mut tx = web.engine.db().read().await?;
    let behind = tx.inbox_behind().await?;
    metrics::gauge!("firebell_inbox_alerts_waiting").set(behind.waiting as f64);
    let age = behind.oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64());
    metrics::gauge!("firebell_inbox_oldest_seconds").set(age);
    metrics::gauge!("firebell_alerts_set_aside").set(tx.count_set_aside().await? as f64);
    metrics::gauge!("firebell_refused_bodies_kept").set(tx.count_refused().await? as f64);
    let states = tx.job_states().await?;
    for state in ["queued", "running", "done", "buried", "cancelled"] {
        let count = states.iter().find(|(name, _)| name == state).map_or(0, |(_, count)| *count);
        metrics::gauge!("firebell_jobs", "state" => state).set(count as f64);
    }
    let oldest = tx.oldest_due_job(now).await?.map_or(0.0, |due| (now - due).as_seconds_f64());
    metrics::gauge!("firebell_outbox_oldest_seconds").set(oldest);
    let counts = tx.incident_counts().await?;
    for phase in Phase::ALL.iter().map(|phase| phase.word()) {
        for severity in Severity::ALL.map(|severity| severity.to_string()) {
            let found = counts.iter().find(|(one, other, _)| (one.as_str(), other) == (phase, &severity));
            let count = found.map_or(0, |(.., count)| *count);
            metrics::gauge!("firebell_incidents", "phase" => phase, "severity" => severity).set(count as f64);
        }
    }
    Ok(())
}
