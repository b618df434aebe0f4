//! What a stand-in is started with.

use std::time::Duration;

use crate::model::Id;
use crate::permission;

/// The settings of one stand-in. The default suits a test: any free port, real rate limits, every permission that a
/// bot usually asks for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bot's token, without the `Bot ` before it.
    pub token: String,
    /// The id of the one guild.
    pub guild: Id,
    /// The name of the one guild.
    pub guild_name: String,
    /// The id of the bot's application.
    pub application: Id,
    /// The id of the bot's user. Discord gives new bots the same id as their application.
    pub bot_user: Id,
    /// The bot's user name.
    pub bot_name: String,
    /// The port of the REST server on loopback; 0 takes a free one.
    pub rest_port: u16,
    /// The port of the gateway on loopback; 0 takes a free one.
    pub gateway_port: u16,
    /// The port of the control API on loopback; none leaves it out, 0 takes a free one.
    pub control_port: Option<u16>,
    /// Whether rate limits are kept. Without them the headers promise so many calls that no client ever waits.
    pub rate_limits: bool,
    /// How many channels may be created in ten seconds.
    pub channel_creations: u32,
    /// Whether the owner has switched the privileged intents (members, presences, message content) on.
    pub privileged_intents: bool,
    /// The permissions of the bot's own role.
    pub permissions: u64,
    /// Whether requests, answers and gateway frames are kept for [`crate::Discord::traffic`].
    pub record: bool,
    /// How often the bot must send a heartbeat.
    pub heartbeat: Duration,
    /// How long an act waits for the bot's complete answer, in real time.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: "stand-in.token.not-a-secret".to_owned(),
            guild: 1_000_000_000_000_000_001,
            guild_name: "Stand-in".to_owned(),
            application: 1_000_000_000_000_000_002,
            bot_user: 1_000_000_000_000_000_002,
            bot_name: "bot".to_owned(),
            rest_port: 0,
            gateway_port: 0,
            control_port: None,
            rate_limits: true,
            channel_creations: 10,
            privileged_intents: true,
            permissions: permission::USUAL_BOT,
            record: true,
            heartbeat: Duration::from_millis(41_250),
            patience: Duration::from_secs(10),
        }
    }
}
