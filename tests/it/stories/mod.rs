//! Stories through the whole bot: the real client, the real databases, a stand-in for Discord.

mod alerts;
