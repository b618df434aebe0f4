//! The room, the card, the announcement; and what is done when a channel cannot be made.

use serde_json::json;

use crate::support::Bot;
use crate::support::alerts::drift;

/// The permission to make channels.
const MANAGE_CHANNELS: u64 = 1 << 4;

on_both_databases! {
    async fn without_the_permission_to_make_channels_the_room_is_a_thread_and_the_card_says_so(database: TestDatabase) {
        let mut bot = Bot::start_with(database, |discord| {
            discord.set_bot_permissions(standin::permission::USUAL_BOT & !MANAGE_CHANNELS);
        })
        .await;
        bot.ring("drift", &[drift("eu")]).await;
        let card = bot.expect_opened("INC-1");
        assert!(card.text().contains("thread"), "{}", card.text());
        bot.expect_page("ana", "INC-1");
        bot.expect("operators", &["INC-1", "thread"]);
        bot.expect("operators", &["firebell doctor", "Manage Channels"]);
        let announcement = bot.newest("announcements", "INC-1", None);
        assert_eq!(bot.channel("INC-1"), announcement.id, "the thread is the announcement's");
        bot.finish().await;
    }

    async fn when_the_category_is_full_the_room_is_a_thread(database: TestDatabase) {
        let mut bot = Bot::start_with(database, |discord| {
            let category = discord.channels().into_iter().find(|channel| channel.name == "Incidents").unwrap();
            for number in 0..50 {
                discord.add_channel(standin::NewChannel {
                    id: None,
                    name: &format!("old-{number}"),
                    kind: standin::ChannelKind::Text,
                    parent: Some(category.id),
                });
            }
        })
        .await;
        bot.ring("drift", &[drift("eu")]).await;
        let card = bot.expect_opened("INC-1");
        assert!(card.text().contains("thread"), "{}", card.text());
        bot.expect_page("ana", "INC-1");
        bot.expect("operators", &["INC-1", "thread"]);
        bot.finish().await;
    }

    async fn the_announcement_and_the_card_are_edited_and_never_repeated(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        let card = bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        let room = bot.channel("INC-1");
        for phase in ["investigating", "mitigating", "monitoring"] {
            bot.command("dana", room, "/incident phase", json!({ "to": phase })).await;
            bot.expect("INC-1", &[phase]);
        }
        let now = bot.discord().message(card.channel, card.id).unwrap();
        assert!(now.text().contains("Monitoring"), "{}", now.text());
        assert!(bot.newest("announcements", "INC-1", None).text().contains("Monitoring"));
        assert_eq!(bot.discord().pins(room).len(), 1);
        bot.finish().await;
    }

    async fn a_card_deleted_by_hand_comes_back(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        let card = bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.discord().delete_message(card.channel, card.id);
        bot.command("dana", card.channel, "/incident phase", json!({ "to": "investigating" })).await;
        bot.expect("INC-1", &["investigating"]);
        let fresh = bot.expect("INC-1", &["INC-1", "Lead", "Investigating"]);
        assert!(fresh.pinned);
        bot.finish().await;
    }
}
