//! Discord in trouble: too fast, broken, slow, deaf, gone; and pages all the same.

use std::time::Duration;

use serde_json::json;
use standin::{Options, Trouble, TroubleKind};

use crate::stories::running;
use crate::support::Bot;
use crate::support::alerts::{drift, webhook};

/// Every message that the bot posts, in any channel.
const POSTS: &str = "/channels/*/messages";

fn trouble(bot: &Bot, method: Option<&'static str>, path: &'static str, times: u32, kind: TroubleKind) {
    bot.discord().trouble(Trouble { method, path, times, kind });
}

async fn ring(bot: &Bot) {
    let (status, body) = bot.world.post("alertmanager", webhook("drift", &[drift("eu")])).await.unwrap();
    assert_eq!(status, 202, "{body}");
}

/// Lets the waits between attempts pass, until Ana has her page and the card stands.
async fn arrives(bot: &mut Bot) {
    bot.rest().await;
    for _ in 0..12 {
        bot.world.pass(chrono::Duration::seconds(10)).await.unwrap();
    }
    bot.expect_opened("INC-1");
    bot.expect_page("ana", "INC-1");
    assert_eq!(bot.messages("direct:ana").len(), 1, "once");
}

on_both_databases! {
    async fn too_fast_is_waited_out_and_nothing_comes_twice(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        for global in [false, true, false] {
            trouble(&bot, Some("POST"), POSTS, 1, TroubleKind::RateLimited { retry_after: 0.3, global });
        }
        ring(&bot).await;
        arrives(&mut bot).await;
        assert_eq!(bot.discord().count_429(), 3);
        bot.finish_in_trouble().await;
    }

    async fn with_real_limits_a_busy_room_keeps_its_order_and_is_never_too_fast(database: TestDatabase) {
        let options = Options { rate_limits: true, record: true, ..Options::default() };
        let mut bot = Bot::start_in(database, options).await;
        let room = running(&mut bot).await;
        let user = bot.world.account("dana").unwrap();
        for number in 0..8 {
            let note = json!({ "text": format!("note {number} of eight") });
            bot.discord().command(user, room, "/incident timeline add", note).await.unwrap();
        }
        bot.until("all are said", async |bot| bot.messages("INC-1").iter().any(|message| message.text().contains("note 7"))).await;
        bot.rest().await;
        let lines: Vec<String> = bot.messages("INC-1").iter().map(|message| message.text()).collect();
        crate::stories::assert_in_order(&lines.join("\n"), &["note 0", "note 1", "note 2", "note 3", "note 4", "note 5", "note 6", "note 7"]);
        for number in 0..8 {
            bot.expect("INC-1", &[&format!("note {number} of eight")]);
        }
        bot.finish().await;
    }

    async fn errors_of_the_server_are_tried_through(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        for status in [502, 500, 503] {
            trouble(&bot, Some("POST"), "/**", 2, TroubleKind::Status(status, None));
        }
        ring(&bot).await;
        arrives(&mut bot).await;
        bot.finish_in_trouble().await;
    }

    async fn what_takes_longer_than_a_lease_is_done_once(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        trouble(&bot, Some("POST"), "/**", 4, TroubleKind::Stall(Duration::from_secs(3)));
        ring(&bot).await;
        arrives(&mut bot).await;
        bot.finish().await;
    }

    async fn a_room_that_discord_stalls_holds_up_no_page(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        trouble(&bot, Some("POST"), "/guilds/*/channels", 1, TroubleKind::Stall(Duration::from_secs(8)));
        ring(&bot).await;
        let begun = std::time::Instant::now();
        bot.until("Ana has her page", async |bot| !bot.messages("direct:ana").is_empty()).await;
        assert!(begun.elapsed() < Duration::from_secs(6), "the page did not wait for the room");
        arrives(&mut bot).await;
        bot.finish().await;
    }

    async fn a_gateway_that_closes_is_heard_again_and_nothing_said_meanwhile_is_lost(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        for code in [None, Some(4000), Some(4009)] {
            bot.discord().close_gateway(code);
            bot.until("it connects again", async |bot| bot.discord().connected()).await;
        }
        bot.until("a command is answered", async |bot| {
            let user = bot.world.account("dana").unwrap();
            let phase = json!({ "to": "investigating" });
            bot.discord().command(user, room, "/incident phase", phase).await.is_ok()
        })
        .await;
        bot.rest().await;
        bot.expect("INC-1", &["investigating"]);
        bot.finish_in_trouble().await;
    }

    async fn a_gateway_that_refuses_holds_up_no_page_and_readiness_says_so(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.discord().refuse_gateway(true);
        bot.discord().close_gateway(None);
        bot.until("readiness says so", async |bot| bot.get("/readyz").await.contains("not connected")).await;
        ring(&bot).await;
        arrives(&mut bot).await;
        bot.discord().refuse_gateway(false);
        bot.until("it hears again", async |bot| bot.get("/readyz").await.contains("\"connected\"")).await;
        let answer = bot.press("ana", "direct:ana", "Acknowledge").await;
        assert!(answer.contains("acknowledged"), "{answer}");
        bot.expect("INC-1", &["acknowledged"]);
        bot.finish().await;
    }

    async fn a_gateway_that_falls_silent_is_left_for_another(database: TestDatabase) {
        let options = Options { rate_limits: false, record: true, heartbeat: Duration::from_millis(400), ..Options::default() };
        let mut bot = Bot::start_in(database, options).await;
        let room = running(&mut bot).await;
        bot.discord().silence_gateway(true);
        // Its heartbeats are not answered: the line is dead, though it is open. What comes next is not welcomed either.
        bot.until("it leaves the dead line", async |bot| bot.get("/readyz").await.contains("not connected")).await;
        bot.discord().silence_gateway(false);
        bot.until("a command is answered", async |bot| {
            let user = bot.world.account("dana").unwrap();
            bot.discord().connected() && bot.discord().command(user, room, "/incident take", json!({ "role": "lead" })).await.is_ok()
        })
        .await;
        bot.rest().await;
        bot.expect("INC-1", &["is now the lead"]);
        bot.finish_in_trouble().await;
    }

    async fn the_clock_steps_back_and_forth_and_no_page_waits_for_it(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        trouble(&bot, Some("POST"), POSTS, 2, TroubleKind::Status(502, None));
        trouble(&bot, Some("POST"), "/users/@me/channels", 1, TroubleKind::Stall(Duration::from_secs(2)));
        ring(&bot).await;
        let engine = bot.world.app().engine().clone();
        bot.until("it is decided", async |_| engine.incident(firebell::domain::id::IncidentId(1)).await.is_ok()).await;
        // Set back by an hour while the page is on its way: what is due stays due, and the claim is not lost.
        bot.world.clock().advance(chrono::Duration::hours(-1));
        bot.until("Ana has her page", async |bot| {
            bot.world.clock().advance(chrono::Duration::seconds(1));
            !bot.messages("direct:ana").is_empty()
        })
        .await;
        bot.rest().await;
        for _ in 0..6 {
            bot.world.pass(chrono::Duration::seconds(10)).await.unwrap();
        }
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        assert_eq!(bot.messages("direct:ana").len(), 1);
        bot.press("ana", "direct:ana", "Acknowledge").await;
        bot.expect("INC-1", &["acknowledged"]);
        // Set forward by two hours: the timers of what was answered do nothing.
        bot.pass(125).await;
        bot.expect("INC-1", &["update"]);
        assert!(bot.messages("direct:dana").is_empty(), "nobody else is called");
        bot.finish_in_trouble().await;
    }
}
