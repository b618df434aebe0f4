//! Stories through the whole bot: the real client, the real databases, a stand-in for Discord.

mod alerts;
mod comms;
mod faults;
mod hand;
mod hooks;
mod outside;
mod paging;
mod room;
mod timeline;
