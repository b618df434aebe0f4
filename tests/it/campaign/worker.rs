//! A worker that a bug stops is noticed from outside.

use std::time::Duration;

use super::stage::Stage;
use crate::support::alerts::{drift, webhook};
use crate::support::switch::Switch;

on_both_databases! {
    async fn when_a_bug_stops_the_worker_the_dead_mans_switch_is_beaten_no_more(database: TestDatabase) {
        let switch = Switch::start("200 OK").await;
        // Nothing that is queued is ever claimed.
        let mut stage = Stage::set_with(database, "claim.commit.before=return(error)", &switch.url).await;
        let begun = std::time::Instant::now();
        while switch.beats() < 2 {
            assert!(begun.elapsed() < Duration::from_secs(30), "while nothing is to be done all is well");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stage.ring(webhook("drift", &[drift("eu")])).await;
        while stage.incident().await.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stage.tell("pass 180").await;
        while stage.figure("firebell_audit_findings{kind=\"overdue\"}").await < 1.0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (beats, looks) = (switch.beats(), stage.figure("firebell_audit_looks_total").await);
        assert!(stage.messages("announcements").is_empty(), "the worker stands still");
        assert!(!stage.messages("ana").is_empty(), "a page is claimed by the decision itself");
        // It goes on looking, and says nothing.
        while stage.figure("firebell_audit_looks_total").await < looks + 3.0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(switch.beats(), beats);
    }
}
