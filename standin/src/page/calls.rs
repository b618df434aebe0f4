//! What the page asks for besides acting as somebody.

use std::time::Duration;

use axum::Json;
use axum::extract::State as Shared;
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::body::{Outcome, Refused, done};
use crate::discord::Discord;
use crate::wire;

use super::weather::Weather;

/// The furthest that the clock is moved at once: beyond it the bot would have more to do than anybody can follow.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RingBody {
    alarm: String,
}

pub(super) async fn ring(Shared(discord): Shared<Discord>, Json(body): Json<RingBody>) -> Outcome {
    let backstage = discord.read(|state| state.stage.backstage.clone());
    let backstage = backstage.ok_or(Refused::from("there is nothing here that could be rung"))?;
    let rung = backstage.ring(&body.alarm).await.map_err(|error| Refused::from(error.as_str()))?;
    Ok(Json(json!({
        "request": rung.request,
        "body": rung.body,
        "status": rung.status,
        "answer": rung.answer,
        "requests": rung.requests,
        "accepted": rung.accepted,
        "took_ms": u64::try_from(rung.took.as_millis()).unwrap_or(u64::MAX),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PassBody {
    /// How long; without it, to the next timer.
    seconds: Option<u64>,
}

pub(super) async fn pass(Shared(discord): Shared<Discord>, Json(body): Json<PassBody>) -> Outcome {
    let by = match body.seconds {
        Some(seconds) => Duration::from_secs(seconds),
        None => discord
            .read(|state| {
                let timer = state.stage.timer.as_ref()?;
                // A second more, so that it is surely due.
                (timer.at - state.now() + TimeDelta::seconds(1)).to_std().ok()
            })
            .ok_or(Refused::from("no timer is set"))?,
    };
    if LONGEST < by {
        return Err(Refused::from("the clock is moved by a week at most"));
    }
    let backstage = discord.read(|state| state.stage.backstage.clone());
    if let Some(backstage) = backstage {
        backstage.pass(by).await.map_err(|error| Refused::from(error.as_str()))?;
    }
    discord.advance(by);
    Ok(Json(json!({"now": wire::time(discord.now())})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeatherBody {
    weather: Weather,
}

pub(super) async fn weather(Shared(discord): Shared<Discord>, Json(body): Json<WeatherBody>) -> Outcome {
    discord.change(|state| state.set_weather(body.weather));
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TourBody {
    restart: bool,
}

pub(super) async fn tour(Shared(discord): Shared<Discord>, Json(body): Json<TourBody>) -> Json<Value> {
    if body.restart {
        discord.change(crate::state::State::restart_tour);
    }
    Json(json!({}))
}
