//! Who is called, in which order, until somebody answers.

use serde_json::json;

use crate::support::Bot;
use crate::support::alerts::drift;

on_both_databases! {
    async fn an_unanswered_page_goes_on_and_acknowledging_stops_everything(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.pass(4).await;
        assert_eq!(bot.messages("direct:dana").len(), 0, "five minutes have not passed");
        bot.pass(1).await;
        bot.expect_page("dana", "INC-1");
        let answer = bot.press("dana", "direct:dana", "Acknowledge").await;
        assert!(answer.contains("acknowledged"), "{answer}");
        bot.expect("INC-1", &["acknowledged"]);
        bot.pass(60).await;
        // An hour later an update is due; nobody was called any more.
        bot.expect("INC-1", &["update"]);
        let ana = bot.newest("direct:ana", "INC-1", None);
        assert!(ana.text().contains("withdrawn") && !ana.text().contains("[Acknowledge]"), "{}", ana.text());
        let dana = bot.newest("direct:dana", "INC-1", None);
        assert!(dana.text().contains("you have it") && !dana.text().contains("[Acknowledge]"), "{}", dana.text());
        bot.finish().await;
    }

    async fn the_first_page_shows_the_alerts_that_opened_the_incident_as_the_database_has_them(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu"), drift("us"), drift("asia")]).await;
        bot.expect_opened("INC-1");
        let (page, _) = bot.expect_page("ana", "INC-1");
        bot.expect("INC-1", &["2 alerts joined"]);
        let shown = |text: String| text.lines().find(|line| line.contains("all firing")).unwrap_or_default().to_owned();
        assert!(shown(page.text()).contains("3, all firing"), "{}", page.text());
        bot.press("ana", "direct:ana", "Acknowledge").await;
        bot.expect("INC-1", &["acknowledged"]);
        // Drawn from memory when it was decided, and from the database now that it is closed.
        assert_eq!(shown(page.text()), shown(bot.newest("direct:ana", "INC-1", None).text()));
        bot.finish().await;
    }

    async fn i_cant_calls_the_next_at_once(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.press("ana", "direct:ana", "I can't").await;
        bot.expect("INC-1", &["cannot"]);
        bot.expect_page("dana", "INC-1");
        bot.press("dana", "INC-1", "Acknowledge").await;
        bot.expect("INC-1", &["acknowledged"]);
        bot.finish().await;
    }

    async fn closed_direct_messages_fall_back_to_the_room_and_say_so(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.discord().close_dms(bot.world.account("ana").unwrap(), true);
        bot.ring("drift", &[drift("eu")]).await;
        let card = bot.expect_opened("INC-1");
        bot.expect("INC-1", &["📟"]);
        bot.expect("INC-1", &["direct messages are closed"]);
        let card = bot.discord().message(card.channel, card.id).unwrap();
        assert!(card.text().contains("direct messages"), "the card says so: {}", card.text());
        bot.press("ana", "INC-1", "Acknowledge").await;
        bot.expect("INC-1", &["acknowledged"]);
        bot.finish_in_trouble().await;
    }

    async fn when_nobody_answers_everyone_reads_whom_to_call_and_again_until_somebody_does(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        // Primary, secondary, both and Dana; then all of it once more.
        for (minutes, people) in [(5, vec!["dana"]), (5, vec!["ana", "dana"]), (10, vec!["ana"]), (5, vec!["dana"]), (5, vec!["ana", "dana"])] {
            bot.pass(minutes).await;
            for person in people {
                bot.expect_page(person, "INC-1");
            }
        }
        bot.pass(10).await;
        for place in ["INC-1", "announcements", "operators"] {
            let alarm = bot.expect(place, &["NOBODY ANSWERED", "Ana", "INC-1"]);
            assert!(alarm.text().contains("+49") || alarm.text().contains("Dana"), "names to call: {}", alarm.text());
        }
        bot.pass(10).await;
        for place in ["INC-1", "announcements", "operators"] {
            bot.expect(place, &["NOBODY ANSWERED"]);
        }
        bot.command("chloe", bot.channel("operators"), "/ack", json!({ "incident": "INC-1" })).await;
        bot.expect("INC-1", &["acknowledged"]);
        bot.pass(10).await;
        // An update is due by now; no alarm is raised any more.
        bot.expect("INC-1", &["update"]);
        bot.finish().await;
    }

    async fn a_second_press_says_who_has_it_and_who_may_not_is_told(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        let message = bot.newest("INC-1", "📟", Some("Acknowledge"));
        let press = async |who: &str, label: &str| {
            let user = bot.world.account(who).unwrap();
            bot.discord().press_label(user, message.channel, message.id, label).await.map(|reply| reply.text())
        };
        let refused = press("max", "Acknowledge").await.unwrap();
        assert!(refused.contains("responder"), "names who may: {refused}");
        let refused = press("dana", "I can't").await.unwrap();
        assert!(refused.contains("Ana") || refused.contains("318204517762990080"), "names whose page it is: {refused}");
        let taken = press("ana", "Acknowledge").await.unwrap();
        assert!(taken.contains("acknowledged"), "{taken}");
        let custom_id = message.parts().find_map(|part| part.custom_id().filter(|id| id.contains("ack"))).unwrap().to_owned();
        // The button as it was on a screen that has not been drawn again.
        let user = bot.world.account("dana").unwrap();
        let late = bot.discord().press(user, message.channel, message.id, &custom_id).await;
        if let Ok(reply) = late {
            assert!(reply.text().to_lowercase().contains("already"), "{}", reply.text());
        }
        bot.rest().await;
        bot.expect("INC-1", &["acknowledged"]);
        let again = bot.command("dana", bot.channel("INC-1"), "/ack", json!({})).await;
        assert!(again.starts_with('✋'), "{again}");
        bot.finish().await;
    }

    async fn a_rota_with_nobody_is_passed_at_once(database: TestDatabase) {
        // The primary rota begins next month: nobody is on call for it.
        let mut bot = Bot::start_configured(database, |text| {
            let section = text.find("[rotas.fraud-primary]").unwrap();
            let (head, tail) = text.split_at(section);
            format!("{head}{}", tail.replacen("2026-01-05", "2026-03-02", 1))
        })
        .await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect("INC-1", &["no one is on call for fraud-primary"]);
        bot.expect_page("dana", "INC-1");
        bot.finish().await;
    }
}
