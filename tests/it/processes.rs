//! Several processes on one PostgreSQL: all that each does, and roles split.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use firebell::clock::Clock;
use firebell::demo::world::{HOOK_SECRET, Setting, World};
use firebell::domain::id::IncidentId;
use firebell::domain::paging::PageState;
use firebell::store::Db;
use serde_json::json;
use sqlx::Row;
use standin::Options;

use crate::support::alerts::{drift, webhook};
use crate::support::program::{Program, configure, firebell, listening};
use crate::support::{TestDatabase, tallies};

const PATIENCE: Duration = Duration::from_secs(60);

/// One PostgreSQL, one Discord, and as many programs as are started.
struct House {
    world: World,
    db: Db,
    config: PathBuf,
    _database: TestDatabase,
}

impl House {
    async fn build() -> Option<Self> {
        let database = TestDatabase::postgres().await?;
        let setting = Setting {
            text: firebell::demo::EXAMPLE.to_owned(),
            folder: database.folder.path().to_owned(),
            database: database.url.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Clock::system(),
            lease: Duration::from_secs(12),
            secrets: BTreeMap::new(),
        };
        let options = Options { rate_limits: false, record: false, ..Options::default() };
        let world = World::build(setting, options).await.unwrap();
        let config = configure(database.folder.path(), &world.discord, &database.url);
        let db = Db::connect(&database.url).await.unwrap();
        db.migrate().await.unwrap();
        Some(Self { world, db, config, _database: database })
    }

    /// Starts `firebell serve` with these roles; where it listens, if it does.
    fn serve(&self, roles: &str) -> (Program, Option<String>) {
        let mut command = firebell(&self.config, &self.world.discord, &["serve", "--roles", roles]);
        if roles.contains("web") {
            let (program, address) = listening(&mut command);
            return (program, Some(address));
        }
        (Program(command.spawn().unwrap()), None)
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
        let begun = Instant::now();
        while !holds().await {
            assert!(begun.elapsed() < PATIENCE, "it did not come about that {what}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        begun.elapsed()
    }

    async fn deliveries(&self) -> i64 {
        let Db::Postgres { pool, .. } = &self.db else { unreachable!("it is PostgreSQL") };
        let sum = "SELECT COALESCE(SUM(deliveries), 0)::bigint
                   FROM (SELECT deliveries FROM alert UNION ALL SELECT deliveries FROM alert_repeat) AS counted";
        sqlx::query(sum).fetch_one(pool).await.unwrap().get(0)
    }

    async fn is_paged(&self) -> bool {
        let incident = self.db.read().await.unwrap().incident(IncidentId(1)).await.unwrap();
        incident.is_some_and(|incident| incident.room.is_some() && incident.pages[0].state == PageState::Sent)
    }
}

async fn post(address: &str, segment: &str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = client
        .post(format!("{address}/hooks/alertmanager"))
        .bearer_auth(HOOK_SECRET)
        .body(webhook("drift", &[drift(segment)]))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_do_everything_do_nothing_twice_and_the_second_takes_over_within_fifteen_seconds() {
    let Some(house) = House::build().await else { return };
    let all = "web,worker,gateway";
    let (mut first, one) = house.serve(all);
    house.until("the first is connected", async || house.world.discord.connected()).await;
    let (_second, two) = house.serve(all);
    let (one, two) = (one.unwrap(), two.unwrap());
    let send = async |address: &str, from: u32| {
        for number in from..from + 60 {
            post(address, &format!("s{}", number % 40)).await;
        }
    };
    tokio::join!(send(&one, 0), send(&two, 20));
    house.until("all are counted", async || house.deliveries().await == 120).await;
    house.until("Ana is paged", async || house.is_paged().await).await;
    let ana = house.world.account("ana").unwrap();
    assert_eq!(house.world.discord.direct_messages(ana).len(), 1, "one page");
    let rooms = || house.world.discord.channels().iter().filter(|channel| channel.name.starts_with("inc-")).count();
    assert_eq!(rooms(), 1, "one room");

    // The one that speaks dies; the other is heard before a person gives up.
    let identified = house.world.discord.identifies();
    first.0.kill().unwrap();
    first.0.wait().unwrap();
    let took = house
        .until("the second is connected", async || {
            identified < house.world.discord.identifies() && house.world.discord.connected()
        })
        .await;
    assert!(took < Duration::from_secs(15), "the gateway was handed over within {took:?}");
    let dana = house.world.account("dana").unwrap();
    let room = house.world.room("INC-1").unwrap();
    house
        .until("a command is answered", async || {
            let take = json!({ "role": "lead" });
            house.world.discord.command(dana, room, "/incident take", take).await.is_ok()
        })
        .await;
    post(&two, "last").await;
    house.until("it goes on counting", async || house.deliveries().await == 121).await;
    let lines = || {
        house.world.discord.messages(room).iter().filter(|message| message.text().contains("is now the lead")).count()
    };
    house.until("it is said", async || lines() == 1).await;
    assert_eq!((rooms(), house.world.discord.direct_messages(ana).len()), (1, 1), "nothing twice");
    tallies::are_exact(&house.db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_roles_split_an_alert_goes_all_the_way() {
    let Some(house) = House::build().await else { return };
    let (_gateway, _) = house.serve("gateway");
    let (_worker, _) = house.serve("worker");
    let (_web, address) = house.serve("web");
    let (_more, more) = house.serve("web");
    post(&address.unwrap(), "eu").await;
    house.until("Ana is paged", async || house.is_paged().await).await;
    post(&more.unwrap(), "us").await;
    house.until("both are counted", async || house.deliveries().await == 2).await;
    let ana = house.world.account("ana").unwrap();
    assert_eq!(house.world.discord.direct_messages(ana).len(), 1);
}
