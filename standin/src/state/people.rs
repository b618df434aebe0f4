//! Roles and people: made, changed, gone, with the gateway events of each.

use serde_json::json;

use crate::gateway::event::Event;
use crate::gateway::intent;
use crate::model::{ChannelKind, Id, Member, Person, Role};
use crate::wire;

use super::State;

impl State {
    pub fn add_role(&mut self, id: Option<Id>, name: &str, permissions: u64) -> Id {
        let id = id.unwrap_or_else(|| self.clock.snowflake());
        let position = i64::try_from(self.roles.len()).unwrap_or(i64::MAX);
        let role = Role { id, name: name.to_owned(), permissions, position, mentionable: true, bot: None };
        let frame = json!({"guild_id": self.options.guild.to_string(), "role": wire::guild::role(&role)});
        self.roles.insert(id, role);
        self.emit(Event::new("GUILD_ROLE_CREATE", frame).needing(intent::GUILDS));
        id
    }

    pub fn role_updated(&mut self, id: Id) {
        let Some(role) = self.roles.get(&id) else { return };
        let frame = json!({"guild_id": self.options.guild.to_string(), "role": wire::guild::role(role)});
        self.emit(Event::new("GUILD_ROLE_UPDATE", frame).needing(intent::GUILDS));
    }

    pub fn add_person(&mut self, person: &Person<'_>) -> Id {
        let id = person.id.unwrap_or_else(|| self.clock.snowflake());
        let username = person.name.to_lowercase().replace(' ', ".");
        let member = Member {
            id,
            username,
            display_name: person.name.to_owned(),
            roles: person.roles.iter().copied().collect(),
            bot: false,
            joined_at: self.now(),
            closed_dms: false,
            present: true,
        };
        self.members.insert(id, member);
        self.member_event("GUILD_MEMBER_ADD", id);
        id
    }

    /// Says whether there is such a person.
    pub fn set_roles(&mut self, user: Id, roles: &[Id]) -> bool {
        let Some(member) = self.members.get_mut(&user) else { return false };
        member.roles = roles.iter().copied().collect();
        self.member_event("GUILD_MEMBER_UPDATE", user);
        true
    }

    /// Takes a person out of the guild; says whether they were in it.
    pub fn remove_person(&mut self, user: Id) -> bool {
        let Some(member) = self.members.get_mut(&user).filter(|member| member.present) else { return false };
        member.present = false;
        let frame = json!({"guild_id": self.options.guild.to_string(), "user": wire::user::user(member)});
        self.emit(Event::new("GUILD_MEMBER_REMOVE", frame).needing(intent::GUILD_MEMBERS));
        true
    }

    fn member_event(&mut self, name: &'static str, user: Id) {
        let Some(member) = self.members.get(&user) else { return };
        let mut frame = wire::user::member(member);
        frame["guild_id"] = json!(self.options.guild.to_string());
        self.emit(Event::new(name, frame).needing(intent::GUILD_MEMBERS));
    }

    /// The bot is thrown out of the guild: the guild goes away for it, not for the people.
    pub fn remove_bot(&mut self) {
        self.bot_present = false;
        // Presence in the guild is what its permissions hang on.
        if let Some(bot) = self.members.get_mut(&self.options.bot_user) {
            bot.present = false;
        }
        self.commands.retain(|command| command.guild.is_none());
        let frame = json!({"id": self.options.guild.to_string()});
        self.emit(Event::new("GUILD_DELETE", frame).needing(intent::GUILDS));
    }

    pub fn add_bot_back(&mut self) {
        self.bot_present = true;
        if let Some(bot) = self.members.get_mut(&self.options.bot_user) {
            bot.present = true;
        }
        self.emit_guild_create();
    }

    /// The direct conversation with `user`, if it was ever opened.
    pub fn direct_channel(&self, user: Id) -> Option<Id> {
        let is_theirs =
            |kind: ChannelKind, recipient: Option<Id>| kind == ChannelKind::Direct && recipient == Some(user);
        self.channels.values().find(|channel| is_theirs(channel.kind, channel.recipient)).map(|channel| channel.id)
    }
}
