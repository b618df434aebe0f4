//! Alerts that come while triage rests: taken in and digested in one commit where that goes, and kept before all else
//! where it does not.

use std::collections::BTreeMap;
use std::sync::Arc;

use firebell::clock::Clock;
use firebell::domain::alert::{Alert, AlertSeverity, AlertStatus};
use firebell::domain::id::IncidentId;
use firebell::engine::Engine;
use firebell::engine::triage::{Digested, Look, Triager};
use firebell::store::Db;
use firebell::store::handed::Handed;
use firebell::store::inbox::Written;
use firebell::store::inbox_writer::Inbox;
use firebell::store::offer::Resting;
use tokio::sync::watch;

use crate::support::inbox::append;
use crate::support::{TestDatabase, run, tallies};

/// An inbox, and triage that has digested what there was.
struct House {
    db: Db,
    engine: Engine,
    inbox: Inbox,
    triager: Triager,
}

impl House {
    async fn build(database: &TestDatabase) -> Self {
        let db = Db::connect(&database.url).await.unwrap();
        db.migrate().await.unwrap();
        let clock = Clock::system();
        let secrets: BTreeMap<String, String> = BTreeMap::new();
        let (config, _) =
            firebell::config::parse(firebell::demo::EXAMPLE, std::path::Path::new(""), &secrets, clock.now()).unwrap();
        let engine =
            Engine::new(db.clone(), clock, watch::Sender::new(Arc::new(firebell::app::setup(config))).subscribe());
        let inbox = Inbox::start(db.clone());
        let mut triager = Triager::new(engine.clone(), inbox.handed());
        assert_eq!(triager.digest(Look::Everywhere).await.unwrap(), Digested::Nothing);
        Self { db, engine, inbox, triager }
    }

    /// The position of the first of these alerts, which come while triage rests and does with the offer what it is told to.
    async fn at_rest(&mut self, alerts: Vec<Alert>, answers: impl AsyncFnOnce(&mut Triager, Resting)) -> i64 {
        let resting = self.triager.rest().unwrap();
        let (inbox, now) = (self.inbox.clone(), firebell::clock::real_time());
        let (position, ()) = tokio::join!(inbox.append(alerts, now), answers(&mut self.triager, resting));
        position.unwrap()
    }

    /// The position of the first of these alerts, which come while it works.
    async fn at_work(&self, alerts: Vec<Alert>) -> i64 {
        self.inbox.append(alerts, firebell::clock::real_time()).await.unwrap()
    }

    /// An alert comes, and once more, so that triage knows it by heart.
    async fn comes_again(&mut self, name: &str) {
        for _ in 0..2 {
            self.at_work(vec![alert(name)]).await;
            assert_eq!(self.triager.digest(Look::Handed).await.unwrap(), Digested::Alerts(1));
        }
    }

    /// Up to where alerts were taken in, and up to where they were digested.
    async fn positions(&self) -> (i64, i64) {
        let mut tx = self.db.read().await.unwrap();
        (tx.inbox_end().await.unwrap(), tx.inbox_cursor().await.unwrap())
    }

    async fn is_opened(&self, number: i64) -> bool {
        self.db.read().await.unwrap().incident(IncidentId(number)).await.unwrap().is_some()
    }
}

fn alert(name: &str) -> Alert {
    let severity = Some(AlertSeverity::Critical);
    Alert { severity, ..Alert::new(&"alertmanager".into(), name, AlertStatus::Firing, "Scores drift in eu") }
}

/// Takes what is offered first.
async fn takes(triager: &mut Triager, mut resting: Resting) {
    assert_eq!(triager.take_in(resting.offer().await).await, Digested::Alerts(1));
}

on_both_databases! {
    async fn an_alert_is_taken_in_and_digested_in_one_commit(database: TestDatabase) {
        let mut house = House::build(&database).await;
        assert_eq!(house.at_rest(vec![alert("one")], takes).await, 1);
        assert_eq!(house.positions().await, (1, 1));
        assert!(house.is_opened(1).await);
        assert_eq!(house.at_rest(vec![alert("two")], takes).await, 2);
        // What comes while it does not rest follows.
        assert_eq!(house.at_work(vec![alert("three"); 2]).await, 3);
        assert_eq!(house.positions().await, (4, 2));
        assert_eq!(house.triager.digest(Look::Handed).await.unwrap(), Digested::Alerts(2));
        assert_eq!(house.positions().await, (4, 4));
        tallies::are_exact(&house.db).await;
    }

    async fn where_another_process_was_faster_an_alert_is_kept_and_digested_in_its_turn(database: TestDatabase) {
        let mut house = House::build(&database).await;
        let others = [Written::new(alert("theirs")).unwrap()];
        append(&house.db, &others, firebell::clock::real_time()).await.unwrap();
        let too_late = async |triager: &mut Triager, mut resting: Resting| {
            assert_eq!(triager.take_in(resting.offer().await).await, Digested::Nothing);
            assert!(triager.rest().is_none(), "it has to look how far it came");
        };
        assert_eq!(house.at_rest(vec![alert("ours")], too_late).await, 2);
        assert_eq!(house.positions().await, (2, 0));
        assert_eq!(house.triager.digest(Look::Everywhere).await.unwrap(), Digested::Alerts(2));
        assert_eq!(house.positions().await, (2, 2));
        tallies::are_exact(&house.db).await;
    }

    async fn an_alert_that_triage_declines_or_is_too_many_for_it_is_kept(database: TestDatabase) {
        let mut house = House::build(&database).await;
        let leaves = async |_: &mut Triager, mut resting: Resting| drop(resting.offer().await);
        assert_eq!(house.at_rest(vec![alert("one")], leaves).await, 1);
        assert_eq!(house.positions().await, (1, 0));
        assert_eq!(house.triager.digest(Look::Handed).await.unwrap(), Digested::Alerts(1));
        // Who is paged for the first of many would wait for what is made of all.
        let resting = house.triager.rest().unwrap();
        assert_eq!(house.at_work(vec![alert("many"); 17]).await, 2);
        assert!(resting.end().is_none());
        assert_eq!(house.triager.digest(Look::Handed).await.unwrap(), Digested::Alerts(17));
        // It stops resting in about the moment in which the offer is made.
        let leaves = async |triager: &mut Triager, resting: Resting| {
            tokio::task::yield_now().await;
            if let Some(offer) = resting.end() {
                assert_eq!(triager.take_in(offer).await, Digested::Alerts(1));
            }
        };
        assert_eq!(house.at_rest(vec![alert("late")], leaves).await, 19);
        house.triager.digest(Look::Handed).await.unwrap();
        assert_eq!(house.positions().await, (19, 19));
        tallies::are_exact(&house.db).await;
    }

    async fn a_repeat_may_wait_but_not_with_news_nor_once_somebody_was_faster(database: TestDatabase) {
        let mut house = House::build(&database).await;
        house.at_work(vec![alert("one")]).await;
        assert!(!house.triager.may_wait(), "it is news");
        assert_eq!(house.triager.digest(Look::Handed).await.unwrap(), Digested::Alerts(1));
        house.at_work(vec![alert("one")]).await;
        assert!(house.triager.may_wait());
        house.at_work(vec![alert("two")]).await;
        assert!(!house.triager.may_wait(), "news stands behind it");
        assert_eq!(house.triager.digest(Look::Handed).await.unwrap(), Digested::Alerts(2));
        house.at_work(vec![alert("one")]).await;
        let mut other = Triager::new(house.engine.clone(), Handed::default());
        assert_eq!(other.digest(Look::Everywhere).await.unwrap(), Digested::Alerts(1));
        assert_eq!(house.triager.digest(Look::Handed).await.unwrap(), Digested::Alerts(1));
        house.at_work(vec![alert("one")]).await;
        assert!(!house.triager.may_wait(), "it has to look how far it came");
        assert_eq!(house.triager.digest(Look::Handed).await.unwrap(), Digested::Alerts(1));
        assert_eq!(house.positions().await, (5, 5));
        tallies::are_exact(&house.db).await;
    }

    async fn what_triage_knows_by_heart_is_counted_without_a_look(database: TestDatabase) {
        let mut house = House::build(&database).await;
        house.comes_again("one").await;
        run(&house.db, "ALTER TABLE alert RENAME TO unseen").await;
        house.at_work(vec![alert("one"); 3]).await;
        assert_eq!(house.triager.digest(Look::Handed).await.unwrap(), Digested::Alerts(3));
        run(&house.db, "ALTER TABLE unseen RENAME TO alert").await;
        let counted = house.db.read().await.unwrap().alerts_of(IncidentId(1), 1).await.unwrap();
        assert_eq!(counted[0].deliveries, 5);
        assert!(!house.is_opened(2).await);
        tallies::are_exact(&house.db).await;
    }

    async fn what_another_process_made_of_an_alert_is_not_remembered_otherwise(database: TestDatabase) {
        let mut house = House::build(&database).await;
        house.comes_again("one").await;
        // This one was suspended for longer than its lease, and the other is gone again.
        let resolved = Written::new(Alert { status: AlertStatus::Resolved, ..alert("one") }).unwrap();
        append(&house.db, &[resolved], firebell::clock::real_time()).await.unwrap();
        let mut other = Triager::new(house.engine.clone(), Handed::default());
        assert_eq!(other.digest(Look::Everywhere).await.unwrap(), Digested::Alerts(1));
        let again = Written::new(alert("one")).unwrap();
        append(&house.db, &[again], firebell::clock::real_time()).await.unwrap();
        assert_eq!(house.triager.digest(Look::Everywhere).await.unwrap(), Digested::Alerts(1));
        let counted = house.db.read().await.unwrap().alerts_of(IncidentId(1), 1).await.unwrap();
        assert_eq!(counted[0].status, AlertStatus::Firing, "it fires again");
        tallies::are_exact(&house.db).await;
    }

    async fn an_alert_that_the_database_refuses_to_digest_is_kept_and_set_aside(database: TestDatabase) {
        let mut house = House::build(&database).await;
        let refuse = match &house.db {
            Db::Sqlite { .. } => "CREATE TRIGGER refuse BEFORE INSERT ON alert WHEN NEW.fingerprint = 'refused'
                                  BEGIN SELECT RAISE(ABORT, 'refused'); END",
            Db::Postgres { .. } => "ALTER TABLE alert ADD CHECK (fingerprint <> 'refused')",
        };
        run(&house.db, refuse).await;
        let refused = async |triager: &mut Triager, mut resting: Resting| {
            assert_eq!(triager.take_in(resting.offer().await).await, Digested::Nothing);
        };
        assert_eq!(house.at_rest(vec![alert("refused")], refused).await, 1);
        assert_eq!(house.positions().await, (1, 0));
        assert!(!house.triager.may_wait(), "it was not counted");
        assert_eq!(house.triager.digest(Look::Everywhere).await.unwrap(), Digested::Alerts(1));
        assert_eq!(house.positions().await, (1, 1));
        assert_eq!(house.db.read().await.unwrap().count_set_aside().await.unwrap(), 1);
        assert_eq!(house.triager.digest(Look::Everywhere).await.unwrap(), Digested::Nothing);
        assert_eq!(house.at_rest(vec![alert("next")], takes).await, 2);
        tallies::are_exact(&house.db).await;
    }
}
