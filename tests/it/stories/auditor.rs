//! What was decided and lost is found and put back, and whoever listens outside hears when all is not well.

use firebell::store::Db;
use sqlx::{Connection, SqliteConnection};

use crate::stories::running;
use crate::support::Bot;
use crate::support::alerts::drift;
use crate::support::switch::Switch;

/// Does to the database what no part of ours does.
async fn tamper(bot: &Bot, sql: &'static str) {
    let changed = match bot.world.app().engine().db() {
        Db::Sqlite { file, .. } => sqlx::query(sql)
            .execute(&mut SqliteConnection::connect_with(file).await.unwrap())
            .await
            .unwrap()
            .rows_affected(),
        Db::Postgres { pool, .. } => sqlx::query(sql).execute(pool).await.unwrap().rows_affected(),
    };
    assert!(0 < changed, "nothing was changed by: {sql}");
}

async fn put_back(bot: &Bot, count: usize) {
    bot.until("it is put back", async |bot| {
        bot.timeline("INC-1").await.iter().filter(|kind| *kind == "repaired").count() == count
    })
    .await;
    bot.rest().await;
}

on_both_databases! {
    async fn an_escalation_whose_timer_is_lost_goes_on_all_the_same(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        tamper(&bot, "DELETE FROM job WHERE dedup_key LIKE 'INC-1/escalation/%'").await;
        put_back(&bot, 1).await;
        bot.expect("operators", &["INC-1", "the next step of an escalation", "auditor"]);
        bot.pass(5).await;
        bot.expect_page("dana", "INC-1");
        bot.finish().await;
    }

    async fn a_page_whose_job_is_lost_is_delivered(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.discord().go_down(true);
        let (status, _) =
            bot.world.post("alertmanager", crate::support::alerts::webhook("drift", &[drift("eu")])).await.unwrap();
        assert_eq!(status, 202);
        let engine = bot.world.app().engine().clone();
        bot.until("it is decided", async |_| engine.incident(firebell::domain::id::IncidentId(1)).await.is_ok()).await;
        bot.rest().await;
        // Everything that was to be done is lost, but for the timers.
        tamper(&bot, "DELETE FROM job WHERE performer <> 'clock'").await;
        bot.discord().go_down(false);
        put_back(&bot, 3).await;
        for _ in 0..8 {
            bot.world.pass(chrono::Duration::seconds(5)).await.unwrap();
        }
        bot.expect("announcements", &["INC-1"]);
        bot.expect("direct:ana", &["INC-1"]);
        let card = bot.expect("INC-1", &["INC-1", "Lead"]);
        assert!(card.pinned);
        bot.expect("operators", &["INC-1", "a page by direct message", "the announcement", "the room"]);
        bot.finish().await;
    }

    async fn an_approved_update_that_nobody_publishes_asks_a_person(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let liam = bot.world.account("liam").unwrap().to_string();
        let assign = serde_json::json!({ "role": "liaison", "user": liam });
        bot.command("dana", room, "/incident assign", assign).await;
        bot.expect("INC-1", &["liaison"]);
        bot.command("dana", room, "/comms draft", serde_json::json!({ "audience": "external" })).await;
        bot.expect("INC-1", &["external", "[Approve]"]);
        bot.discord().trouble(standin::Trouble {
            method: Some("POST"),
            path: format!("/channels/{}/messages", bot.channel("public")).leak(),
            times: 1,
            kind: standin::TroubleKind::Status(502, None),
        });
        bot.press_on("liam", "INC-1", "external", "Approve").await;
        tamper(&bot, "DELETE FROM job WHERE dedup_key LIKE 'INC-1/publish/%'").await;
        bot.until("a person is asked", async |bot| {
            bot.timeline("INC-1").await.iter().any(|kind| kind == "publication_doubtful")
        })
        .await;
        bot.rest().await;
        bot.expect("INC-1", &["somebody has to look"]);
        assert!(bot.messages("public").is_empty(), "nothing goes out of itself");
        bot.press_on("liam", "INC-1", "external", "It does not: post it").await;
        bot.expect("public", &["We are looking into"]);
        bot.expect("INC-1", &["published"]);
        bot.finish().await;
    }

    async fn the_switch_is_beaten_while_all_is_well_and_not_while_a_page_is_stuck(database: TestDatabase) {
        let switch = Switch::start("200 OK").await;
        let mut bot = Bot::start_with_secret(database, "FIREBELL_HEARTBEAT_URL", &switch.url).await;
        bot.until("it beats", async |_| 2 <= switch.beats()).await;
        bot.discord().go_down(true);
        let (status, _) =
            bot.world.post("alertmanager", crate::support::alerts::webhook("drift", &[drift("eu")])).await.unwrap();
        assert_eq!(status, 202);
        let engine = bot.world.app().engine().clone();
        bot.until("it is decided", async |_| engine.incident(firebell::domain::id::IncidentId(1)).await.is_ok()).await;
        bot.world.clock().advance(chrono::Duration::minutes(3));
        // Two looks further at least: what the first of them began before the clock moved does not count.
        let told = async |bot: &Bot| {
            let mut tx = bot.world.app().engine().db().read().await.unwrap();
            tx.waiting_jobs(50).await.unwrap().iter().any(|job| job.dedup_key.starts_with("operators/audit/undelivered/"))
        };
        bot.until("the operators are to be told", told).await;
        let beats = switch.beats();
        bot.discord().go_down(false);
        for _ in 0..8 {
            bot.world.pass(chrono::Duration::seconds(5)).await.unwrap();
        }
        bot.until("it beats again", async |_| beats < switch.beats()).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.expect("operators", &["page 1 of INC-1 is not delivered yet"]);
        bot.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed() {
    let switch = Switch::start("302 Found").await;
    let heart = firebell::auditor::Heart::new(switch.url.clone()).unwrap();
    let refused = heart.beat().await.unwrap_err();
    assert!(refused.contains("302") && !refused.contains("7f3a"), "{refused}");
    assert_eq!(switch.beats(), 1);
}
