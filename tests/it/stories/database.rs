//! The database in trouble: nothing is half done, everybody is told to come back, and all goes on by itself.

use serde_json::json;
use sqlx::Connection;

use firebell::store::Db;
use firebell::store::embedded::Statement;

use standin::Options;

use crate::stories::running;
use crate::support::alerts::{drift, webhook};
use crate::support::wire::Wire;
use crate::support::{Bot, TestDatabase, postgres};

/// Posts an alert; the status, and after how many seconds to come back.
async fn post(bot: &Bot, segment: &str) -> (u16, Option<String>) {
    let address = bot.world.app().address().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = client
        .post(format!("http://{address}/hooks/alertmanager"))
        .bearer_auth(firebell::demo::world::HOOK_SECRET)
        .body(webhook("drift", &[drift(segment)]))
        .send()
        .await
        .unwrap();
    let retry = sent.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (sent.status().as_u16(), retry)
}

async fn ready(bot: &Bot) -> u16 {
    let address = bot.world.app().address().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(format!("http://{address}/readyz")).send().await.unwrap().status().as_u16()
}

async fn has(bot: &Bot, kind: &str) -> bool {
    bot.timeline("INC-1").await.iter().any(|other| other == kind)
}

/// Whoever asks for something waits as long as for a connection.
async fn start(database: TestDatabase) -> Bot {
    let patience = std::time::Duration::from_secs(30);
    Bot::start_in(database, Options { rate_limits: false, record: true, patience, ..Options::default() }).await
}

/// Everybody is told to come back; then, with the database there again, all goes on.
async fn trouble_passes(mut bot: Bot, begin: impl AsyncFn(&Bot), end: impl AsyncFn(&Bot)) {
    let room = running(&mut bot).await;
    let before = bot.timeline("INC-1").await;
    begin(&bot).await;
    // At once: without the database nobody keeps the lease of the gateway for long. A full disk may have room for a line
    // or two; then it has not.
    let mut kept = 0;
    loop {
        let note = json!({ "text": format!("note {kept}: {}", "so much to say ".repeat(90)) });
        let answer = bot.try_command("dana", room, "/incident timeline add", note).await.text();
        if answer.contains("Try again in a moment") {
            break;
        }
        kept += 1;
        assert!(kept < 20, "{answer}");
        begin(&bot).await;
    }
    let mut taken = 0;
    let retry = loop {
        let (status, retry) = post(&bot, "us").await;
        if status == 503 {
            break retry;
        }
        // A full disk takes what still fits, and keeps it.
        taken += 1;
        assert!(status == 202 && taken < 100, "{status}");
        begin(&bot).await;
    };
    assert!(retry.is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "says when to come back");
    assert_eq!(ready(&bot).await, 503);
    end(&bot).await;
    bot.until("alerts are taken in again", async |bot| post(bot, "us").await.0 == 202).await;
    bot.until("it is ready again", async |bot| ready(bot).await == 200).await;
    assert_eq!(bot.timeline("INC-1").await[..before.len()], before[..], "nothing was half done");
    bot.until("the alert joined", async |bot| has(bot, "alerts_joined").await).await;
    bot.until("people are heard again", async |bot| bot.get("/readyz").await.contains("\"connected\"")).await;
    let moved = bot.command("dana", room, "/incident phase", json!({ "to": "mitigating" })).await;
    assert!(!moved.contains("Try again"), "{moved}");
    for _ in 0..4 {
        bot.world.pass(chrono::Duration::seconds(10)).await.unwrap();
    }
    bot.expect("INC-1", &["Scores drift in us"]);
    bot.expect("INC-1", &["mitigating"]);
    // Where there was room for it, the operators were told.
    for _ in bot.messages("operators") {
        bot.expect("operators", &["503"]);
    }
    for number in 0..kept {
        bot.expect("INC-1", &[&format!("note {number}: so much")]);
    }
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_is_cut_and_comes_back() {
    let Some(mut database) = TestDatabase::postgres().await else { return };
    let port: u16 = database.url.split(':').nth(2).unwrap().split('/').next().unwrap().parse().unwrap();
    let wire = Wire::to(port).await;
    database.url = wire.over(&database.url);
    let bot = start(database).await;
    trouble_passes(bot, async |_| wire.cut(true), async |_| wire.cut(false)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_restarted() {
    let Some(server) = tokio::task::spawn_blocking(postgres::Server::start).await.unwrap() else { return };
    let mut database = TestDatabase::sqlite();
    database.url = server.fresh_database("restarted").await;
    let bot = start(database).await;
    let server = tokio::sync::Mutex::new(server);
    // As in an upgrade of the server, or after it crashed: all connections end, and it takes a while to be there again.
    trouble_passes(bot, async |_| server.lock().await.halt(), async |_| server.lock().await.go_on()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_is_full_and_is_cleared() {
    let bot = start(TestDatabase::sqlite()).await;
    // SQLite then answers as on a full disk (SQLITE_FULL): nothing more can be added.
    trouble_passes(
        bot,
        async |bot| {
            let Db::Sqlite { writer, .. } = bot.world.app().engine().db() else { unreachable!("it is SQLite") };
            let mut writer = writer.lend().await.unwrap();
            let count = writer.run_all(vec!["PRAGMA page_count".into()]).await.unwrap();
            let pages = count[0].rows[0].get("page_count").unwrap();
            writer.give_back();
            // What is free within the file is used up first. The limit is that of one connection; one that takes its
            // place has none yet.
            limit(bot, pages).await;
            for _ in 0..200 {
                if post(bot, "eu").await.0 != 202 {
                    break;
                }
            }
        },
        async |bot| limit(bot, 1_000_000).await,
    )
    .await;
}

async fn limit(bot: &Bot, pages: i64) {
    let Db::Sqlite { writer, .. } = bot.world.app().engine().db() else { unreachable!("it is SQLite") };
    let mut writer = writer.lend().await.unwrap();
    let pragma = format!("PRAGMA max_page_count = {pages}");
    writer.run_all(vec![Statement { text: pragma.into(), values: Vec::new() }]).await.unwrap();
    writer.give_back();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_holds_the_lock_of_the_embedded_database_for_a_while() {
    let database = TestDatabase::sqlite();
    let url = database.url.clone();
    let mut bot = Bot::start(database).await;
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let waiting = tokio::spawn({
        let address = bot.world.app().address().unwrap();
        async move {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.post(format!("http://{address}/hooks/alertmanager"));
            let request =
                request.bearer_auth(firebell::demo::world::HOOK_SECRET).body(webhook("drift", &[drift("eu")]));
            request.send().await.unwrap().status().as_u16()
        }
    });
    // Longer than a lease: those who hold one cannot renew it, and go on when they can.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(!waiting.is_finished(), "an answer would be a lie");
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(waiting.await.unwrap(), 202);
    bot.until("Ana has her page", async |bot| !bot.messages("direct:ana").is_empty()).await;
    bot.rest().await;
    bot.expect_opened("INC-1");
    bot.expect_page("ana", "INC-1");
    bot.finish().await;
}
