//! Who may do what where: roles, then the overwrites of the channel, in Discord's order.

use crate::model::{Channel, ChannelKind, Id};
use crate::permission as bit;
use crate::rest::error::ApiError;

use super::State;

impl State {
    /// What `user` may do in the guild, before any channel has its say.
    pub fn guild_permissions(&self, user: Id) -> u64 {
        let Some(member) = self.members.get(&user).filter(|member| member.present) else { return 0 };
        let own = if member.bot { 0 } else { bit::ORDINARY_PERSON };
        let everyone = self.roles.get(&self.options.guild).map_or(0, |role| role.permissions);
        let sum = member
            .roles
            .iter()
            .filter_map(|id| self.roles.get(id))
            .fold(own | everyone, |sum, role| sum | role.permissions);
        if sum & bit::ADMINISTRATOR == 0 { sum } else { bit::ALL }
    }

    /// What `user` may do in `channel`. A thread follows its channel; in a direct conversation both may do all.
    pub fn permissions(&self, user: Id, channel: &Channel) -> u64 {
        if channel.kind == ChannelKind::Direct {
            let takes_part = self.is_bot(user) || channel.recipient == Some(user);
            return if takes_part { bit::ALL } else { 0 };
        }
        let ruled_by = match channel.kind.is_thread() {
            true => channel.parent.and_then(|parent| self.channels.get(&parent)),
            false => Some(channel),
        };
        let base = self.guild_permissions(user);
        if base & bit::ADMINISTRATOR != 0 {
            return base;
        }
        let Some(ruled_by) = ruled_by else { return 0 };
        let permissions = self.with_overwrites(user, base, ruled_by);
        // Without sight of a channel nothing else in it counts.
        if permissions & bit::VIEW_CHANNEL == 0 || self.is_locked_out(user, channel, permissions) {
            return 0;
        }
        permissions
    }

    fn with_overwrites(&self, user: Id, base: u64, channel: &Channel) -> u64 {
        let everyone = self.options.guild;
        let roles = self.members.get(&user).map(|member| &member.roles);
        let mut permissions = base;
        for overwrite in channel.overwrites.iter().filter(|o| !o.is_user && o.id == everyone) {
            permissions = permissions & !overwrite.deny | overwrite.allow;
        }
        let (mut allow, mut deny) = (0, 0);
        for overwrite in channel.overwrites.iter().filter(|o| !o.is_user && o.id != everyone) {
            if roles.is_some_and(|roles| roles.contains(&overwrite.id)) {
                allow |= overwrite.allow;
                deny |= overwrite.deny;
            }
        }
        permissions = permissions & !deny | allow;
        for overwrite in channel.overwrites.iter().filter(|o| o.is_user && o.id == user) {
            permissions = permissions & !overwrite.deny | overwrite.allow;
        }
        permissions
    }

    fn is_locked_out(&self, user: Id, channel: &Channel, permissions: u64) -> bool {
        channel.kind == ChannelKind::PrivateThread
            && permissions & bit::MANAGE_THREADS == 0
            && channel.thread.as_ref().is_some_and(|thread| !thread.members.contains(&user))
    }

    pub fn can_see(&self, user: Id, channel: &Channel) -> bool {
        self.permissions(user, channel) & bit::VIEW_CHANNEL != 0
    }

    /// The channel, if the bot may see it: an unknown one is 10003, an invisible one 50001.
    pub fn visible_channel(&self, channel: Id) -> Result<&Channel, ApiError> {
        let found = self.channels.get(&channel).ok_or(ApiError::UnknownChannel)?;
        let reachable = self.bot_present || found.kind == ChannelKind::Direct;
        if reachable && self.can_see(self.options.bot_user, found) { Ok(found) } else { Err(ApiError::MissingAccess) }
    }

    /// The channel, if the bot has every bit of `needed` in it.
    pub fn channel_with(&self, channel: Id, needed: u64) -> Result<&Channel, ApiError> {
        let found = self.visible_channel(channel)?;
        if self.permissions(self.options.bot_user, found) & needed == needed {
            Ok(found)
        } else {
            Err(ApiError::MissingPermissions)
        }
    }

    /// Refuses when the bot is not in the guild, or lacks a bit of `needed` there.
    pub fn guild_with(&self, guild: Id, needed: u64) -> Result<(), ApiError> {
        if guild != self.options.guild {
            return Err(ApiError::UnknownGuild);
        }
        if !self.bot_present {
            return Err(ApiError::MissingAccess);
        }
        if self.guild_permissions(self.options.bot_user) & needed == needed {
            Ok(())
        } else {
            Err(ApiError::MissingPermissions)
        }
    }
}
