//! What must hold at the end of the story, whatever broke on the way.

use std::collections::{BTreeMap, BTreeSet};

use firebell::domain::id::{IncidentId, SourceName};
use firebell::domain::paging::PageState;
use firebell::store::alert::Asked;

use super::stage::Stage;
use crate::support::tallies;

/// Fails on the first promise that does not hold.
pub async fn check(stage: &mut Stage) {
    let incident = stage.incident().await.unwrap();

    // 1. What was accepted is kept, in one incident.
    let mut tx = stage.db.read().await.unwrap();
    let source = SourceName::from("alertmanager");
    for fingerprint in ["eu", "us"] {
        let asked = [Asked { source: source.as_str(), fingerprint, group: None }];
        let lore = stage.db.lore_of(&asked).await.unwrap();
        let incident = lore.alerts[0].known.as_ref().and_then(|known| known.incident);
        assert_eq!(incident, Some(IncidentId(1)), "the alert {fingerprint} was accepted");
    }
    assert!(tx.incident(IncidentId(2)).await.unwrap().is_none(), "one cause, one incident");
    tallies::are_exact(&stage.db).await;

    // 2. The page that was decided arrived, at most twice.
    let direct = stage.messages("ana").len();
    assert!((1..=2).contains(&direct), "{direct} direct messages");
    assert_eq!(incident.pages[0].state, PageState::Acknowledged);
    assert_eq!(incident.pages.len(), 1, "Ana answered in time: nobody else was called");

    // 3. What stands in Discord stands there once.
    let channels = stage.discord().channels();
    let rooms = channels.iter().filter(|channel| channel.name.starts_with("inc-1-")).count();
    assert_eq!(rooms, 1, "one channel");
    assert_eq!(stage.messages("announcements").len(), 1, "one announcement");
    let room = stage.messages("room");
    let pinned = room.iter().filter(|message| message.pinned).count();
    assert_eq!(pinned, 1, "one live card");
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for message in &room {
        *said.entry(message.text()).or_default() += 1;
    }
    let repeated: Vec<_> = said.iter().filter(|(_, times)| 1 < **times).collect();
    assert!(repeated.is_empty(), "said more than once: {repeated:?}");
    for line in ["acknowledged and has it", "Scores drift in us", "resolved the incident"] {
        let lines = room.iter().filter(|message| !message.pinned && message.text().contains(line)).count();
        assert_eq!(lines, 1, "{line:?} is said once: {:#?}", said.keys());
    }
    let mentions = room.iter().filter(|message| message.text().contains("Page 1 · step 1")).count();
    assert!(mentions <= 1, "the mention stands once, or is needed no more when its turn comes");
    let card = room.iter().find(|message| message.pinned).unwrap().text();
    assert!(card.contains("Resolved"), "the card is live: {card}");

    // 4. The update went out once.
    assert_eq!(stage.messages("public").len(), 1, "published once");

    // The timeline is complete and in order.
    let timeline = stage.timeline().await;
    let numbers: Vec<i64> = timeline.iter().map(|entry| entry.number.0).collect();
    assert_eq!(numbers, (1..=incident.entries).collect::<Vec<_>>(), "numbered without a gap");
    assert!(timeline.is_sorted_by_key(|entry| entry.recorded_at), "in the order of time");
    let kinds = stage.kinds().await;
    let mut rest = kinds.iter();
    for kind in ["opened", "paged", "acknowledged", "update_drafted", "key_given", "update_published"] {
        assert!(rest.any(|other| other == kind), "{kind} follows in {kinds:?}");
    }
    for kind in [
        "opened",
        "room_opened",
        "paged",
        "page_delivered",
        "acknowledged",
        "update_drafted",
        "key_given",
        "update_published",
        "resolved",
    ] {
        assert_eq!(kinds.iter().filter(|other| *other == kind).count(), 1, "{kind} once in {kinds:?}");
    }
    let unwanted =
        kinds.iter().find(|kind| ["undone", "repaired", "room_gone", "room_missing"].contains(&kind.as_str()));
    assert_eq!(unwanted, None, "nothing was given up, and nothing had to be put back: {kinds:?}");

    // Nothing is left over, and the auditor would find nothing.
    let states: BTreeMap<String, i64> = tx.job_states().await.unwrap().into_iter().collect();
    assert_eq!(states.get("buried"), None, "no job was given up: {states:?}");
    let left: Vec<String> = tx.waiting_jobs(50).await.unwrap().into_iter().map(|job| job.dedup_key).collect();
    assert!(left.is_empty(), "left over: {left:?}");
    let jobs: BTreeSet<String> = tx.standing_jobs(IncidentId(1)).await.unwrap();
    let has_job = |prefix: &str| jobs.iter().any(|key| key.starts_with(prefix));
    assert_eq!(incident.lacking(&stage.world.organisation, has_job, |_| true), vec![]);
    assert_eq!(tx.inbox_behind().await.unwrap().waiting, 0);
}
