//! What holds when an answer is lost, or the process dies between a commit and the call that follows from it.

use standin::{Trouble, TroubleKind};

use crate::support::Bot;
use crate::support::alerts::drift;

/// Discord does what was asked, once, and the answer is lost.
fn lose_answer(bot: &Bot, method: &'static str, path: &'static str) {
    bot.discord().trouble(Trouble { method: Some(method), path, times: 1, kind: TroubleKind::DropAnswer });
}

/// Rings, and lets the back-off of what was lost pass.
async fn ring_through_loss(bot: &Bot) {
    let (status, body) =
        bot.world.post("alertmanager", crate::support::alerts::webhook("drift", &[drift("eu")])).await.unwrap();
    assert_eq!(status, 202, "{body}");
    bot.rest().await;
    for _ in 0..4 {
        bot.world.pass(chrono::Duration::seconds(5)).await.unwrap();
    }
}

on_both_databases! {
    async fn a_lost_answer_to_the_making_of_the_channel_leaves_one_channel(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        lose_answer(&bot, "POST", "/guilds/*/channels");
        ring_through_loss(&bot).await;
        let rooms = bot.discord().channels().into_iter().filter(|channel| channel.name.starts_with("inc-1-")).count();
        assert_eq!(rooms, 1);
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.finish().await;
    }

    async fn a_lost_answer_to_a_post_leaves_one_announcement(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let announcements = bot.world.channel("announcements").unwrap();
        let path: &'static str = format!("/channels/{announcements}/messages").leak();
        lose_answer(&bot, "POST", path);
        ring_through_loss(&bot).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        assert_eq!(bot.messages("announcements").len(), 1);
        bot.finish().await;
    }

    async fn a_lost_answer_to_the_card_the_mention_or_the_direct_message_leaves_one_of_each(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        // The announcement is the first post; whatever comes after it in any channel is lost in turn.
        for _ in 0..3 {
            lose_answer(&bot, "POST", "/channels/*/messages");
        }
        ring_through_loss(&bot).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        assert_eq!(bot.messages("direct:ana").len(), 1);
        bot.finish().await;
    }

    async fn a_lost_answer_to_a_publication_publishes_once(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        let room = bot.channel("INC-1");
        let liam = bot.world.account("liam").unwrap().to_string();
        let assign = serde_json::json!({ "role": "liaison", "user": liam });
        bot.command("dana", room, "/incident assign", assign).await;
        bot.expect("INC-1", &["liaison"]);
        bot.command("dana", room, "/comms draft", serde_json::json!({ "audience": "external" })).await;
        bot.expect("INC-1", &["external", "[Approve]"]);
        let public = bot.world.channel("public").unwrap();
        lose_answer(&bot, "POST", format!("/channels/{public}/messages").leak());
        bot.press_on("liam", "INC-1", "external", "Approve").await;
        for _ in 0..4 {
            bot.world.pass(chrono::Duration::seconds(5)).await.unwrap();
        }
        bot.expect("public", &["We are looking into"]);
        bot.expect("INC-1", &["published"]);
        assert_eq!(bot.messages("public").len(), 1);
        bot.finish().await;
    }

    async fn a_process_that_dies_between_commit_and_call_is_finished_by_the_next(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        // Discord is away: everything is decided, nothing is done.
        bot.discord().go_down(true);
        let (status, _) =
            bot.world.post("alertmanager", crate::support::alerts::webhook("drift", &[drift("eu")])).await.unwrap();
        assert_eq!(status, 202);
        let engine = bot.world.app().engine().clone();
        while engine.incident(firebell::domain::id::IncidentId(1)).await.is_err() {
            tokio::task::yield_now().await;
        }
        bot.kill();
        bot.discord().go_down(false);
        bot.start_again().await;
        for _ in 0..8 {
            bot.world.pass(chrono::Duration::seconds(5)).await.unwrap();
        }
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.finish().await;
    }

    async fn buttons_work_after_a_restart(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.kill();
        bot.start_again().await;
        let answer = bot.press("ana", "direct:ana", "Acknowledge").await;
        assert!(answer.contains("acknowledged"), "{answer}");
        bot.expect("INC-1", &["acknowledged"]);
        bot.finish().await;
    }

    async fn while_discord_is_away_pages_wait_and_then_arrive_once(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.discord().go_down(true);
        let (status, _) =
            bot.world.post("alertmanager", crate::support::alerts::webhook("drift", &[drift("eu")])).await.unwrap();
        assert_eq!(status, 202, "alerts are taken in all the same");
        bot.discord().go_down(false);
        for _ in 0..8 {
            bot.world.pass(chrono::Duration::seconds(5)).await.unwrap();
        }
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.finish().await;
    }
}
