//! Sources that must call every so often: silence rings, a call ends it, and a call costs next to nothing.

use chrono::Duration;
use firebell::app::{App, Options, Role};
use firebell::clock::real_time;
use firebell::demo::world::HOOK_SECRET;
use firebell::domain::id::SourceName;
use firebell::store::Db;
use serde_json::json;

use super::assert_has;
use crate::support::{Bot, TestDatabase};

/// The example configuration with a job that must call every quarter of an hour.
fn with_nightly(text: String) -> String {
    format!(
        "{text}\n[sources.nightly]\nkind = \"heartbeat\"\nevery = \"15m\"\nsecrets = [\"env:FIREBELL_ALERTMANAGER_SECRET\"]\n"
    )
}

/// The job calls at `app`, as one that knows only an address; what it is answered.
async fn call_at(app: &App, body: Option<&'static str>, header: Option<&'static str>) -> serde_json::Value {
    let address = format!("http://{}/hooks/nightly?token={HOOK_SECRET}", app.address().unwrap());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = match body {
        None => client.get(address),
        Some(body) => client.post(address).body(body),
    };
    if let Some(header) = header {
        request = request.header(header, "yes");
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

/// The job calls; the inbox positions that came of it.
async fn call(bot: &Bot) -> serde_json::Value {
    let answer = call_at(bot.world.app(), None, None).await;
    bot.rest().await;
    answer["ids"].clone()
}

/// How many alerts ever came into the inbox.
async fn entries(bot: &Bot) -> i64 {
    bot.world.app().engine().db().read().await.unwrap().inbox_end().await.unwrap()
}

on_both_databases! {
    async fn who_calls_in_time_rings_nobody_and_leaves_nothing_behind(database: TestDatabase) {
        let bot = Bot::start_configured(database, with_nightly).await;
        for _ in 0..6 {
            assert_eq!(call(&bot).await, json!([]));
            bot.pass(10).await;
        }
        assert!(bot.world.room("INC-1").is_none());
        assert_eq!(entries(&bot).await, 0, "a call that says nothing new is no entry of the inbox");
        bot.finish().await;
    }

    async fn silence_rings_also_after_a_restart_and_the_next_call_offers_to_resolve(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, with_nightly).await;
        call(&bot).await;
        bot.pass(10).await;
        bot.kill();
        bot.start_again().await;
        bot.pass(4).await;
        assert!(bot.world.room("INC-1").is_none(), "14 minutes are in time");
        bot.pass(1).await;
        let card = bot.expect_opened("INC-1");
        assert_has(&card.text(), &["No sign of life from nightly", "SEV2"]);
        bot.expect("INC-1", &["📟"]);
        bot.pass(1).await;
        assert_eq!(call(&bot).await, json!([2]), "this one is news");
        assert_eq!(call(&bot).await, json!([]), "and this one is not");
        bot.newest("INC-1", "", Some("Resolve"));
        assert_has(&bot.again(&card).text(), &["resolved at the source"]);
        bot.command("chloe", bot.channel("INC-1"), "/incident resolve", json!({})).await;
        bot.pass(15).await;
        let card = bot.expect_opened("INC-2");
        assert_has(&card.text(), &["No sign of life from nightly"]);
        bot.finish_in_trouble().await;
    }

    async fn silence_that_goes_on_is_counted_and_opens_anew_only_when_it_was_resolved(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, with_nightly).await;
        bot.pass(15).await;
        let card = bot.expect_opened("INC-1");
        assert_has(&card.text(), &["No sign of life from nightly"]);
        bot.pass(15).await;
        bot.pass(15).await;
        assert_eq!(entries(&bot).await, 3);
        assert!(bot.world.room("INC-2").is_none(), "it is the same silence");
        bot.command("chloe", bot.channel("INC-1"), "/incident resolve", json!({})).await;
        bot.pass(15).await;
        bot.expect_opened("INC-2");
        bot.finish_in_trouble().await;
    }

    async fn a_call_that_says_it_failed_rings_at_once(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, with_nightly).await;
        let failed = r#"{ "status": "failed", "message": "the training set is empty" }"#;
        call_at(bot.world.app(), Some(failed), None).await;
        bot.rest().await;
        let card = bot.expect_opened("INC-1");
        assert_has(&card.text(), &["nightly failed"]);
        call(&bot).await;
        bot.newest("INC-1", "", Some("Resolve"));
        bot.finish_in_trouble().await;
    }

    async fn a_drill_is_no_sign_of_life(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, with_nightly).await;
        bot.pass(10).await;
        call_at(bot.world.app(), Some("{}"), Some("firebell-drill")).await;
        bot.pass(5).await;
        let card = bot.expect_opened("INC-1");
        assert_has(&card.text(), &["No sign of life from nightly"]);
        bot.finish_in_trouble().await;
    }

    async fn nobody_is_blamed_for_the_time_in_which_nobody_could_hear(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, with_nightly).await;
        call(&bot).await;
        bot.pass(10).await;
        let url = bot.world.config().unwrap().database.url.unwrap();
        bot.kill();
        // Nobody has listened for an hour.
        let db = Db::connect(url.expose()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let an_hour_ago = real_time() - Duration::hours(1);
        tx.listen_for_heartbeat(&"nightly".into(), an_hour_ago, bot.world.clock().now()).await.unwrap();
        tx.commit().await.unwrap();
        db.close().await;
        bot.world.clock().advance(Duration::hours(1));
        bot.start_again().await;
        bot.rest().await;
        bot.expect("operators", &["no call could be heard", "the silence of nightly counts from now on"]);
        bot.pass(14).await;
        assert!(bot.world.room("INC-1").is_none(), "it may have called in vain");
        bot.pass(1).await;
        bot.expect_opened("INC-1");
        bot.finish_in_trouble().await;
    }

    async fn what_is_no_longer_configured_is_not_expected_and_a_longer_time_is_waited_for(database: TestDatabase) {
        let bot = Bot::start_configured(database, with_nightly).await;
        call(&bot).await;
        let mut config = bot.world.config().unwrap();
        config.sources.get_mut(&SourceName::from("nightly")).unwrap().every = Some(Duration::hours(1));
        bot.world.app().reload(config).await.unwrap();
        bot.pass(59).await;
        assert!(bot.world.room("INC-1").is_none());
        let mut config = bot.world.config().unwrap();
        config.sources.remove(&SourceName::from("nightly"));
        bot.world.app().reload(config).await.unwrap();
        bot.pass(60).await;
        assert!(bot.world.room("INC-1").is_none());
        bot.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_hear_for_each_other_and_ring_once() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let mut bot = Bot::start_configured(database, with_nightly).await;
    let options = Options {
        roles: [Role::Web, Role::Worker].into(),
        clock: bot.world.clock().clone(),
        lease: std::time::Duration::from_millis(1500),
        ..Options::default()
    };
    let other = App::start(bot.world.config().unwrap(), options).await.unwrap();
    for _ in 0..3 {
        bot.pass(10).await;
        call_at(&other, None, None).await;
    }
    assert!(bot.world.room("INC-1").is_none(), "what the other one heard counts for both");
    bot.pass(15).await;
    bot.expect_opened("INC-1");
    assert_eq!(entries(&bot).await, 1, "one of them told it, once");
    call_at(&other, None, None).await;
    bot.until("the call ends it", async |bot| entries(bot).await == 2).await;
    bot.rest().await;
    bot.newest("INC-1", "", Some("Resolve"));
    other.stop().await;
    bot.finish_in_trouble().await;
}
