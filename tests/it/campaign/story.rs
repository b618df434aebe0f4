//! The main story: an alert, a page, an answer, an update for the outside, more alerts, and the end of it.

use firebell::domain::incident::Phase;
use firebell::domain::paging::PageState;
use firebell::domain::update::UpdateState;
use serde_json::json;

use super::stage::Stage;
use crate::support::alerts::{drift, webhook};

/// Tells it. Whoever gets no answer looks, and asks again, as people do.
pub async fn tell(stage: &mut Stage) {
    stage.ring(webhook("drift", &[drift("eu")])).await;
    stage
        .until(
            "Ana is paged, and the room stands",
            async |stage| {
                let Some(incident) = stage.incident().await else { return false };
                incident.room.is_some()
                    && incident.pages.first().is_some_and(|page| page.state != PageState::Queued)
                    && stage.messages("room").iter().any(|message| message.pinned)
            },
            async |_| (),
        )
        .await;
    stage
        .until(
            "Ana has it",
            async |stage| !stage.incident().await.unwrap().escalations[0].is_open(),
            async |stage| stage.press("ana", "ana", "INC-1", "Acknowledge").await,
        )
        .await;
    publish(stage).await;

    stage.ring(webhook("drift", &[drift("us")])).await;
    stage
        .until(
            "the second alert is said",
            async |stage| stage.messages("room").iter().any(|message| message.text().contains("Scores drift in us")),
            async |_| (),
        )
        .await;
    stage.until("the configuration is taken over anew", async |stage| stage.tell("reload").await, async |_| ()).await;
    stage.hand_over().await;
    // The auditor looks every other lease, the last among those who come by a point.
    let begun = std::time::Instant::now();
    while !stage.was_struck() && begun.elapsed() < std::time::Duration::from_secs(8) {
        stage.pass(1).await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }

    stage.ring(webhook("drift", &[drift("eu").resolved(), drift("us").resolved()])).await;
    stage
        .until(
            "somebody is asked whether it is over",
            async |stage| stage.kinds().await.iter().any(|kind| kind == "resolve_asked"),
            async |_| (),
        )
        .await;
    stage
        .until(
            "it is over",
            async |stage| stage.incident().await.unwrap().phase == Phase::Resolved,
            async |stage| stage.command("dana", "/incident resolve", json!({})).await,
        )
        .await;
    // Whatever is tried again has its time.
    for _ in 0..6 {
        stage.pass(60).await;
    }
}

/// An update for the outside goes through its gate, and stands there.
async fn publish(stage: &mut Stage) {
    let liam = stage.world.account("liam").unwrap().to_string();
    stage
        .until(
            "Liam is the liaison",
            async |stage| stage.incident().await.unwrap().liaison.is_some(),
            async |stage| {
                let assign = json!({ "role": "liaison", "user": liam });
                stage.command("dana", "/incident assign", assign).await;
            },
        )
        .await;
    stage
        .until(
            "a draft stands in the room",
            async |stage| stage.messages("room").iter().any(|message| message.text().contains("[Approve]")),
            async |stage| {
                if stage.incident().await.unwrap().updates.is_empty() {
                    stage.command("dana", "/comms draft", json!({ "audience": "external" })).await;
                }
            },
        )
        .await;
    stage
        .until(
            "the update is published",
            async |stage| stage.incident().await.unwrap().updates[0].state == UpdateState::Published,
            async |stage| match stage.incident().await.unwrap().updates[0].state {
                UpdateState::Draft => stage.press("liam", "room", "external", "Approve").await,
                UpdateState::Doubtful => {
                    let label =
                        if stage.messages("public").is_empty() { "It does not: post it" } else { "It stands there" };
                    stage.press("liam", "room", "external", label).await;
                }
                _ => (),
            },
        )
        .await;
}
