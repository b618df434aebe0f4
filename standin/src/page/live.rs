//! The stream that keeps a page up to date: first all that a person sees, then what changes, in small batches.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::control::body::{IdText, Outcome, Refused};
use crate::discord::Discord;
use crate::model::{Id, Message};
use crate::state::State;

use super::scene;

/// How long changes are gathered before they are sent: a storm becomes some batches a second.
const GATHER: Duration = Duration::from_millis(60);
/// How many messages of a channel are sent at once.
const NEWEST: usize = 100;

#[derive(Deserialize)]
pub(super) struct Reader {
    user: IdText,
}

pub(super) async fn live(
    Shared(discord): Shared<Discord>,
    Query(reader): Query<Reader>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refused> {
    let user = reader.user.0;
    if !discord.read(|state| state.members.get(&user).is_some_and(|member| member.present)) {
        return Err(Refused::from("there is nobody of this id in the guild"));
    }
    let follower = Follower::new(discord, user);
    let events = stream::unfold(follower, async |mut follower| {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// Whom one can be, before one is anybody.
pub(super) async fn cast(Shared(discord): Shared<Discord>) -> Json<Value> {
    Json(discord.read(|state| {
        let people = state.members.values().filter(|member| member.present && !member.bot);
        let people: Vec<_> = people.map(|member| member.id.to_string()).collect();
        let cast: Vec<_> = state.stage.cast.iter().map(|part| part.user.to_string()).collect();
        json!({"cast": if cast.is_empty() { &people } else { &cast }, "people": people})
    }))
}

#[derive(Deserialize)]
pub(super) struct Before {
    user: IdText,
    channel: IdText,
    before: IdText,
}

/// The messages of a channel before one of them.
pub(super) async fn earlier(Shared(discord): Shared<Discord>, Query(query): Query<Before>) -> Outcome {
    let (user, channel, before) = (query.user.0, query.channel.0, query.before.0);
    discord.read(|state| {
        state.channel_seen_by(user, channel)?;
        let messages = state.messages.get(&channel).into_iter().flat_map(|own| own.range(..before));
        let mut found: Vec<_> = messages
            .rev()
            .map(|(_, message)| message)
            .filter(|message| scene::is_for(user, message))
            .take(NEWEST)
            .map(|message| scene::message(state, user, message))
            .collect();
        found.reverse();
        Ok(Json(json!(found)))
    })
}

/// One open page.
struct Follower {
    discord: Discord,
    changed: watch::Receiver<u64>,
    user: Id,
    /// What was sent, so that only what differs is sent again.
    scene: String,
    commands: String,
    channels: BTreeSet<Id>,
    revision: u64,
    waiting: VecDeque<Event>,
}

impl Follower {
    fn new(discord: Discord, user: Id) -> Self {
        let mut changed = discord.changed();
        changed.mark_changed();
        Self {
            discord,
            changed,
            user,
            scene: String::new(),
            commands: String::new(),
            channels: BTreeSet::new(),
            revision: 0,
            waiting: VecDeque::new(),
        }
    }

    /// The next thing to send; none when the stand-in stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let stopped = self.discord.stopped();
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                () = stopped => return None,
            }
            if self.revision != 0 {
                tokio::time::sleep(GATHER).await;
            }
            self.changed.borrow_and_update();
            self.look();
        }
    }

    /// Finds what is not as it was sent.
    fn look(&mut self) {
        self.discord.quietly(State::follow_tour);
        let discord = self.discord.clone();
        discord.read(|state| {
            let scene = scene::scene(state, self.user).to_string();
            let commands = scene::commands(state).to_string();
            let messages = self.messages(state);
            let is_first = self.scene.is_empty();
            if scene != self.scene {
                self.waiting.push_back(Event::default().event("scene").data(&scene));
                self.scene = scene;
            }
            if commands != self.commands {
                self.waiting.push_back(Event::default().event("commands").data(&commands));
                self.commands = commands;
            }
            if is_first || messages.is_some() {
                let messages = messages.unwrap_or_else(|| json!({"messages": [], "gone": []}));
                self.waiting.push_back(Event::default().event("messages").data(messages.to_string()));
            }
            // Never 0 again: that is a page to which nothing was sent.
            self.revision = state.revision.max(1);
        });
    }

    /// The messages that are new to this page or changed, and those that are gone.
    fn messages(&mut self, state: &State) -> Option<Value> {
        let seen: BTreeSet<Id> = scene::channels(state, self.user).map(|channel| channel.id).collect();
        let mut messages = Vec::new();
        for channel in &seen {
            let own = state.messages.get(channel).into_iter().flat_map(|own| own.values());
            let own = own.filter(|message| scene::is_for(self.user, message));
            let is_new = !self.channels.contains(channel);
            let chosen: Vec<&Message> = match is_new {
                true => own.rev().take(NEWEST).collect(),
                false => own.rev().filter(|message| self.revision < message.revision).collect(),
            };
            messages.extend(chosen.into_iter().rev().map(|message| scene::message(state, self.user, message)));
        }
        let gone: Vec<_> = state
            .gone
            .iter()
            .rev()
            .take_while(|gone| self.revision < gone.revision)
            .filter(|gone| seen.contains(&gone.channel))
            .map(|gone| json!({"channel": gone.channel.to_string(), "id": gone.message.to_string()}))
            .collect();
        self.channels = seen;
        (!messages.is_empty() || !gone.is_empty()).then(|| json!({"messages": messages, "gone": gone}))
    }
}
