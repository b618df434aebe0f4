//! One connection of the REST server: each request goes through trouble, authorisation and limits to its route, and is
//! written down with its answer.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::discord::Discord;
use crate::state::State;
use crate::traffic::Traffic;
use crate::trouble::{self, TroubleKind};

use super::auth;
use super::body::{self, Upload};
use super::call::{Answer, Call};
use super::error::{ApiError, Limited, Scope};
use super::limiter::Standing;
use super::routes::{self, Access};

const PREFIX: &str = "/api/v10";
/// The largest request that Discord takes from a bot.
const MAX_BODY: usize = 25 * 1024 * 1024;

/// Takes connections until the stand-in stops.
pub(crate) async fn run(discord: Discord, listener: TcpListener, acceptor: TlsAcceptor) {
    let stopped = discord.stopped();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(tokio::spawn(connection(discord.clone(), stream, acceptor.clone()))),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            () = &mut stopped => return,
        }
    }
}

async fn connection(discord: Discord, stream: TcpStream, acceptor: TlsAcceptor) {
    // A client that does not trust our certificate ends the handshake, which is its good right.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let stopped = discord.stopped();
    let service = service_fn(move |request| {
        let discord = discord.clone();
        async move { answer(&discord, request).await }
    });
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        result = serving => if let Err(error) = result {
            tracing::debug!(%error, "a connection ended early");
        },
        () = stopped => (),
    }
}

/// The line is cut instead of answered. hyper closes a connection whose service fails.
#[derive(Debug, thiserror::Error)]
#[error("told to drop the answer")]
struct Cut;

/// A request that is read.
struct Arrived {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Value,
    files: Vec<Upload>,
}

/// A decision: what to answer, and what its headers say of limits.
struct Decision {
    result: Result<Answer, ApiError>,
    standing: Option<Standing>,
    /// A status whose body is not JSON, as a failing proxy answers.
    bare: Option<(u16, Option<f64>)>,
}

impl Decision {
    fn refused(error: ApiError) -> Self {
        Self { result: Err(error), standing: None, bare: None }
    }

    fn bare(status: u16, retry_after: Option<f64>) -> Self {
        Self { result: Ok(Answer::nothing()), standing: None, bare: Some((status, retry_after)) }
    }
}

async fn answer(discord: &Discord, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str().to_owned();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().trim_start_matches('&').to_owned();
    let struck = discord.change(|state| {
        state.recorder.request_arrived(&method, &path);
        trouble::strike(&mut state.troubles, &method, path.strip_prefix(PREFIX).unwrap_or(&path))
    });
    let read = match to_bytes(Body::new(body), MAX_BODY).await {
        Ok(bytes) => body::read(&parts.headers, bytes).await,
        Err(_) => Err(ApiError::TooLarge),
    };
    let (json, files, unreadable) = match read {
        Ok((json, files)) => (json, files, None),
        Err(error) => (Value::Null, Vec::new(), Some(error)),
    };
    let arrived = Arrived { method, path, query, headers: parts.headers, body: json, files };
    if let Some(TroubleKind::Stall(time)) = struck {
        tokio::time::sleep(time).await;
    }
    let decision = discord.change(|state| {
        let planted = match struck {
            Some(TroubleKind::Status(status, retry_after)) => Some(Decision::bare(status, retry_after)),
            Some(TroubleKind::RateLimited { retry_after, global }) => {
                let scope = if global { Scope::Global } else { Scope::User };
                Some(Decision::refused(ApiError::RateLimited(Limited { retry_after, scope })))
            }
            Some(TroubleKind::Error { status, code }) => Some(Decision::refused(ApiError::Planted { status, code })),
            Some(TroubleKind::Stall(_) | TroubleKind::DropAnswer) | None => None,
        };
        let decision = match (planted, unreadable) {
            (Some(planted), _) => planted,
            (None, _) if state.down => Decision::bare(502, None),
            (None, Some(error)) => {
                note_violation(state, &arrived, &error);
                Decision::refused(error)
            }
            (None, None) => decide(state, &arrived),
        };
        let cut = struck == Some(TroubleKind::DropAnswer);
        state.recorder.request_answered(record(&arrived, &decision, cut));
        if cut { Err(Cut) } else { Ok(decision) }
    })?;
    Ok(respond(decision))
}

/// The way of every request that nothing strikes.
fn decide(state: &mut State, arrived: &Arrived) -> Decision {
    let now = state.now();
    let path = arrived.path.strip_prefix(PREFIX);
    let found = path.ok_or(ApiError::NoSuchRoute).and_then(|path| routes::find(&arrived.method, path));
    let (route, variables) = match found {
        Ok(found) => found,
        Err(error) => {
            note_violation(state, arrived, &error);
            return Decision::refused(error);
        }
    };
    if route.access == Access::Bot
        && let Err(error) = auth::check(&arrived.headers, &state.options.token)
    {
        return Decision::refused(error);
    }
    if route.access != Access::Token
        && let Err(error) = state.limiter.take_global(now)
    {
        return Decision::refused(error);
    }
    let mut quota = route.quota;
    if quota.name == "create-channel" {
        quota.requests = state.options.channel_creations;
    }
    let (standing, room) = state.limiter.take(quota, &routes::major(&variables), now);
    if let Err(error) = room {
        return Decision { result: Err(error), standing: Some(standing), bare: None };
    }
    state.archive_silent_threads();
    let path = variables.into_iter().map(|(name, text)| (name, decoded(&text))).collect();
    let call = Call { path, query: query(&arrived.query), body: &arrived.body, files: &arrived.files };
    let result = check_reason(&arrived.headers).and_then(|()| (route.work)(state, &call));
    if let Err(error) = &result {
        note_violation(state, arrived, error);
    }
    Decision { result, standing: Some(standing), bare: None }
}

fn note_violation(state: &mut State, arrived: &Arrived, error: &ApiError) {
    if let Some(what) = error.violation() {
        state.violation(format!("{} {}: {what}", arrived.method, arrived.path));
    }
}

/// The reason for the audit log: 1 to 512 characters once decoded.
fn check_reason(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(reason) = headers.get("x-audit-log-reason") else { return Ok(()) };
    let readable = reason.to_str().map(decoded).unwrap_or_default();
    if (1..=512).contains(&readable.chars().count()) {
        return Ok(());
    }
    let message = "Must be between 1 and 512 in length.";
    Err(crate::check::form::Problems::one("X-Audit-Log-Reason", "BASE_TYPE_BAD_LENGTH", message))
}

fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let split = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    pairs.map(split).collect()
}

/// Resolves percent signs; what is not one stays as it is.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = text.get(at + 1..at + 3).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (bytes[at], pair) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 3;
            }
            (byte, _) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn record(arrived: &Arrived, decision: &Decision, cut: bool) -> Traffic {
    let (status, resp) = match (&decision.bare, &decision.result) {
        (Some((status, _)), _) => (*status, Value::Null),
        (None, Ok(answer)) => (answer.status, answer.body.clone().unwrap_or_default()),
        (None, Err(error)) => (error.status(), error.body()),
    };
    Traffic::Rest {
        method: arrived.method.clone(),
        path: arrived.path.strip_prefix(PREFIX).unwrap_or(&arrived.path).to_owned(),
        query: arrived.query.clone(),
        req: arrived.body.clone(),
        status: if cut { 0 } else { status },
        resp: if cut { Value::Null } else { resp },
    }
}

fn respond(decision: Decision) -> Response<Body> {
    let (status, body, limited) = match (decision.bare, decision.result) {
        (Some((status, retry_after)), _) => {
            let limited = retry_after.map(|retry_after| Limited { retry_after, scope: Scope::Shared });
            (status, Bytes::new(), limited)
        }
        (None, Ok(answer)) => {
            (answer.status, answer.body.map(|body| body.to_string().into()).unwrap_or_default(), None)
        }
        (None, Err(error)) => {
            let limited = if let ApiError::RateLimited(limited) = &error { Some(*limited) } else { None };
            (error.status(), error.body().to_string().into(), limited)
        }
    };
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status.try_into().unwrap_or_default();
    let headers = response.headers_mut();
    if has_body {
        headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    if let Some(standing) = &decision.standing {
        set_standing(headers, standing);
    }
    if let Some(limited) = limited {
        // Discord gives whole seconds here, rounded up; the body has the fraction. Clients that obey only the header
        // then wait too long, never too short; a stand-in need not slow a test by that.
        set(headers, "retry-after", limited.retry_after);
        let scope = match limited.scope {
            Scope::User => "user",
            Scope::Global => "global",
            Scope::Shared => "shared",
        };
        headers.insert("x-ratelimit-scope", HeaderValue::from_static(scope));
        if limited.scope == Scope::Global {
            headers.insert("x-ratelimit-global", HeaderValue::from_static("true"));
        }
    }
    response
}

fn set_standing(headers: &mut HeaderMap, standing: &Standing) {
    let resets_at = standing.resets_at;
    set(headers, "x-ratelimit-limit", standing.limit);
    set(headers, "x-ratelimit-remaining", standing.remaining);
    set(headers, "x-ratelimit-reset", format!("{}.{:03}", resets_at.timestamp(), resets_at.timestamp_subsec_millis()));
    set(headers, "x-ratelimit-reset-after", format!("{:.3}", standing.reset_after));
    set(headers, "x-ratelimit-bucket", &standing.bucket);
}

fn set(headers: &mut HeaderMap, name: &'static str, value: impl ToString) {
    // Numbers and hexadecimal digits are always a valid header.
    if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::{decoded, query};

    #[test]
    fn percent_signs_are_resolved_and_lone_ones_stay() {
        assert_eq!(decoded("%F0%9F%91%80 100% a%2Fb"), "👀 100% a/b");
    }

    #[test]
    fn the_query_of_serenity_with_its_leading_ampersand_is_read() {
        assert_eq!(query("&limit=5&after=1").get("limit").map(String::as_str), Some("5"));
    }
}
