//! The sessions of the gateway: who is connected, what each was sent, and what is replayed on a resume.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::state::State;
use crate::traffic::Direction;
use crate::wire;

use super::event::Event;
use super::intent;

/// How many dispatches a session keeps for a resume; one that fell further behind must identify anew.
const REPLAY: usize = 2000;

/// How many frames may wait for one connection; one that is further behind is cut off and has to resume.
pub(crate) const WAITING: usize = 1024;

/// What a connection is told to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Order {
    /// Send this frame.
    Send(String),
    /// Close with this code.
    Close(u16),
}

/// The line to one connection.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Which connection it is; a session that moved on ignores the end of its old one.
    pub number: u64,
    pub orders: Sender<Order>,
    /// Ends the connection without a word, whatever still waits.
    pub cut: Arc<Notify>,
}

impl Line {
    fn order(&self, order: Order) {
        match self.orders.try_send(order) {
            Err(TrySendError::Full(_)) => self.cut.notify_one(),
            // A connection that is just ending takes no more; its session keeps all for a resume.
            Ok(()) | Err(TrySendError::Closed(_)) => (),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Session {
    pub id: String,
    pub intents: u64,
    pub sequence: u64,
    pub sent: VecDeque<(u64, Value)>,
    pub line: Option<Line>,
}

/// All of the gateway's memory.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    pub sessions: Vec<Session>,
    /// Every open connection, whether identified or not.
    pub lines: Vec<Line>,
    /// Whether nothing is said to anybody: frames are lost, connections stay open.
    pub silent: bool,
    /// Whether new connections are refused.
    pub refusing: bool,
    /// Where it can be reached.
    pub address: String,
    /// How many connections there ever were.
    pub connections: u64,
    /// How many sessions there ever were.
    pub identifies: u64,
}

impl Hub {
    pub fn connected(&self) -> bool {
        self.sessions.iter().any(|session| session.line.is_some())
    }

    /// Ends every open connection, with a code or without a word; the sessions live on for a resume.
    pub fn end_connections(&mut self, code: Option<u16>) {
        for line in self.lines.drain(..) {
            match code {
                Some(code) => line.order(Order::Close(code)),
                None => line.cut.notify_one(),
            }
        }
        for session in &mut self.sessions {
            session.line = None;
        }
    }
}

impl State {
    /// Sends an event to every session that may know of it.
    pub fn emit(&mut self, event: Event) {
        let hidden = event
            .channel
            .and_then(|channel| self.channels.get(&channel))
            .is_some_and(|channel| !self.can_see(self.options.bot_user, channel));
        let about_guild = event.frame.get("guild_id").is_some() && event.name != "INTERACTION_CREATE";
        if hidden || about_guild && !self.bot_present {
            return;
        }
        for at in 0..self.hub.sessions.len() {
            let intents = self.hub.sessions[at].intents;
            if event.intent != 0 && intents & event.intent == 0 {
                continue;
            }
            let may_read = intents & intent::MESSAGE_CONTENT != 0;
            let frame = match &event.without_content {
                Some(without) if !may_read => without,
                _ => &event.frame,
            };
            self.dispatch(at, event.name, frame.clone());
        }
    }

    /// Sends one dispatch to the session at `at` and keeps it for a resume.
    pub fn dispatch(&mut self, at: usize, name: &str, frame: Value) {
        let session = &mut self.hub.sessions[at];
        session.sequence += 1;
        let dispatch = json!({"op": 0, "t": name, "s": session.sequence, "d": frame});
        session.sent.push_back((session.sequence, dispatch.clone()));
        if REPLAY < session.sent.len() {
            session.sent.pop_front();
        }
        if let Some(line) = session.line.clone() {
            self.say(&line, &dispatch);
        }
    }

    /// Puts a frame on a line, unless the gateway is silent.
    pub fn say(&mut self, line: &Line, frame: &Value) {
        if self.hub.silent {
            return;
        }
        self.recorder.gateway(Direction::Out, frame);
        line.order(Order::Send(frame.to_string()));
    }

    /// Announces the guild to every session that wants guilds.
    pub fn emit_guild_create(&mut self) {
        for at in 0..self.hub.sessions.len() {
            self.guild_create(at);
        }
    }

    /// Announces the guild to one session, if it wants guilds and the bot is in one.
    pub fn guild_create(&mut self, at: usize) {
        let intents = self.hub.sessions[at].intents;
        if intents & intent::GUILDS == 0 || !self.bot_present {
            return;
        }
        let frame = wire::guild::guild_create(self, intents & intent::GUILD_MEMBERS != 0);
        self.dispatch(at, "GUILD_CREATE", frame);
    }
}
