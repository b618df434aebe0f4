//! Making and changing the world by hand: people, roles, channels, and what becomes of the bot.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;

use crate::model::{ChannelKind, Id, NewChannel, Overwrite, Person};
use crate::state::keep;

use super::Discord;

impl Discord {
    /// Makes a role that anybody may ping.
    pub fn add_role(&self, name: &str) -> Id {
        self.change(|state| state.add_role(None, name, 0))
    }

    /// Makes a role of a given id with permissions of its own.
    pub fn add_role_with(&self, id: Option<Id>, name: &str, permissions: u64) -> Id {
        self.change(|state| state.add_role(id, name, permissions))
    }

    /// Adds a person to the guild.
    pub fn add_person(&self, person: Person<'_>) -> Id {
        self.change(|state| state.add_person(&person))
    }

    /// Takes a person out of the guild. Says whether they were in it.
    pub fn remove_person(&self, user: Id) -> bool {
        self.change(|state| state.remove_person(user))
    }

    /// Makes a channel. One that the bot opens itself, a direct conversation, cannot be made here.
    ///
    /// # Panics
    ///
    /// When asked for [`ChannelKind::Direct`].
    pub fn add_channel(&self, channel: NewChannel<'_>) -> Id {
        assert!(channel.kind != ChannelKind::Direct, "a direct conversation is opened by the bot");
        self.change(|state| {
            let channel = state.blank_channel(&channel);
            state.insert_channel(channel)
        })
    }

    /// Gives a person these roles and no others. Says whether there is such a person.
    pub fn set_roles(&self, user: Id, roles: Vec<Id>) -> bool {
        self.change(|state| state.set_roles(user, &roles))
    }

    /// Makes a person refuse direct messages, or take them again.
    pub fn close_dms(&self, user: Id, closed: bool) {
        self.change(|state| {
            if let Some(member) = state.members.get_mut(&user) {
                member.closed_dms = closed;
            }
        });
    }

    /// Sets what the bot may do in the guild, by its own role.
    pub fn set_bot_permissions(&self, permissions: u64) {
        self.change(|state| state.set_bot_permissions(permissions));
    }

    /// Takes permissions from the bot in one channel, in place of what was taken or given before; 0 takes none.
    pub fn deny_bot(&self, channel: Id, permissions: u64) {
        self.change(|state| {
            let id = state.options.bot_user;
            state.set_overwrite(channel, Overwrite { id, is_user: true, allow: 0, deny: permissions });
        });
    }

    /// Deletes a channel with all in it, as a person would. Says whether there was one.
    pub fn delete_channel(&self, channel: Id) -> bool {
        self.change(|state| state.delete_channel(channel).is_some())
    }

    /// Deletes a message, as a person would. Says whether there was one.
    pub fn delete_message(&self, channel: Id, message: Id) -> bool {
        self.change(|state| state.delete_message(channel, message))
    }

    /// Pins or unpins a message, as a person would.
    pub fn set_pinned(&self, user: Id, channel: Id, message: Id, pinned: bool) {
        self.change(|state| state.set_pinned(channel, message, pinned, user));
    }

    /// Archives or reopens a thread, as a person would.
    pub fn set_archived(&self, thread: Id, archived: bool) {
        self.change(|state| {
            let now = state.now();
            if let Some(thread) = state.channels.get_mut(&thread).and_then(|channel| channel.thread.as_mut()) {
                thread.archived = archived;
                thread.archive_changed_at = now;
            }
            state.channel_updated(thread);
        });
    }

    /// Throws the bot out of the guild.
    pub fn remove_bot(&self) {
        self.change(crate::state::State::remove_bot);
    }

    /// Invites the bot back.
    pub fn add_bot_back(&self) {
        self.change(crate::state::State::add_bot_back);
    }

    /// Keeps the world in a file: people, channels, messages, the clock.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save(&self, file: &Path) -> std::io::Result<()> {
        let world = self.read(crate::state::State::to_json)?;
        keep::write(file, &world)
    }

    /// Takes a world that was kept, in place of what it names. Says how far its clock was moved.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is not a world.
    pub fn restore(&self, file: &Path) -> std::io::Result<Duration> {
        self.change(|state| {
            state.take_from(file)?;
            Ok(state.clock.moved().to_std().unwrap_or_default())
        })
    }

    /// Moves the stand-in's clock: timestamps, tokens, nonces, rate-limit windows, the archiving of threads.
    pub fn advance(&self, by: Duration) {
        self.change(|state| {
            state.clock.advance(TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX));
            state.archive_silent_threads();
        });
    }

    /// The stand-in's time.
    #[must_use]
    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.read(crate::state::State::now)
    }
}
