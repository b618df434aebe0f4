//! The gateway: plain WebSocket on loopback, JSON without compression.

pub(crate) mod event;
pub(crate) mod hub;
pub(crate) mod intent;
mod session;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State as Shared;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{Notify, mpsc};

use crate::discord::Discord;
use hub::{Line, Order, WAITING};

/// How many frames a bot may send in a minute, heartbeats included.
const FRAMES_PER_MINUTE: usize = 120;
/// The code for a bot that sends too much.
const RATE_LIMITED: u16 = 4008;

/// The routes of the gateway's port.
pub(crate) fn router(discord: Discord) -> Router {
    Router::new().route("/", get(connect)).with_state(discord)
}

async fn connect(Shared(discord): Shared<Discord>, upgrade: WebSocketUpgrade) -> Response {
    match discord.read(|state| (state.down, state.hub.refusing)) {
        (true, _) => StatusCode::BAD_GATEWAY.into_response(),
        (_, true) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        (false, false) => upgrade.on_upgrade(move |socket| serve(discord, socket)),
    }
}

async fn serve(discord: Discord, mut socket: WebSocket) {
    let (orders, mut inbox) = mpsc::channel(WAITING);
    let line = discord.change(|state| {
        state.hub.connections += 1;
        let line = Line { number: state.hub.connections, orders, cut: Arc::new(Notify::new()) };
        state.hub.lines.push(line.clone());
        state.hello(&line);
        line
    });
    let stopped = discord.stopped();
    tokio::pin!(stopped);
    let mut pace = Pace::default();
    loop {
        tokio::select! {
            order = inbox.recv() => match order {
                Some(Order::Send(text)) => {
                    if socket.send(Frame::Text(text.into())).await.is_err() {
                        break;
                    }
                }
                Some(Order::Close(code)) => {
                    close(&mut socket, code).await;
                    break;
                }
                None => break,
            },
            frame = socket.recv() => match frame {
                Some(Ok(Frame::Text(text))) => {
                    let result = if pace.allows() {
                        discord.change(|state| state.gateway_frame(&line, &text, &discord.gateway_url()))
                    } else {
                        discord.change(|state| state.violation("gateway: more than 120 frames in a minute"));
                        Err(RATE_LIMITED)
                    };
                    if let Err(code) = result {
                        close(&mut socket, code).await;
                        break;
                    }
                }
                Some(Ok(Frame::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => (),
            },
            () = line.cut.notified() => break,
            () = &mut stopped => break,
        }
    }
    discord.change(|state| state.line_ended(line.number));
}

async fn close(socket: &mut WebSocket, code: u16) {
    let frame = CloseFrame { code, reason: "".into() };
    // The other side may be gone already, which is what closing is for.
    let _ = socket.send(Frame::Close(Some(frame))).await;
}

/// The frames of the last minute on one connection.
#[derive(Debug, Default)]
struct Pace(VecDeque<Instant>);

impl Pace {
    fn allows(&mut self) -> bool {
        let now = Instant::now();
        while self.0.front().is_some_and(|first| Duration::from_secs(60) <= now - *first) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len() <= FRAMES_PER_MINUTE
    }
}
