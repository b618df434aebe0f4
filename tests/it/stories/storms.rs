//! Storms: ten thousand alerts at once are one incident a group, one page each, and never more than Discord allows; and
//! floods, in which there would be more incidents than anybody could work on.

use std::sync::Arc;
use std::time::Duration;

use firebell::store::Db;
use sqlx::{Connection, SqliteConnection};
use standin::Options;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::stories::assert_has;
use crate::support::alerts::{Alert, drift, plain, webhook};
use crate::support::{Bot, TestDatabase};

/// How many requests are on their way at once.
const SENDERS: usize = 8;
/// The most calls that any second may see: Discord refuses the fifty-first.
const A_SECOND: usize = 45;

/// Beside a Discord that keeps its limits.
async fn start(database: TestDatabase) -> Bot {
    Bot::start_in(database, Options { rate_limits: true, record: true, ..Options::default() }).await
}

/// Posts all bodies, some at a time; each is taken.
async fn pour(bot: &Bot, bodies: Vec<Vec<u8>>) {
    let address = bot.world.app().address().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let turns = Arc::new(Semaphore::new(SENDERS));
    let mut answers = JoinSet::new();
    for body in bodies {
        let request = client.post(format!("http://{address}/hooks/alertmanager"));
        let request = request.bearer_auth(firebell::demo::world::HOOK_SECRET).body(body);
        let turns = turns.clone();
        answers.spawn(async move {
            let _turn = turns.acquire_owned().await.unwrap();
            request.send().await.unwrap().status()
        });
    }
    while let Some(status) = answers.join_next().await {
        assert_eq!(status.unwrap(), 202);
    }
    let engine = bot.world.app().engine().clone();
    bot.until("all are digested", async |_| {
        let mut tx = engine.db().read().await.unwrap();
        tx.inbox_behind().await.unwrap().waiting == 0
    })
    .await;
    bot.rest().await;
}

async fn count(bot: &Bot, sql: &'static str) -> i64 {
    match bot.world.app().engine().db() {
        Db::Sqlite { file, .. } => {
            sqlx::query_scalar(sql).fetch_one(&mut SqliteConnection::connect_with(file).await.unwrap()).await.unwrap()
        }
        Db::Postgres { pool, .. } => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
    }
}

async fn deliveries(bot: &Bot) -> i64 {
    let counted = "SELECT CAST(SUM(deliveries) AS BIGINT)
                   FROM (SELECT deliveries FROM alert UNION ALL SELECT deliveries FROM alert_repeat) AS counted";
    count(bot, counted).await
}

/// Discord was treated as it asks to be.
#[track_caller]
fn was_kept_to_the_limits(bot: &Bot) {
    let discord = bot.discord();
    assert_eq!(discord.count_429(), 0, "no call was refused for being too fast");
    assert!(discord.requests_per_second_max() <= A_SECOND, "{} calls in a second", discord.requests_per_second_max());
    assert!(discord.edits_per_second_max() <= 1, "{} edits of one message in a second", discord.edits_per_second_max());
}

/// PostgreSQL, to which each connection is a process, has no more of them than the manual says.
async fn has_few_connections(bot: &Bot) {
    if let Db::Postgres { .. } = bot.world.app().engine().db() {
        let own = "SELECT COUNT(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'firebell'";
        let connections = count(bot, own).await;
        assert!(connections <= 6, "{connections} connections");
    }
}

/// All lines that say how many joined were to be expected.
fn expect_joined(bot: &mut Bot, incident: &str) {
    let joined = bot.messages(incident).iter().filter(|message| message.text().contains("joined")).count();
    assert!(joined <= 4, "{joined} lines in {incident}");
    for _ in 0..joined {
        bot.expect(incident, &["joined"]);
    }
}

on_both_databases! {
    async fn ten_thousand_alerts_of_one_fingerprint_are_one_incident_and_one_page(database: TestDatabase) {
        let mut bot = start(database).await;
        let fifty: Vec<Alert> = vec![drift("eu"); 50];
        pour(&bot, vec![webhook("drift", &fifty); 200]).await;
        assert_eq!(count(&bot, "SELECT COUNT(*) FROM incident").await, 1);
        assert_eq!(deliveries(&bot).await, 10_000);
        bot.pass(1).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        assert_eq!(bot.messages("direct:ana").len(), 1);
        assert_has(&bot.newest("INC-1", "Lead", None).text(), &["came 10000 times"]);
        assert!(!bot.timeline("INC-1").await.contains(&"alerts_joined".to_owned()), "repeats only count");
        was_kept_to_the_limits(&bot);
        bot.finish().await;
    }

    async fn ten_thousand_alerts_of_a_thousand_fingerprints_are_an_incident_and_a_page_for_each_group(database: TestDatabase) {
        // More rooms than Discord lets be made at once.
        let options = Options { rate_limits: true, record: true, channel_creations: 5, ..Options::default() };
        let mut bot = Bot::start_in(database, options).await;
        let group = |group: usize| -> Vec<u8> {
            let alerts: Vec<Alert> = (0..125).map(|number| drift(&format!("place-{group}-{number}"))).collect();
            webhook(&format!("group-{group}"), &alerts)
        };
        let groups: Vec<Vec<u8>> = (0..8).map(group).collect();
        pour(&bot, (0..10).flat_map(|_| groups.clone()).collect()).await;
        assert_eq!(count(&bot, "SELECT COUNT(*) FROM incident").await, 8);
        assert_eq!(count(&bot, "SELECT COUNT(*) FROM alert").await, 1000);
        assert_eq!(deliveries(&bot).await, 10_000);
        bot.pass(1).await;
        for number in 1..=8 {
            let incident = format!("INC-{number}");
            bot.expect_opened(&incident);
            bot.expect_page("ana", &incident);
            expect_joined(&mut bot, &incident);
            assert_has(&bot.newest(&incident, "Lead", None).text(), &["125, all firing"]);
        }
        assert_eq!(bot.messages("direct:ana").len(), 8, "one page each");
        was_kept_to_the_limits(&bot);
        has_few_connections(&bot).await;
        bot.finish().await;
    }

    async fn what_waited_for_a_start_goes_out_within_the_limits_and_so_do_the_calls_with_which_it_connects(database: TestDatabase) {
        let bot = &mut start(database).await;
        bot.discord().go_down(true);
        let groups = (0..60).map(|group| webhook(&format!("group-{group}"), &[plain(&format!("Trouble{group}"), "critical")]));
        pour(bot, groups.collect()).await;
        bot.kill();
        let killed = std::time::Instant::now();
        // Discord counts those of the process before, too, of which this one cannot know.
        bot.until("its calls are a second ago", async |_| Duration::from_secs(1) < killed.elapsed()).await;
        bot.discord().go_down(false);
        bot.world.clock().advance(chrono::Duration::hours(1));
        bot.start_again().await;
        bot.until("whoever is on call is called", async |bot| 5 <= bot.messages("direct:chloe").len()).await;
        // How often a channel was called before the kill it learns from Discord; what all of them bear it has to know.
        let most = bot.discord().requests_per_second_max();
        assert!(most <= A_SECOND, "{most} calls in a second");
        bot.world.stop_app().await;
    }

    async fn in_a_flood_what_comes_after_is_gathered_in_one_incident_a_source_and_nothing_is_lost(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, |text| {
            let flood = text.replace("# flood_after = 1000", "flood_after = 3");
            assert_ne!(flood, text);
            format!("{flood}\n[sources.second]\nkind = \"alertmanager\"\nsecrets = [\"env:FIREBELL_ALERTMANAGER_SECRET\"]\n")
        })
        .await;
        for number in 1..=6 {
            bot.ring(&format!("group-{number}"), &[plain(&format!("Trouble{number}"), "critical")]).await;
        }
        let (status, body) = bot.world.post("second", webhook("elsewhere", &[plain("TroubleElsewhere", "warning")])).await.unwrap();
        assert_eq!(status, 202, "{body}");
        bot.rest().await;
        for number in 1..=3 {
            let incident = format!("INC-{number}");
            let card = bot.expect_opened(&incident);
            assert_has(&card.text(), &[&format!("Trouble{number}")]);
            bot.expect_page("chloe", &incident);
        }
        let card = bot.expect_opened("INC-4");
        assert_has(&card.text(), &["Flood of alerts from alertmanager", "SEV1"]);
        assert_has(&bot.again(&card).text(), &["3, all firing"]);
        bot.expect_page("chloe", "INC-4");
        bot.expect("INC-4", &["1 alert joined", "Trouble5"]);
        bot.expect("INC-4", &["1 alert joined", "Trouble6"]);
        let card = bot.expect_opened("INC-5");
        assert_has(&card.text(), &["Flood of alerts from second", "SEV3"]);
        bot.expect_page("chloe", "INC-5");
        let room = bot.channel("INC-4");
        let said = bot.command("dana", room, "/incident timeline list", serde_json::json!({})).await;
        assert_has(&said, &["3 incidents were opened within 10 minutes", "is gathered here"]);
        assert_eq!(count(&bot, "SELECT COUNT(*) FROM incident").await, 5);
        assert_eq!(deliveries(&bot).await, 7, "nothing is lost");
        // What is known already stays where it is, and ten minutes later a new group is an incident again.
        bot.ring("group-6", &[plain("Trouble6", "critical")]).await;
        assert_eq!(count(&bot, "SELECT COUNT(*) FROM incident").await, 5);
        bot.world.clock().advance(chrono::Duration::minutes(11));
        bot.ring("group-7", &[plain("Trouble7", "critical")]).await;
        assert_eq!(count(&bot, "SELECT COUNT(*) FROM incident").await, 6);
        assert_has(&bot.newest("INC-6", "Lead", None).text(), &["Trouble7"]);
        bot.finish_in_trouble().await;
    }
}
