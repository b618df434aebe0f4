//! Stories through the whole bot: the real client, the real databases, a stand-in for Discord.

mod alerts;
mod auditor;
mod comms;
mod database;
mod faults;
mod hand;
mod handshakes;
mod heartbeats;
mod hooks;
mod operating;
mod outside;
mod paging;
mod repair;
mod room;
mod senders;
mod sns;
mod sources;
mod storms;
mod timeline;
mod trouble;

use serde_json::json;

use crate::support::Bot;
use crate::support::alerts::drift;

/// INC-1, of the fraud team and SEV2: Ana was paged and has it. Its room.
async fn running(bot: &mut Bot) -> u64 {
    bot.ring("drift", &[drift("eu")]).await;
    bot.expect_opened("INC-1");
    bot.expect_page("ana", "INC-1");
    let room = bot.channel("INC-1");
    bot.command("ana", room, "/ack", json!({})).await;
    bot.expect("INC-1", &["acknowledged"]);
    room
}

/// Asserts that all these parts stand in the text.
#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

/// Asserts that these parts stand in the text in this order.
#[track_caller]
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let found = rest.find(part).unwrap_or_else(|| panic!("{part:?} does not follow in: {text}"));
        rest = &rest[found + part.len()..];
    }
}
