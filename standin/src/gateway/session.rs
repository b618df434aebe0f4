//! What the gateway makes of each frame that a bot sends: identify, resume, heartbeat, and what it refuses.

use serde_json::{Value, json};

use crate::rest::auth;
use crate::state::State;
use crate::traffic::Direction;
use crate::wire;

use super::hub::{Line, Session};
use super::intent;

/// The longest frame that Discord takes.
const MAX_FRAME: usize = 4096;

/// The reasons for which Discord ends a connection.
mod close {
    pub const UNKNOWN_OPCODE: u16 = 4001;
    pub const DECODE_ERROR: u16 = 4002;
    pub const NOT_AUTHENTICATED: u16 = 4003;
    pub const AUTHENTICATION_FAILED: u16 = 4004;
    pub const ALREADY_AUTHENTICATED: u16 = 4005;
    pub const INVALID_SEQUENCE: u16 = 4007;
    pub const INVALID_SHARD: u16 = 4010;
    pub const INVALID_INTENTS: u16 = 4013;
    pub const DISALLOWED_INTENTS: u16 = 4014;
}

impl State {
    /// The first word on a new connection.
    pub fn hello(&mut self, line: &Line) {
        let interval = u64::try_from(self.options.heartbeat.as_millis()).unwrap_or(u64::MAX);
        self.say(line, &json!({"op": 10, "s": null, "t": null, "d": {"heartbeat_interval": interval, "_trace": []}}));
    }

    /// Acts on one frame; the answer is a code when the connection must end. `address` is where the gateway can be
    /// reached again.
    pub fn gateway_frame(&mut self, line: &Line, text: &str, address: &str) -> Result<(), u16> {
        if MAX_FRAME < text.len() {
            self.violation(format!("gateway: a frame of {} bytes, the limit is {MAX_FRAME}", text.len()));
            return Err(close::DECODE_ERROR);
        }
        let frame: Value = serde_json::from_str(text).map_err(|_| close::DECODE_ERROR)?;
        self.recorder.gateway(Direction::In, &without_token(&frame));
        let body = &frame["d"];
        match frame["op"].as_u64() {
            Some(1) => self.heartbeat(line),
            Some(2) => self.identify(line, body, address)?,
            Some(3) => self.needs_session(line)?,
            Some(6) => self.resume(line, body)?,
            Some(8) => self.send_members(line, body)?,
            _ => {
                self.violation(format!("gateway: unknown opcode {}", frame["op"]));
                return Err(close::UNKNOWN_OPCODE);
            }
        }
        Ok(())
    }

    /// Forgets the line of a connection that has ended.
    pub fn line_ended(&mut self, number: u64) {
        self.hub.lines.retain(|line| line.number != number);
        for session in &mut self.hub.sessions {
            if session.line.as_ref().is_some_and(|line| line.number == number) {
                session.line = None;
            }
        }
    }

    fn heartbeat(&mut self, line: &Line) {
        self.say(line, &json!({"op": 11}));
    }

    fn session_of(&self, line: &Line) -> Option<usize> {
        let same = |session: &Session| session.line.as_ref().is_some_and(|own| own.number == line.number);
        self.hub.sessions.iter().position(same)
    }

    fn needs_session(&self, line: &Line) -> Result<(), u16> {
        self.session_of(line).map(drop).ok_or(close::NOT_AUTHENTICATED)
    }

    fn identify(&mut self, line: &Line, body: &Value, address: &str) -> Result<(), u16> {
        if self.session_of(line).is_some() {
            return Err(close::ALREADY_AUTHENTICATED);
        }
        let token = body["token"].as_str().unwrap_or_default();
        if auth::bare(token) != self.options.token {
            return Err(close::AUTHENTICATION_FAILED);
        }
        let intents = body["intents"].as_u64().ok_or(close::INVALID_INTENTS)?;
        if intents & !intent::KNOWN != 0 {
            return Err(close::INVALID_INTENTS);
        }
        if intents & intent::PRIVILEGED != 0 && !self.options.privileged_intents {
            return Err(close::DISALLOWED_INTENTS);
        }
        let shard = body.get("shard").cloned().unwrap_or_else(|| json!([0, 1]));
        if shard[1].as_u64() != Some(1) {
            return Err(close::INVALID_SHARD);
        }
        self.hub.identifies += 1;
        let id = format!("session{:032x}", self.clock.snowflake());
        let ready = json!({
            "v": 10,
            "user": wire::user::current_user(self),
            "guilds": self.bot_present.then(|| json!({"id": self.options.guild.to_string(), "unavailable": true})).into_iter().collect::<Vec<_>>(),
            "session_id": id,
            "resume_gateway_url": address,
            "shard": shard,
            "session_type": "normal",
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "guild_join_requests": [],
            "user_settings": {},
            "geo_ordered_rtc_regions": [],
            "application": {"id": self.options.application.to_string(), "flags": 0},
            "_trace": [],
        });
        // One bot, one shard: an older session without a connection would only collect events for nobody.
        self.hub.sessions.retain(|session| session.line.is_some());
        let session = Session { id, intents, sequence: 0, sent: [].into(), line: Some(line.clone()) };
        self.hub.sessions.push(session);
        let at = self.hub.sessions.len() - 1;
        self.dispatch(at, "READY", ready);
        self.guild_create(at);
        Ok(())
    }

    fn resume(&mut self, line: &Line, body: &Value) -> Result<(), u16> {
        if auth::bare(body["token"].as_str().unwrap_or_default()) != self.options.token {
            return Err(close::AUTHENTICATION_FAILED);
        }
        let id = body["session_id"].as_str().unwrap_or_default();
        let Some(at) = self.hub.sessions.iter().position(|session| session.id == id) else {
            self.say(line, &json!({"op": 9, "d": false}));
            return Ok(());
        };
        let seen = body["seq"].as_u64().ok_or(close::INVALID_SEQUENCE)?;
        let session = &mut self.hub.sessions[at];
        if session.sequence < seen {
            return Err(close::INVALID_SEQUENCE);
        }
        let oldest = session.sent.front().map_or(session.sequence + 1, |(sequence, _)| *sequence);
        if seen + 1 < oldest {
            self.hub.sessions.remove(at);
            self.say(line, &json!({"op": 9, "d": false}));
            return Ok(());
        }
        session.line = Some(line.clone());
        let missed: Vec<_> =
            session.sent.iter().filter(|(sequence, _)| seen < *sequence).map(|(_, frame)| frame.clone()).collect();
        for frame in missed {
            self.say(line, &frame);
        }
        self.dispatch(at, "RESUMED", json!({"_trace": []}));
        Ok(())
    }

    fn send_members(&mut self, line: &Line, body: &Value) -> Result<(), u16> {
        let at = self.session_of(line).ok_or(close::NOT_AUTHENTICATED)?;
        let wanted: Option<Vec<&str>> = match &body["user_ids"] {
            Value::Array(ids) => Some(ids.iter().filter_map(Value::as_str).collect()),
            Value::String(id) => Some(vec![id]),
            _ => None,
        };
        let query = body["query"].as_str().unwrap_or_default().to_lowercase();
        let members: Vec<_> = self
            .members
            .values()
            .filter(|member| member.present)
            .filter(|member| match &wanted {
                Some(ids) => ids.contains(&member.id.to_string().as_str()),
                None => member.username.starts_with(&query),
            })
            .map(wire::user::member)
            .collect();
        let chunk = json!({
            "guild_id": self.options.guild.to_string(),
            "members": members,
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
            "nonce": body["nonce"],
        });
        self.dispatch(at, "GUILD_MEMBERS_CHUNK", chunk);
        Ok(())
    }

    /// Tells every connection that its session is void, or that it must be resumed.
    pub fn invalidate_sessions(&mut self, resumable: bool) {
        let lines: Vec<_> = self.hub.sessions.iter().filter_map(|session| session.line.clone()).collect();
        if !resumable {
            self.hub.sessions.clear();
        }
        for line in lines {
            self.say(&line, &json!({"op": 9, "d": resumable}));
        }
    }

    /// Ends every connection with a code, or without a word.
    pub fn close_connections(&mut self, code: Option<u16>) {
        self.hub.end_connections(code);
    }
}

/// The frame as it may be written down.
fn without_token(frame: &Value) -> Value {
    let mut shown = frame.clone();
    if let Some(token) = shown.pointer_mut("/d/token") {
        *token = json!("(token)");
    }
    shown
}
