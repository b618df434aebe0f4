//! Alerts open incidents, join them, raise them, resolve them.

use crate::support::alerts::drift;
use crate::support::Bot;

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
        bot.finish().await;
    }
}
