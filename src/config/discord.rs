//! `[discord]`: the guild, its channels, and what its roles allow.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::domain::actor::Duty;
use crate::domain::id::Snowflake;

use super::secret::{Keyring, Secret};
use super::section::Section;
use super::shape;

/// Stands for an id that could not be read, so that the other checks can go on; the file is refused, and nobody sees it.
pub(super) const UNREADABLE: Snowflake = Snowflake(0);

/// Discord's ids have had this many digits or more since 2016.
const FEWEST_DIGITS: usize = 17;

/// The duties, as they are written in `[discord.roles]`.
const DUTIES: [(&str, Duty); 6] = [
    ("responder", Duty::Responder),
    ("liaison", Duty::Liaison),
    ("pr", Duty::Pr),
    ("legal", Duty::Legal),
    ("manager", Duty::Manager),
    ("operator", Duty::Operator),
];

/// The one guild that this process serves.
#[derive(Debug, Clone)]
pub struct Discord {
    /// The bot's token; without it the bot cannot connect.
    pub token: Option<Secret>,
    /// The guild.
    pub guild: Snowflake,
    /// The category in which rooms are opened.
    pub incidents_category: Snowflake,
    /// The channel where incidents are announced.
    pub announcements: Snowflake,
    /// The channel of those who run Firebell: what is refused, what is stuck, who was not reached.
    pub operators: Snowflake,
    /// A stand-in for Discord on this machine.
    pub stand_in: Option<StandIn>,
}

/// A server on this machine that speaks Discord's protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// Where it listens; always a loopback address, since the token is sent there.
    pub address: SocketAddr,
    /// The file with the certificate that it is trusted by.
    pub ca: PathBuf,
}

/// The section, and which Discord roles give which duty.
pub(super) fn read(file: &Section<'_>, keyring: &Keyring<'_>) -> (Discord, BTreeMap<Duty, BTreeSet<Snowflake>>) {
    let section = file.section("discord");
    let discord = Discord {
        token: token(&section, keyring),
        guild: id(&section, "guild", "the bot would not know which guild to serve"),
        incidents_category: id(&section, "incidents_category", "there would be no place to open rooms in"),
        announcements: id(&section, "announcements", "incidents would not be announced"),
        operators: id(&section, "operators", "nobody would learn that alerts are refused or pages are stuck"),
        stand_in: stand_in(&section, keyring),
    };
    let roles = roles(&section);
    section.done();
    (discord, roles)
}

fn token(section: &Section<'_>, keyring: &Keyring<'_>) -> Option<Secret> {
    const COST: &str = "the bot cannot connect to Discord";
    let field = section.field("token");
    if !field.is_there() {
        field.warning("there is no token", COST, "write `token = \"env:FIREBELL_DISCORD_TOKEN\"`");
    }
    keyring.read(&field, COST)
}

fn id(section: &Section<'_>, name: &'static str, cost: &str) -> Snowflake {
    let field = section.field(name);
    let id = field.require(shape::snowflake, cost, "123456789012345678").unwrap_or(UNREADABLE);
    if id != UNREADABLE && id.to_string().len() < FEWEST_DIGITS {
        field.warning(
            format!("{id} is shorter than Discord's ids are"),
            cost,
            "switch on developer mode in Discord, right-click and choose “Copy ID”",
        );
    }
    id
}

fn stand_in(section: &Section<'_>, keyring: &Keyring<'_>) -> Option<StandIn> {
    const COST: &str = "the stand-in could not be reached";
    if !section.field("stand_in").is_there() {
        return None;
    }
    let stand_in = section.section("stand_in");
    let address = stand_in.field("address");
    let ca = stand_in.field("ca").require(shape::text, COST, "\"standin-ca.pem\"");
    let reached = address.require(shape::address, COST, "\"127.0.0.1:9443\"");
    stand_in.done();
    let reached = reached?;
    if !reached.ip().to_canonical().is_loopback() {
        address.error(
            format!("`{reached}` is not on this machine"),
            "the bot's token and every word of every incident would go there",
            "use a loopback address such as 127.0.0.1, or leave `stand_in` out",
        );
        return None;
    }
    Some(StandIn { address: reached, ca: keyring.folder.join(ca?) })
}

fn roles(section: &Section<'_>) -> BTreeMap<Duty, BTreeSet<Snowflake>> {
    let section = section.section("roles");
    let mut roles = BTreeMap::new();
    for (name, duty) in DUTIES {
        let given_by: BTreeSet<Snowflake> = section
            .field(name)
            .list(shape::snowflake, "whoever has this role would not have the duty")
            .into_iter()
            .map(|(_, role)| role)
            .collect();
        if !given_by.is_empty() {
            roles.insert(duty, given_by);
        }
    }
    section.done();
    roles
}
