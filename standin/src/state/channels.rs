//! Channels and threads: made, changed, gone, with the gateway events of each.

use serde_json::json;

use crate::gateway::event::Event;
use crate::gateway::intent;
use crate::model::{Channel, ChannelKind, Id, NewChannel, Overwrite, Thread};
use crate::wire;

use super::State;

/// How many channels one guild may have; threads and direct conversations do not count.
pub(crate) const CHANNELS_PER_GUILD: usize = 500;
/// How many channels one category may have.
pub(crate) const CHANNELS_PER_CATEGORY: usize = 50;

/// The name that Discord makes of what was asked for: text channels are lower-cased and hyphenated.
pub(crate) fn normal_name(kind: ChannelKind, name: &str) -> String {
    if !matches!(kind, ChannelKind::Text | ChannelKind::Announcement) {
        return name.trim().to_owned();
    }
    let is_dropped = |c: char| c.is_ascii_punctuation() && c != '-' && c != '_';
    let spelled: String = name.trim().to_lowercase().chars().filter(|c| !is_dropped(*c)).collect();
    spelled.split(|c: char| c.is_whitespace() || c == '-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

impl State {
    /// How many channels count against the guild's budget.
    pub fn channel_count(&self) -> usize {
        self.channels.values().filter(|c| !c.kind.is_thread() && c.kind != ChannelKind::Direct).count()
    }

    pub fn children_of(&self, category: Id) -> usize {
        self.channels.values().filter(|c| !c.kind.is_thread() && c.parent == Some(category)).count()
    }

    /// A channel with nothing in it; the caller fills in what was asked for, then hands it to
    /// [`State::insert_channel`].
    pub fn blank_channel(&mut self, new: &NewChannel<'_>) -> Channel {
        let id = new.id.unwrap_or_else(|| self.clock.snowflake());
        let now = self.now();
        let thread = new.kind.is_thread().then(|| Thread {
            owner: self.options.bot_user,
            archived: false,
            locked: false,
            invitable: true,
            auto_archive_minutes: 4320,
            archive_changed_at: now,
            members: [self.options.bot_user].into(),
            written: 0,
        });
        Channel {
            id,
            name: normal_name(new.kind, new.name),
            kind: new.kind,
            parent: new.parent,
            topic: None,
            position: i64::try_from(self.channel_count()).unwrap_or(i64::MAX),
            nsfw: false,
            slowmode: 0,
            overwrites: Vec::new(),
            recipient: None,
            thread,
            last_message: None,
            last_pin: None,
            created_at: now,
        }
    }

    pub fn insert_channel(&mut self, channel: Channel) -> Id {
        let (id, kind) = (channel.id, channel.kind);
        self.messages.entry(id).or_default();
        self.channels.insert(id, channel);
        if kind.is_thread() {
            self.channel_event("THREAD_CREATE", id);
        } else if kind != ChannelKind::Direct {
            self.channel_event("CHANNEL_CREATE", id);
        }
        id
    }

    /// The direct conversation with `user`, opened when there is none.
    pub fn open_direct(&mut self, user: Id) -> Id {
        if let Some(channel) = self.direct_channel(user) {
            return channel;
        }
        let mut channel =
            self.blank_channel(&NewChannel { id: None, name: "", kind: ChannelKind::Direct, parent: None });
        channel.recipient = Some(user);
        self.insert_channel(channel)
    }

    pub fn channel_updated(&mut self, id: Id) {
        let is_thread = self.channels.get(&id).is_some_and(|channel| channel.kind.is_thread());
        self.channel_event(if is_thread { "THREAD_UPDATE" } else { "CHANNEL_UPDATE" }, id);
    }

    /// Sets one overwrite, in place of an older one about the same role or user.
    pub fn set_overwrite(&mut self, id: Id, overwrite: Overwrite) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        channel.overwrites.retain(|own| own.id != overwrite.id);
        channel.overwrites.push(overwrite);
        self.channel_updated(id);
    }

    /// Removes a channel with its threads and messages; a category leaves its channels without one, as Discord does.
    pub fn delete_channel(&mut self, id: Id) -> Option<Channel> {
        let is_thread = self.channels.get(&id)?.kind.is_thread();
        let dependents: Vec<Id> =
            self.channels.values().filter(|c| c.parent == Some(id)).map(|channel| channel.id).collect();
        for dependent in dependents {
            match self.channels.get_mut(&dependent) {
                Some(channel) if channel.kind.is_thread() => drop(self.delete_channel(dependent)),
                Some(channel) => {
                    channel.parent = None;
                    self.channel_updated(dependent);
                }
                None => (),
            }
        }
        // The event goes first: whether the bot sees it depends on the channel that is about to go.
        self.channel_event(if is_thread { "THREAD_DELETE" } else { "CHANNEL_DELETE" }, id);
        self.messages.remove(&id);
        self.channels.remove(&id)
    }

    /// Archives threads that were silent for too long by the movable clock.
    pub fn archive_silent_threads(&mut self) {
        let now = self.now();
        let silent: Vec<Id> = self
            .channels
            .values()
            .filter(|channel| {
                let Some(thread) = channel.thread.as_ref().filter(|thread| !thread.archived) else { return false };
                let last = self.messages.get(&channel.id).and_then(|messages| messages.values().next_back());
                let since =
                    last.map_or(thread.archive_changed_at, |last| last.created_at.max(thread.archive_changed_at));
                now - since >= chrono::TimeDelta::minutes(thread.auto_archive_minutes)
            })
            .map(|channel| channel.id)
            .collect();
        for id in silent {
            if let Some(thread) = self.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut()) {
                thread.archived = true;
                thread.archive_changed_at = now;
            }
            self.channel_updated(id);
        }
    }

    fn channel_event(&mut self, name: &'static str, id: Id) {
        let Some(channel) = self.channels.get(&id) else { return };
        let mut frame = wire::channel::channel(self, channel);
        if name == "THREAD_CREATE" {
            frame["newly_created"] = json!(true);
        }
        self.emit(Event::new(name, frame).needing(intent::GUILDS).seen_in(id));
    }
}

#[cfg(test)]
mod tests {
    use super::normal_name;
    use crate::model::ChannelKind::{Category, Text};

    #[test]
    fn text_channels_are_lower_cased_and_hyphenated_and_categories_are_not() {
        assert_eq!(normal_name(Text, "INC 42: Checkout  down!"), "inc-42-checkout-down");
        assert_eq!(normal_name(Text, "--a--b--"), "a-b");
        assert_eq!(normal_name(Text, "Störung_1"), "störung_1");
        assert_eq!(normal_name(Category, "Open Incidents"), "Open Incidents");
    }
}
