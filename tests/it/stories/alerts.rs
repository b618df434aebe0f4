//! Alerts open incidents, join them, raise them, resolve them.

use serde_json::json;

use crate::support::Bot;
use crate::support::alerts::{drift, plain};

on_both_databases! {
    async fn an_alert_opens_an_incident_with_room_card_announcement_and_page(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        let card = bot.expect_opened("INC-1");
        for text in ["Scores drift in eu", "SEV2", "a model's scores drift", "Triage", "fraud-score@14"] {
            assert!(card.text().contains(text), "{}", card.text());
        }
        let (direct, _) = bot.expect_page("ana", "INC-1");
        assert!(direct.content.starts_with("📟 **SEV2 · Scores drift in eu**"), "{}", direct.content);
        let room = bot.discord().channel_named("inc-1-scores-drift-in-eu").unwrap();
        assert!(room.topic.unwrap().contains("INC-1"));
        bot.finish().await;
    }

    async fn a_repeat_only_counts(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        for _ in 0..3 {
            bot.ring("drift", &[drift("eu")]).await;
        }
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.pass(1).await;
        let card = bot.newest("INC-1", "Lead", None);
        assert!(card.text().contains("came 3 times"), "the card counts: {}", card.text());
        assert_eq!(bot.timeline("INC-1").await.iter().filter(|kind| *kind == "alerts_joined").count(), 0);
        bot.finish().await;
    }

    async fn a_second_fingerprint_of_the_group_joins_in_one_line(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.ring("drift", &[drift("eu"), drift("us"), drift("asia")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.expect("INC-1", &["Scores drift in us", "Scores drift in asia"]);
        bot.finish().await;
    }

    async fn an_alert_joins_what_somebody_made_of_the_incident_since_the_last_one_joined(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.ring("drift", &[drift("us")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.expect("INC-1", &["Scores drift in us"]);
        // In the moment in which triage remembers the incident as it left it.
        let room = bot.channel("INC-1");
        bot.command("ana", room, "/incident severity", json!({ "level": "SEV3", "reason": "one region" })).await;
        bot.expect("INC-1", &["SEV3", "one region"]);
        bot.ring("drift", &[drift("asia")]).await;
        bot.expect("INC-1", &["Scores drift in asia"]);
        bot.expect("INC-1", &["An alert asks for SEV2", "from SEV3"]);
        let card = bot.newest("INC-1", "Lead", None).text();
        assert!(card.contains("SEV3") && card.contains("3, all firing"), "{card}");
        assert_eq!(bot.timeline("INC-1").await.iter().filter(|kind| *kind == "alerts_joined").count(), 2);
        bot.finish().await;
    }

    async fn in_a_storm_the_first_are_said_at_once_and_the_others_together(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        for place in 0..12 {
            bot.ring("drift", &[drift(&format!("place-{place}"))]).await;
        }
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        for place in 1..4 {
            bot.expect("INC-1", &["1 alert joined", &format!("Scores drift in place-{place}")]);
        }
        bot.pass(1).await;
        let together = bot.expect("INC-1", &["8 alerts joined", "Scores drift in place-4", "and others"]);
        assert_eq!(together.content.lines().count(), 1, "{}", together.content);
        let card = bot.newest("INC-1", "Lead", None).text();
        assert!(card.contains("12, all firing"), "the card counts them: {card}");
        assert_eq!(bot.timeline("INC-1").await.iter().filter(|kind| *kind == "alerts_joined").count(), 11);
        bot.finish().await;
    }

    async fn another_group_is_another_incident(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("one", &[drift("eu")]).await;
        bot.ring("two", &[plain("QueueFull", "critical")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        let card = bot.expect_opened("INC-2");
        assert!(card.text().contains("SEV1") && card.text().contains("critical"), "{}", card.text());
        bot.expect_page("chloe", "INC-2");
        bot.finish().await;
    }

    async fn a_raised_severity_pages_again(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("queue", &[plain("QueueFull", "warning")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("chloe", "INC-1");
        bot.ring("queue", &[plain("QueueFull", "critical")]).await;
        bot.expect("INC-1", &["raised the severity from SEV3 to SEV1"]);
        let (page, _) = bot.expect_page("chloe", "INC-1");
        assert!(page.content.contains("SEV1"), "{}", page.content);
        // The same severity again is a repeat.
        bot.ring("queue", &[plain("QueueFull", "critical")]).await;
        bot.finish().await;
    }

    async fn a_severity_that_a_person_set_stays_and_the_alert_proposes(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("queue", &[plain("QueueFull", "warning")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("chloe", "INC-1");
        let room = bot.channel("INC-1");
        bot.command("dana", room, "/incident severity", json!({ "level": "SEV4", "reason": "a batch job" })).await;
        bot.expect("INC-1", &["SEV4", "a batch job"]);
        bot.ring("queue", &[plain("QueueFull", "critical")]).await;
        // Nobody leads: the question goes to who is on call.
        let question = bot.expect("INC-1", &["SEV1", "[Raise to SEV1]"]);
        assert_eq!(question.pings, [bot.world.account("chloe").unwrap()]);
        assert!(bot.newest("INC-1", "Lead", None).text().contains("SEV4"));
        let answer = bot.press("dana", "INC-1", "Raise to SEV1").await;
        assert!(answer.contains("SEV1"), "{answer}");
        bot.expect("INC-1", &["raised the severity from SEV4 to SEV1"]);
        bot.expect_page("chloe", "INC-1");
        let again = bot.press("dana", "INC-1", "Raise to SEV1").await;
        assert!(again.contains("already"), "{again}");
        bot.finish().await;
    }

    async fn when_everything_is_resolved_at_the_source_the_lead_is_asked(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu"), drift("us")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.press("dana", "INC-1", "Take the lead").await;
        bot.expect("INC-1", &["is now the lead"]);
        bot.expect("INC-1", &["joined", "Scores drift in"]);
        bot.ring("drift", &[drift("eu").resolved(), drift("us")]).await;
        bot.expect("INC-1", &["resolved at the source", "1 alert still fires"]);
        bot.ring("drift", &[drift("us").resolved()]).await;
        let question = bot.expect("INC-1", &["Every alert of INC-1 is resolved", "[Resolve]", "[Keep it open]"]);
        assert_eq!(question.pings, [bot.world.account("dana").unwrap()]);
        assert!(bot.newest("INC-1", "Lead", None).text().contains("resolved at the source"));
        let answer = bot.press("dana", "INC-1", "Keep it open").await;
        assert!(answer.contains("stays open"), "{answer}");
        bot.press_on("dana", "INC-1", "Every alert", "Resolve").await;
        bot.expect("INC-1", &["resolved the incident"]);
        let again = bot.press_on("dana", "INC-1", "Every alert", "Resolve").await;
        assert!(again.contains("already"), "{again}");
        bot.finish().await;
    }

    async fn a_resolved_incident_never_swallows_a_new_firing(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.command("dana", bot.channel("INC-1"), "/incident resolve", json!({})).await;
        bot.expect("INC-1", &["resolved the incident"]);
        // The very same alert, since nobody told the source.
        bot.ring("drift", &[drift("eu")]).await;
        let card = bot.expect_opened("INC-2");
        assert!(card.text().contains("follows INC-1"), "{}", card.text());
        assert!(card.text().contains("came once"), "counted anew: {}", card.text());
        bot.expect_page("ana", "INC-2");
        let first = bot.command("dana", bot.channel("INC-1"), "/incident info", json!({ "incident": "INC-1" })).await;
        assert!(first.contains("came once"), "the first keeps its count: {first}");
        bot.finish().await;
    }

    async fn an_alert_that_came_again_and_again_opens_an_incident_of_its_own_once_the_one_it_was_part_of_is_over(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.ring("another", &[drift("us")]).await;
        bot.expect_opened("INC-2");
        bot.expect_page("ana", "INC-2");
        // Triage knows both by heart.
        for _ in 0..3 {
            bot.ring("drift", &[drift("eu")]).await;
            bot.ring("another", &[drift("us")]).await;
        }
        bot.command("dana", bot.channel("INC-1"), "/incident resolve", json!({})).await;
        bot.expect("INC-1", &["resolved the incident"]);
        bot.ring("drift", &[drift("eu")]).await;
        let card = bot.expect_opened("INC-3");
        assert!(card.text().contains("follows INC-1") && card.text().contains("came once"), "{}", card.text());
        bot.expect_page("ana", "INC-3");
        for _ in 0..2 {
            bot.ring("drift", &[drift("eu")]).await;
            bot.ring("another", &[drift("us")]).await;
        }
        for (incident, count) in [("INC-1", "came 4 times"), ("INC-2", "came 6 times"), ("INC-3", "came 3 times")] {
            let info = bot.command("dana", bot.channel(incident), "/incident info", json!({ "incident": incident })).await;
            assert!(info.contains(count), "{incident} {count}: {info}");
        }
        bot.finish().await;
    }

    async fn what_an_alert_says_can_neither_ping_nor_format_nor_break_a_card(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let hostile = "@everyone <@318204517762990080> **bold** `code` [x](https://evil.example) {{this}} \u{202e}rtl";
        bot.ring("drift", &[drift("eu").summary(&format!("{hostile} {}", "x".repeat(5000))).label("model", hostile)]).await;
        let card = bot.expect_opened("INC-1");
        let (direct, _) = bot.expect_page("ana", "INC-1");
        let announcement = bot.newest("announcements", "INC-1", None);
        for message in [&card, &direct, &announcement] {
            assert!(!message.ping_everyone, "{}", message.text());
            assert!(message.pings.is_empty(), "{}", message.text());
            assert!(!message.text().contains('\u{202e}'));
            assert!(!message.text().contains("[x](https://evil.example)"));
        }
        bot.finish().await;
    }
}

on_both_databases! {
    async fn what_was_resolved_and_fires_again_in_an_open_incident_is_said_and_drawn(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.ring("drift", &[drift("eu").resolved()]).await;
        bot.expect("INC-1", &["Is it over?"]);
        bot.ring("drift", &[drift("eu").begun("2026-02-04T02:50:00Z")]).await;
        bot.expect("INC-1", &["1 alert fires again", "Scores drift in eu"]);
        assert!(bot.newest("INC-1", "Lead", None).text().contains("1, firing"));
        bot.finish().await;
    }

    async fn a_nul_in_an_alert_harms_nothing(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu").summary("nul \u{0} in the title").label("odd\u{0}name", "va\u{0}lue")]).await;
        let card = bot.expect_opened("INC-1");
        assert!(card.text().contains("nul in the title"), "{}", card.text());
        bot.expect_page("ana", "INC-1");
        bot.finish().await;
    }
}
