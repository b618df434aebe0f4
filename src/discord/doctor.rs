//! Looks whether the bot has what it needs in the guild, and says what each missing thing costs.
//!
//! Roles and channels are read as JSON: serenity drops permissions that it has no name for, such as *Pin Messages*.

use serde::Deserialize;
use serenity::http::{Http, LightMethod, Request, Route};
use serenity::model::id::GuildId;

use crate::discord::error::ChatError;
use crate::domain::id::Snowflake;

/// A thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub what: String,
    /// What was found.
    pub found: Result<String, Missing>,
}

/// A thing that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What is wrong.
    pub problem: String,
    /// What it costs.
    pub cost: &'static str,
    /// What to do.
    pub cure: &'static str,
    /// Whether it may only be that Discord is in trouble just now.
    pub passing: bool,
}

/// The places that the bot writes in.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// The category of rooms.
    pub category: Snowflake,
    /// Where incidents are announced.
    pub announcements: Snowflake,
    /// Where operators read.
    pub operators: Snowflake,
}

/// A permission: its bit, its name in Discord's settings, and what is lost without it.
type Permission = (u64, &'static str, &'static str);

const ADMINISTRATOR: u64 = 1 << 3;
const VIEW: Permission = (1 << 10, "View Channels", "nothing can be said there");
const SEND: Permission = (1 << 11, "Send Messages", "nothing can be said there");
const EMBED: Permission = (1 << 14, "Embed Links", "cards are empty");
const HISTORY: Permission = (1 << 16, "Read Message History", "after a lost answer a message may be posted twice");
const MANAGE_CHANNELS: Permission =
    (1 << 4, "Manage Channels", "incidents get a thread in place of a channel of their own");
const PIN: Permission = (1 << 51, "Pin Messages", "the card is not pinned and scrolls away");
const THREADS: Permission = (1 << 35, "Create Public Threads", "when a channel cannot be made there is no room at all");
const IN_THREADS: Permission = (1 << 38, "Send Messages in Threads", "nothing can be said in a room that is a thread");

/// Discord's number for a category, and for a text channel.
const CATEGORY: u8 = 4;
const TEXT: u8 = 0;

#[derive(Deserialize)]
struct Role {
    id: String,
    permissions: String,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: u8,
    parent_id: Option<String>,
    #[serde(default)]
    permission_overwrites: Vec<Overwrite>,
}

#[derive(Deserialize)]
struct Overwrite {
    id: String,
    /// 0 for a role, 1 for a member.
    #[serde(rename = "type")]
    kind: u8,
    allow: String,
    deny: String,
}

#[derive(Deserialize)]
struct Member {
    roles: Vec<String>,
}

/// Who the bot is in the guild.
struct Us {
    user: String,
    /// The guild's identity is also that of the role that everyone has.
    everyone: String,
    held: Vec<String>,
    roles: Vec<Role>,
}

/// How many calls it takes to look at everything.
pub const CALLS: u32 = 5;

/// Looks at everything.
pub async fn examine(http: &Http, guild: Snowflake, places: Places) -> Vec<Check> {
    let mut checks = Vec::new();
    let user = match http.get_current_user().await {
        Ok(user) => {
            checks.push(good("token", format!("belongs to {}", user.name)));
            user
        }
        Err(error) => {
            let cure = "put the bot's token, from the developer portal, where discord.token says";
            checks.push(bad("token", &error, "nobody hears of anything", cure));
            return checks;
        }
    };
    match http.get_gateway().await {
        Ok(_) => checks.push(good("gateway", "can be asked for; no privileged intent is needed".to_owned())),
        Err(error) => checks.push(bad("gateway", &error, "no command is heard", "see whether Discord is up")),
    }
    let guild_id = GuildId::new(guild.0.max(1));
    let looked = async {
        let member: Member = read(http, Route::GuildMember { guild_id, user_id: user.id }).await?;
        let roles: Vec<Role> = read(http, Route::GuildRoles { guild_id }).await?;
        let channels: Vec<Channel> = read(http, Route::GuildChannels { guild_id }).await?;
        serenity::Result::Ok((member, roles, channels))
    };
    let (member, roles, channels) = match looked.await {
        Ok(looked) => looked,
        Err(error) => {
            let cure = "invite the bot with the scopes `bot` and `applications.commands`; see discord.guild";
            checks.push(bad("guild", &error, "nothing can be done in it", cure));
            return checks;
        }
    };
    checks.push(good("guild", format!("{} channels of 500", channels.len())));
    let us = Us { user: user.id.to_string(), everyone: guild.to_string(), held: member.roles, roles };
    let wanted: [(&str, Snowflake, u8, &[Permission]); 3] = [
        ("discord.incidents_category", places.category, CATEGORY, &[VIEW, MANAGE_CHANNELS, SEND, EMBED, HISTORY, PIN]),
        ("discord.announcements", places.announcements, TEXT, &[VIEW, SEND, EMBED, HISTORY, THREADS, IN_THREADS]),
        ("discord.operators", places.operators, TEXT, &[VIEW, SEND]),
    ];
    for (key, id, kind, permissions) in wanted {
        checks.extend(examine_place(key, id, kind, permissions, &channels, &us));
    }
    checks
}

fn examine_place(
    key: &str,
    id: Snowflake,
    kind: u8,
    permissions: &[Permission],
    channels: &[Channel],
    us: &Us,
) -> Vec<Check> {
    let missing =
        |what: String, problem, cost, cure| Check { what, found: Err(Missing { problem, cost, cure, passing: false }) };
    let id = id.to_string();
    let Some(channel) = channels.iter().find(|channel| channel.id == id) else {
        let cure = "copy the channel's identity (developer mode, right click), and let the bot see it";
        let problem = format!("there is no channel {id} that the bot can see");
        return vec![missing(key.to_owned(), problem, "nothing can be said there", cure)];
    };
    if channel.kind != kind {
        let problem =
            format!("{} is not a {}", channel.name, if kind == CATEGORY { "category" } else { "text channel" });
        let cost = "rooms cannot be made in a channel, nor anything said in a category";
        return vec![missing(
            key.to_owned(),
            problem,
            cost,
            "name a category for rooms, and text channels for the rest",
        )];
    }
    let held = us.permissions_in(channel);
    let mut checks: Vec<Check> = permissions
        .iter()
        .filter(|(bit, ..)| held & bit == 0)
        .map(|(_, name, cost)| {
            let cure = "give it to the bot's role there, in the channel's settings";
            let what = format!("{key} ({})", channel.name);
            missing(what, format!("the permission “{name}” is missing"), cost, cure)
        })
        .collect();
    if checks.is_empty() {
        checks.push(good(key, format!("{} has every permission", channel.name)));
    }
    if kind == CATEGORY {
        let rooms = channels.iter().filter(|other| other.parent_id.as_deref() == Some(&id)).count();
        checks.push(good("rooms in the category", format!("{rooms} of 50")));
    }
    checks
}

impl Us {
    /// The bot's permissions in a channel, as Discord's documentation computes them ("Permission Overwrites").
    fn permissions_in(&self, channel: &Channel) -> u64 {
        let is_held = |role: &str| role == self.everyone || self.held.iter().any(|held| held == role);
        let base =
            self.roles.iter().filter(|role| is_held(&role.id)).fold(0, |all, role| all | bits(&role.permissions));
        if base & ADMINISTRATOR != 0 {
            return u64::MAX;
        }
        let apply = |held: u64, is_meant: &dyn Fn(&Overwrite) -> bool| {
            let meant = || channel.permission_overwrites.iter().filter(|overwrite| is_meant(overwrite));
            let denied = meant().fold(0, |all, overwrite| all | bits(&overwrite.deny));
            let allowed = meant().fold(0, |all, overwrite| all | bits(&overwrite.allow));
            held & !denied | allowed
        };
        let held = apply(base, &|overwrite| overwrite.kind == 0 && overwrite.id == self.everyone);
        let held =
            apply(held, &|overwrite| overwrite.kind == 0 && overwrite.id != self.everyone && is_held(&overwrite.id));
        apply(held, &|overwrite| overwrite.kind == 1 && overwrite.id == self.user)
    }
}

/// Discord writes permissions as a decimal number in a text.
fn bits(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

async fn read<T: serde::de::DeserializeOwned>(http: &Http, route: Route<'_>) -> serenity::Result<T> {
    http.fire(Request::new(route, LightMethod::Get)).await
}

fn good(what: &str, found: String) -> Check {
    Check { what: what.to_owned(), found: Ok(found) }
}

fn bad(what: &str, error: &serenity::Error, cost: &'static str, cure: &'static str) -> Check {
    let error = super::error::classify(error);
    let passing = !matches!(error, ChatError::Refused { .. });
    Check { what: what.to_owned(), found: Err(Missing { problem: error.to_string(), cost, cure, passing }) }
}
