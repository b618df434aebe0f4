//! Calls that change the world, and calls that make the stand-in misbehave.

use std::time::Duration;

use axum::Json;
use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::json;

use crate::discord::Discord;
use crate::model::Person;
use crate::trouble::{Trouble, TroubleKind};
use crate::wire;

use super::body::{IdText, Outcome, Refused, done};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PinBody {
    user: IdText,
    channel: IdText,
    message: IdText,
}

pub(super) async fn pin(Shared(discord): Shared<Discord>, Json(body): Json<PinBody>) -> Outcome {
    discord.set_pinned(body.user.0, body.channel.0, body.message.0, true);
    done()
}

pub(super) async fn unpin(Shared(discord): Shared<Discord>, Json(body): Json<PinBody>) -> Outcome {
    discord.set_pinned(body.user.0, body.channel.0, body.message.0, false);
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageBody {
    channel: IdText,
    message: IdText,
}

pub(super) async fn delete_message(Shared(discord): Shared<Discord>, Json(body): Json<MessageBody>) -> Outcome {
    Ok(Json(json!({"found": discord.delete_message(body.channel.0, body.message.0)})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelBody {
    channel: IdText,
}

pub(super) async fn delete_channel(Shared(discord): Shared<Discord>, Json(body): Json<ChannelBody>) -> Outcome {
    Ok(Json(json!({"found": discord.delete_channel(body.channel.0)})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RolesBody {
    user: IdText,
    roles: Vec<IdText>,
}

pub(super) async fn roles(Shared(discord): Shared<Discord>, Json(body): Json<RolesBody>) -> Outcome {
    let roles = body.roles.into_iter().map(|role| role.0).collect();
    Ok(Json(json!({"found": discord.set_roles(body.user.0, roles)})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonBody {
    id: Option<IdText>,
    name: String,
    #[serde(default)]
    roles: Vec<IdText>,
}

pub(super) async fn add_person(Shared(discord): Shared<Discord>, Json(body): Json<PersonBody>) -> Outcome {
    let roles = body.roles.into_iter().map(|role| role.0).collect();
    let id = discord.add_person(Person { id: body.id.map(|id| id.0), name: &body.name, roles });
    Ok(Json(json!({"id": id.to_string()})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CloseBody {
    user: IdText,
    closed: bool,
}

pub(super) async fn close_dms(Shared(discord): Shared<Discord>, Json(body): Json<CloseBody>) -> Outcome {
    discord.close_dms(body.user.0, body.closed);
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdvanceBody {
    seconds: u64,
}

pub(super) async fn advance(Shared(discord): Shared<Discord>, Json(body): Json<AdvanceBody>) -> Outcome {
    discord.advance(Duration::from_secs(body.seconds));
    Ok(Json(json!({"now": wire::time(discord.now())})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BotBody {
    present: Option<bool>,
    permissions: Option<IdText>,
}

pub(super) async fn bot(Shared(discord): Shared<Discord>, Json(body): Json<BotBody>) -> Outcome {
    match body.present {
        Some(true) => discord.add_bot_back(),
        Some(false) => discord.remove_bot(),
        None => (),
    }
    if let Some(permissions) = body.permissions {
        discord.set_bot_permissions(permissions.0);
    }
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TroubleBody {
    method: Option<String>,
    path: String,
    #[serde(default = "once")]
    times: u32,
    status: Option<StatusBody>,
    rate_limited: Option<LimitBody>,
    stall_ms: Option<u64>,
    #[serde(default)]
    drop_answer: bool,
    error: Option<ErrorBody>,
}

const fn once() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    status: u16,
    retry_after: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitBody {
    retry_after: f64,
    #[serde(default)]
    global: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorBody {
    status: u16,
    code: u32,
}

pub(super) async fn trouble(Shared(discord): Shared<Discord>, Json(body): Json<TroubleBody>) -> Outcome {
    let kinds = [
        body.status.map(|own| TroubleKind::Status(own.status, own.retry_after)),
        body.rate_limited.map(|own| TroubleKind::RateLimited { retry_after: own.retry_after, global: own.global }),
        body.stall_ms.map(|own| TroubleKind::Stall(Duration::from_millis(own))),
        body.drop_answer.then_some(TroubleKind::DropAnswer),
        body.error.map(|own| TroubleKind::Error { status: own.status, code: own.code }),
    ];
    let mut kinds = kinds.into_iter().flatten();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return Err(Refused::from("give one of status, rate_limited, stall_ms, drop_answer, error"));
    };
    discord.trouble(Trouble { method: body.method.as_deref(), path: &body.path, times: body.times, kind });
    done()
}

pub(super) async fn clear_trouble(Shared(discord): Shared<Discord>) -> Outcome {
    discord.clear_trouble();
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatewayBody {
    /// A code; 0 drops the line without a word.
    close: Option<u16>,
    silent: Option<bool>,
    refuse: Option<bool>,
    /// Whether the session may be resumed.
    invalidate: Option<bool>,
}

pub(super) async fn gateway(Shared(discord): Shared<Discord>, Json(body): Json<GatewayBody>) -> Outcome {
    if let Some(silent) = body.silent {
        discord.silence_gateway(silent);
    }
    if let Some(refuse) = body.refuse {
        discord.refuse_gateway(refuse);
    }
    if let Some(resumable) = body.invalidate {
        discord.invalidate_session(resumable);
    }
    if let Some(code) = body.close {
        discord.close_gateway((code != 0).then_some(code));
    }
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DownBody {
    down: bool,
}

pub(super) async fn down(Shared(discord): Shared<Discord>, Json(body): Json<DownBody>) -> Outcome {
    discord.go_down(body.down);
    done()
}
