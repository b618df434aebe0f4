//! What people delete, revoke or throw out, and how it is put right.

use serde_json::json;
use standin::{Trouble, TroubleKind};

use crate::stories::{assert_in_order, running};
use crate::support::Bot;
use crate::support::alerts::drift;

/// The permissions that a line in a channel takes.
const SEND_MESSAGES: u64 = 1 << 11;

/// Connects anew, as after any break of the line.
async fn connect_anew(bot: &Bot) {
    let before = bot.discord().identifies();
    bot.discord().invalidate_session(false);
    bot.until("the bot connects anew", async |bot| before < bot.discord().identifies()).await;
}

async fn has(bot: &Bot, incident: &str, kind: &str) -> bool {
    bot.timeline(incident).await.iter().any(|other| other == kind)
}

on_both_databases! {
    async fn a_room_deleted_by_hand_is_opened_again_with_what_calls_for_an_answer(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        let old = bot.channel("INC-1");
        assert!(bot.discord().delete_channel(old));
        bot.until("the loss is seen", async |bot| has(bot, "INC-1", "room_gone").await).await;
        bot.rest().await;
        let fresh = bot.channel("INC-1");
        assert_ne!(fresh, old);
        let card = bot.expect("INC-1", &["INC-1", "Lead"]);
        assert!(card.pinned, "the card is pinned in the new room");
        bot.expect("INC-1", &["room is gone"]);
        bot.expect("INC-1", &["📟"]);
        bot.expect("operators", &["INC-1", "room is gone"]);
        let timeline = bot.timeline("INC-1").await.join(" ");
        assert_in_order(&timeline, &["room_opened", "room_gone", "room_opened"]);
        // One room, and it works.
        let rooms = bot.discord().channels().into_iter().filter(|channel| channel.name.starts_with("inc-1-")).count();
        assert_eq!(rooms, 1);
        bot.press("ana", "INC-1", "Acknowledge").await;
        bot.expect("INC-1", &["acknowledged"]);
        bot.finish().await;
    }

    async fn a_room_deleted_while_nobody_hears_is_found_by_the_next_line(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let old = running(&mut bot).await;
        bot.discord().silence_gateway(true);
        bot.discord().delete_channel(old);
        bot.ring("drift", &[drift("us")]).await;
        bot.discord().silence_gateway(false);
        bot.until("the loss is seen", async |bot| has(bot, "INC-1", "room_gone").await).await;
        bot.rest().await;
        bot.expect("INC-1", &["INC-1", "Lead"]);
        bot.expect("INC-1", &["room is gone"]);
        bot.expect("INC-1", &["Scores drift in us"]);
        bot.expect("operators", &["INC-1", "room is gone"]);
        bot.finish().await;
    }

    async fn what_is_deleted_in_the_room_comes_back_when_the_bot_connects(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        let card = bot.expect_opened("INC-1");
        let (_, mention) = bot.expect_page("ana", "INC-1");
        let announcement = bot.newest("announcements", "INC-1", None);
        for message in [&card, &mention, &announcement] {
            assert!(bot.discord().delete_message(message.channel, message.id));
        }
        connect_anew(&bot).await;
        bot.until("all is put right", async |bot| {
            bot.timeline("INC-1").await.iter().filter(|kind| *kind == "repaired").count() == 3
        })
        .await;
        bot.rest().await;
        bot.expect_opened("INC-1");
        let again = bot.expect("INC-1", &["📟"]);
        assert_eq!(again.pings, mention.pings, "it calls the same person");
        assert_eq!(bot.messages("announcements").len(), 1);
        bot.finish().await;
    }

    async fn put_out_of_the_server_and_let_in_again_nothing_is_given_up(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        bot.discord().remove_bot();
        let (status, _) =
            bot.world.post("alertmanager", crate::support::alerts::webhook("drift", &[drift("us")])).await.unwrap();
        assert_eq!(status, 202, "alerts are taken in all the same");
        bot.until("it is decided", async |bot| has(bot, "INC-1", "alerts_joined").await).await;
        bot.rest().await;
        bot.discord().add_bot_back();
        // No time passes: being let in is reason enough to try again.
        bot.until("the line is said", async |bot| bot.messages("INC-1").iter().any(|message| message.text().contains("drift in us"))).await;
        bot.rest().await;
        bot.expect("INC-1", &["Scores drift in us"]);
        // What could not be told while it was so is told now.
        bot.expect("operators", &["firebell doctor", "Missing Access"]);
        // The commands went with the bot, and are there again.
        bot.until("the commands are there", async |bot| !bot.discord().commands().is_empty()).await;
        bot.command("dana", room, "/incident phase", json!({ "to": "investigating" })).await;
        bot.expect("INC-1", &["investigating"]);
        bot.finish().await;
    }

    async fn a_permission_that_is_revoked_is_missed_out_loud_and_what_it_cost_is_made_good(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        bot.discord().deny_bot(room, SEND_MESSAGES);
        bot.ring("drift", &[drift("us")]).await;
        bot.expect("operators", &["INC-1", "a line in the room was given up", "Missing Permissions"]);
        assert!(has(&bot, "INC-1", "undone").await);
        // Still denied: tried anew, refused, and not said a second time.
        connect_anew(&bot).await;
        bot.rest().await;
        assert_eq!(bot.messages("operators").len(), 1);
        bot.discord().deny_bot(room, 0);
        bot.until("the line is said", async |bot| bot.messages("INC-1").iter().any(|message| message.text().contains("drift in us"))).await;
        bot.rest().await;
        bot.expect("INC-1", &["Scores drift in us"]);
        bot.finish().await;
    }

    async fn what_the_bot_may_not_do_is_told_to_the_operators_and_by_readiness(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let announcements = bot.channel("announcements");
        bot.discord().deny_bot(announcements, SEND_MESSAGES);
        bot.until("the operators are told", async |bot| !bot.messages("operators").is_empty()).await;
        bot.expect("operators", &["firebell doctor", "Send Messages", "discord.announcements"]);
        let ready = bot.get("/readyz").await;
        assert!(ready.contains("Send Messages"), "{ready}");
        bot.discord().deny_bot(announcements, 0);
        bot.until("readiness is content", async |bot| bot.get("/readyz").await.contains("\"lacking\":[]")).await;
        bot.finish().await;
    }

    async fn one_line_that_discord_will_not_have_holds_the_others_up_for_minutes_not_for_a_day(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        // Every post in the room fails until this one has stepped aside; then Discord takes what comes.
        let path: &'static str = format!("/channels/{room}/messages").leak();
        bot.discord().trouble(Trouble { method: Some("POST"), path, times: 8, kind: TroubleKind::Status(500, None) });
        bot.ring("drift", &[drift("us")]).await;
        bot.ring("drift", &[drift("ap")]).await;
        for _ in 0..7 {
            bot.world.pass(chrono::Duration::seconds(70)).await.unwrap();
        }
        // The next attempt of the stubborn one is two minutes away; the other did not wait for it.
        bot.until("the other is said", async |bot| bot.messages("INC-1").iter().any(|message| message.text().contains("drift in ap"))).await;
        bot.expect("INC-1", &["Scores drift in ap"]);
        assert!(!bot.messages("INC-1").iter().any(|message| message.text().contains("drift in us")));
        bot.pass(5).await;
        bot.expect("INC-1", &["Scores drift in us"]);
        bot.finish().await;
    }
}
