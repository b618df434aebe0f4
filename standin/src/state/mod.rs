//! Everything that the stand-in remembers, behind one lock. No async, no I/O: a request is a plain function on this.

pub(crate) mod access;
pub(crate) mod channels;
pub(crate) mod clock;
pub(crate) mod commands;
pub(crate) mod interactions;
pub(crate) mod keep;
pub(crate) mod mentions;
pub(crate) mod messages;
pub(crate) mod people;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::gateway::hub::Hub;
use crate::model::{Channel, Id, Member, Message, Role};
use crate::options::Options;
use crate::page::Stage;
use crate::permission;
use crate::rest::limiter::Limiter;
use crate::traffic::Recorder;
use crate::trouble::Pending;
use clock::Clock;
use commands::Command;
use interactions::Interaction;
use messages::Gone;

/// The world: one guild, its people, what they wrote, and how the stand-in is told to behave.
#[derive(Debug)]
pub(crate) struct State {
    pub options: Options,
    pub clock: Clock,
    /// Whether the bot is in the guild.
    pub bot_present: bool,
    /// The bot's own role.
    pub bot_role: Id,
    pub roles: BTreeMap<Id, Role>,
    pub members: BTreeMap<Id, Member>,
    pub channels: BTreeMap<Id, Channel>,
    pub messages: BTreeMap<Id, BTreeMap<Id, Message>>,
    /// How often a message was written, changed or deleted.
    pub revision: u64,
    /// The messages that were deleted, oldest first.
    pub gone: Vec<Gone>,
    pub commands: Vec<Command>,
    pub interactions: BTreeMap<Id, Interaction>,
    pub hub: Hub,
    pub limiter: Limiter,
    pub troubles: Vec<Pending>,
    /// Whether all of Discord is out of order.
    pub down: bool,
    /// Whether edits of messages older than an hour are refused.
    pub refuse_old_edits: bool,
    pub recorder: Recorder,
    pub violations: Vec<String>,
    /// What the page shows besides Discord.
    pub stage: Stage,
}

impl State {
    pub fn new(options: Options) -> Self {
        let mut clock = Clock::default();
        let now = clock.now();
        let bot_role = clock.snowflake();
        let role = |id, name: &str, permissions, position, bot| Role {
            id,
            name: name.to_owned(),
            permissions,
            position,
            mentionable: false,
            bot,
        };
        let everyone = role(options.guild, "@everyone", 0, 0, None);
        let own = role(bot_role, &options.bot_name, options.permissions, 1, Some(options.bot_user));
        let bot = Member {
            id: options.bot_user,
            username: options.bot_name.clone(),
            display_name: options.bot_name.clone(),
            roles: [bot_role].into(),
            bot: true,
            joined_at: now,
            closed_dms: false,
            present: true,
        };
        Self {
            clock,
            bot_present: true,
            bot_role,
            roles: [(options.guild, everyone), (bot_role, own)].into(),
            members: [(options.bot_user, bot)].into(),
            channels: BTreeMap::new(),
            messages: BTreeMap::new(),
            revision: 0,
            gone: Vec::new(),
            commands: Vec::new(),
            interactions: BTreeMap::new(),
            hub: Hub::default(),
            limiter: Limiter::new(options.rate_limits),
            troubles: Vec::new(),
            down: false,
            refuse_old_edits: false,
            recorder: Recorder::new(options.record),
            violations: Vec::new(),
            stage: Stage::default(),
            options,
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The name under which `user` is seen; empty for somebody unknown.
    pub fn display_name(&self, user: Id) -> String {
        self.members.get(&user).map_or(String::new(), |member| member.display_name.clone())
    }

    pub fn is_bot(&self, user: Id) -> bool {
        user == self.options.bot_user
    }

    /// Notes something that a careful bot would not have done.
    pub fn violation(&mut self, what: impl Into<String>) {
        let what = what.into();
        tracing::warn!(violation = %what, "the bot broke a rule of Discord's");
        self.violations.push(what);
    }

    pub fn set_bot_permissions(&mut self, permissions: u64) {
        if let Some(role) = self.roles.get_mut(&self.bot_role) {
            role.permissions = permissions & permission::ALL;
        }
        self.role_updated(self.bot_role);
    }
}
