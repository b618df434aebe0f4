//! Stories through the whole bot: the real client, the real databases, a stand-in for Discord.

mod alerts;
mod faults;
mod hooks;
mod outside;
mod paging;
mod room;
