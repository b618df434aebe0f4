//! Looks whether the bot has what it needs in the guild, and says what each missing thing costs.

use serenity::http::Http;
use serenity::model::channel::{ChannelType, GuildChannel, PermissionOverwriteType};
use serenity::model::guild::Role;
use serenity::model::id::{ChannelId, GuildId};

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

/// Looks at everything.
pub async fn examine(http: &Http, guild: Snowflake, places: Places) -> Vec<Check> {
    let mut checks = Vec::new();
    let guild = GuildId::new(guild.0.max(1));
    let user = match http.get_current_user().await {
        Ok(user) => {
            checks.push(good("token", format!("belongs to {}", user.name)));
            user
        }
        Err(error) => {
            let cure = "put the bot's token, from the developer portal, where discord.token says";
            checks.push(bad("token", error, "nobody hears of anything", cure));
            return checks;
        }
    };
    match http.get_gateway().await {
        Ok(_) => checks.push(good("gateway", "can be asked for; no privileged intent is needed".to_owned())),
        Err(error) => checks.push(bad("gateway", error, "no command is heard", "see whether Discord is up")),
    }
    let member = http.get_member(guild, user.id).await;
    let roles = http.get_guild_roles(guild).await;
    let channels = http.get_channels(guild).await;
    let (Ok(member), Ok(roles), Ok(channels)) = (member, roles, channels) else {
        checks.push(Check {
            what: "guild".to_owned(),
            found: Err(Missing {
                problem: format!("the bot cannot look into guild {guild}"),
                cost: "nothing can be done in it",
                cure: "invite the bot with the scopes `bot` and `applications.commands`; see discord.guild",
            }),
        });
        return checks;
    };
    checks.push(good("guild", format!("{} channels of 500", channels.len())));
    let has = |channel: &GuildChannel| effective(&roles, &member.roles, user.id.get(), guild, channel);
    let wanted: [(&str, Snowflake, &[Permission]); 3] = [
        ("discord.incidents_category", places.category, &[VIEW, MANAGE_CHANNELS, SEND, EMBED, HISTORY, PIN]),
        ("discord.announcements", places.announcements, &[VIEW, SEND, EMBED, HISTORY, THREADS, IN_THREADS]),
        ("discord.operators", places.operators, &[VIEW, SEND]),
    ];
    for (key, id, permissions) in wanted {
        let Some(channel) = channels.iter().find(|channel| channel.id.get() == id.0) else {
            checks.push(Check {
                what: key.to_owned(),
                found: Err(Missing {
                    problem: format!("there is no channel {id} that the bot can see"),
                    cost: "nothing can be said there",
                    cure: "copy the channel's identity (developer mode, right click), and let the bot see it",
                }),
            });
            continue;
        };
        let is_category = channel.kind == ChannelType::Category;
        if (key == "discord.incidents_category") != is_category {
            checks.push(Check {
                what: key.to_owned(),
                found: Err(Missing {
                    problem: format!("{} is a {:?} channel", channel.name, channel.kind),
                    cost: "rooms cannot be made in a channel, nor anything said in a category",
                    cure: "name a category for rooms and text channels for the others",
                }),
            });
            continue;
        }
        let held = has(channel);
        for (_, name, cost) in permissions.iter().filter(|(bit, ..)| held & (bit | ADMINISTRATOR) == 0) {
            checks.push(Check {
                what: format!("{key} ({})", channel.name),
                found: Err(Missing {
                    problem: format!("the permission “{name}” is missing"),
                    cost,
                    cure: "give it to the bot's role there, in the channel's settings",
                }),
            });
        }
        if permissions.iter().all(|(bit, ..)| held & (bit | ADMINISTRATOR) != 0) {
            checks.push(good(key, format!("{} has every permission", channel.name)));
        }
        if is_category {
            let rooms = channels.iter().filter(|other| other.parent_id == Some(ChannelId::new(id.0))).count();
            checks.push(good("rooms in the category", format!("{rooms} of 50")));
        }
    }
    checks
}

/// The permissions that the bot has in a channel, as Discord's documentation computes them. The bits are taken from the
/// roles as they came: serenity drops those that it has no name for.
fn effective(
    roles: &[Role],
    held: &[serenity::model::id::RoleId],
    user: u64,
    guild: GuildId,
    channel: &GuildChannel,
) -> u64 {
    let everyone = guild.get();
    let is_held = |role: u64| role == everyone || held.iter().any(|held| held.get() == role);
    let mut bits =
        roles.iter().filter(|role| is_held(role.id.get())).fold(0, |bits, role| bits | role.permissions.bits());
    if bits & ADMINISTRATOR != 0 {
        return u64::MAX;
    }
    let overwrites = &channel.permission_overwrites;
    let apply = |bits: u64, chosen: &dyn Fn(&PermissionOverwriteType) -> bool| {
        let (mut allow, mut deny) = (0, 0);
        for overwrite in overwrites.iter().filter(|overwrite| chosen(&overwrite.kind)) {
            allow |= overwrite.allow.bits();
            deny |= overwrite.deny.bits();
        }
        bits & !deny | allow
    };
    bits = apply(bits, &|kind| matches!(kind, PermissionOverwriteType::Role(role) if role.get() == everyone));
    bits = apply(
        bits,
        &|kind| matches!(kind, PermissionOverwriteType::Role(role) if role.get() != everyone && is_held(role.get())),
    );
    apply(bits, &|kind| matches!(kind, PermissionOverwriteType::Member(member) if member.get() == user))
}

fn good(what: &str, found: String) -> Check {
    Check { what: what.to_owned(), found: Ok(found) }
}

fn bad(what: &str, error: serenity::Error, cost: &'static str, cure: &'static str) -> Check {
    let problem = super::error::classify(&error).to_string();
    Check { what: what.to_owned(), found: Err(Missing { problem, cost, cure }) }
}
