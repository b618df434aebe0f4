//! What people do by hand: declare, grade, move on, take roles, report, end, page, look.

use chrono::Duration;
use serde_json::json;
use standin::{ActError, Person, Reply};

use crate::stories::{assert_has, assert_in_order, running};
use crate::support::Bot;
use crate::support::alerts::{drift, plain};

/// INC-1 (fraud, Ana has it) and INC-2 (platform, nobody is paged), both open.
async fn two_open(bot: &mut Bot) -> u64 {
    let room = running(bot).await;
    bot.ring("disk", &[plain("DiskFills", "info")]).await;
    bot.expect_opened("INC-2");
    room
}

fn card(bot: &Bot, incident: &str) -> String {
    bot.newest(incident, "Lead", None).text()
}

async fn preview(bot: &Bot, who: &str, options: serde_json::Value) -> Reply {
    let answer = bot.ask(who, bot.channel("announcements"), "/incident declare", options).await;
    assert!(answer.ephemeral);
    answer
}

on_both_databases! {
    async fn a_declaration_shows_who_will_be_paged_in_order_before_its_button(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let options = json!({
            "title": "Payments are declined", "severity": "SEV1", "category": "model anomaly",
            "subject": "model:fraud-score@14", "rota": "fraud-primary",
        });
        let answer = preview(&bot, "max", options).await;
        let (ana, dana) = (bot.mention("ana"), bot.mention("dana"));
        assert_in_order(&answer.text(), &[
            "Payments are declined", "SEV1", "model fraud-score@14", "model anomaly", "fraud-primary",
            "Who will be paged", "at once", &ana, "after 5 minutes", &dana, "after 10 minutes", &ana, &dana,
            "Nothing has been done yet", "[Declare and page]",
        ]);
        assert!(bot.messages("announcements").is_empty() && bot.messages("INC-1").is_empty(), "nothing is done yet");

        let said = bot.press_private("max", &answer, "Declare and page").await;
        assert_has(&said, &["INC-1", "Payments are declined", "Being paged", &ana]);
        let card = bot.expect_opened("INC-1").text();
        assert_has(&card, &["Payments are declined", "SEV1", "Max said so", "model fraud-score@14", "model anomaly"]);
        let (direct, _) = bot.expect_page("ana", "INC-1");
        assert_has(&direct.text(), &["SEV1", "Max declared it"]);
        bot.finish().await;
    }

    async fn declaring_the_same_preview_twice_gives_the_same_incident(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let answer = preview(&bot, "ben", json!({ "title": "The nightly training failed" })).await;
        let (one, other) = tokio::join!(
            bot.press_private("ben", &answer, "Declare and page"),
            bot.press_private("ben", &answer, "Declare and page")
        );
        let later = bot.press_private("ben", &answer, "Declare and page").await;
        for said in [one, other, later] {
            assert_has(&said, &["INC-1", "is declared"]);
        }
        let card = bot.expect_opened("INC-1").text();
        assert_has(&card, &["SEV3", "nobody named one", "team ML Platform"]);
        bot.expect_page("chloe", "INC-1");
        assert!(bot.messages("INC-2").is_empty());
        bot.finish().await;
    }

    async fn a_declaration_without_options_opens_a_form_and_then_the_preview(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let form = bot.ask("ana", bot.channel("announcements"), "/incident declare", json!({})).await;
        assert_has(&form.text(), &["Declare an incident", "What is wrong?", "Severity", "Category", "Rota to page"]);
        let modal = form.modal().unwrap();
        let values = json!({ "title": "Features are stale", "severity": "sev2", "category": "Data", "rota": "fraud-primary" });
        let answer = bot.discord().submit(bot.world.account("ana").unwrap(), modal, values).await.unwrap();
        assert!(answer.ephemeral);
        assert_in_order(&answer.text(), &["Features are stale", "SEV2", "Who will be paged", "[Declare and page]"]);
        assert!(bot.messages("announcements").is_empty(), "nothing is done yet");
        bot.press_private("ana", &answer, "Declare and page").await;
        assert_has(&bot.expect_opened("INC-1").text(), &["Features are stale", "SEV2", "data", "team Fraud"]);
        bot.expect_page("ana", "INC-1");
        bot.finish().await;
    }

    async fn a_declaration_that_pages_nobody_says_so(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let answer = preview(&bot, "ana", json!({ "title": "A dashboard is odd", "severity": "SEV4" })).await;
        assert_in_order(&answer.text(), &["Nobody is paged", "[Declare]"]);
        let said = bot.press_private("ana", &answer, "Declare").await;
        assert_has(&said, &["INC-1", "Nobody is paged"]);
        bot.expect_opened("INC-1");
        bot.finish().await;
    }

    async fn a_preview_names_the_open_incidents_that_it_may_be_about(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        running(&mut bot).await;
        let answer = preview(&bot, "ben", json!({ "title": "Fraud scores look high" })).await;
        assert_has(&answer.text(), &["Is it one of these?", "INC-1", "Scores drift in eu"]);
        bot.finish().await;
    }

    async fn a_declaration_that_cannot_be_read_says_what_to_type_instead(database: TestDatabase) {
        let bot = Bot::start(database).await;
        let here = bot.channel("announcements");
        let cases = [
            (json!({ "severity": "SEV1" }), "title"),
            (json!({ "title": "x", "subject": "planet:mars" }), "model, dataset, feature or endpoint"),
            (json!({ "title": "x", "rota": "nights" }), "fraud-primary"),
            (json!({ "title": "x".repeat(201) }), "200 characters"),
            (json!({ "title": "  " }), "200 characters"),
        ];
        for (options, cure) in cases {
            let said = bot.command("ana", here, "/incident declare", options).await;
            assert_has(&said, &["✋", cure]);
        }
        for (field, value, cure) in [("severity", "bad", "SEV1"), ("category", "weather", "slowness")] {
            let form = bot.ask("ana", here, "/incident declare", json!({})).await;
            let said = bot.submit("ana", &form, json!({ "title": "x", field: value })).await;
            assert_has(&said, &["✋", value, cure]);
        }
        bot.finish().await;
    }

    async fn raising_the_severity_keeps_the_reason_and_pages_again(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let options = json!({ "level": "SEV1", "reason": "payments are declined" });
        let said = bot.command("dana", room, "/incident severity", options).await;
        assert_has(&said, &["SEV2", "SEV1", "payments are declined", &bot.mention("ana"), "was paged"]);
        bot.expect("INC-1", &[&bot.mention("dana"), "raised the severity from SEV2 to SEV1: payments are declined"]);
        let (direct, _) = bot.expect_page("ana", "INC-1");
        assert_has(&direct.text(), &["SEV1", "raised from SEV2 to SEV1: payments are declined"]);
        assert_has(&card(&bot, "INC-1"), &["**SEV1** · payments are declined"]);
        bot.finish().await;
    }

    async fn lowering_the_severity_keeps_the_reason_and_pages_nobody(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let options = json!({ "level": "SEV3", "reason": "only test traffic" });
        let said = bot.command("ana", room, "/incident severity", options).await;
        assert_has(&said, &["lowered", "SEV2", "SEV3", "only test traffic"]);
        bot.expect("INC-1", &["lowered the severity from SEV2 to SEV3: only test traffic"]);
        assert_has(&card(&bot, "INC-1"), &["**SEV3** · only test traffic"]);
        bot.finish().await;
    }

    async fn a_severity_needs_a_reason_and_has_to_be_another(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let ana = bot.world.account("ana").unwrap();
        let bare = bot.discord().command(ana, room, "/incident severity", json!({ "level": "SEV1" })).await;
        assert!(matches!(bare, Err(ActError::MissingOption { option, .. }) if option == "reason"));
        for (level, reason, said) in [
            ("SEV1", "   ", "the reason is empty"),
            ("SEV1", &"x".repeat(1501), "longer than 1500 characters"),
            ("SEV2", "as it is", "INC-1 is already SEV2"),
        ] {
            let answer =
                bot.command("ana", room, "/incident severity", json!({ "level": level, "reason": reason })).await;
            assert_has(&answer, &["✋", said]);
        }
        assert_has(&card(&bot, "INC-1"), &["**SEV2**"]);
        bot.finish().await;
    }

    async fn phases_go_on_with_a_note_and_reopening_needs_one(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let options = json!({ "to": "mitigating", "note": "going back to version 13" });
        let said = bot.command("ana", room, "/incident phase", options).await;
        assert_has(&said, &["from triage to mitigating", "going back to version 13"]);
        bot.expect("INC-1", &["from triage to mitigating: going back to version 13"]);
        assert_has(&card(&bot, "INC-1"), &["**Mitigating**"]);
        let said = bot.command("ana", room, "/incident phase", json!({ "to": "mitigating" })).await;
        assert_has(&said, &["✋", "mitigating", "already"]);

        bot.command("ana", room, "/incident phase", json!({ "to": "resolved" })).await;
        bot.expect("INC-1", &["🏁", "resolved the incident"]);
        let said = bot.command("ana", room, "/incident phase", json!({ "to": "monitoring" })).await;
        assert_has(&said, &["✋", "INC-1 is resolved", "note"]);
        let options = json!({ "to": "monitoring", "note": "one segment still drifts" });
        bot.command("ana", room, "/incident phase", options).await;
        bot.expect("INC-1", &["from resolved to monitoring: one segment still drifts"]);
        assert_has(&card(&bot, "INC-1"), &["**Monitoring**"]);
        bot.finish().await;
    }

    async fn a_role_is_given_taken_and_handed_on(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let (ana, dana, mia) = (bot.mention("ana"), bot.mention("dana"), bot.mention("mia"));
        let said = bot.press("ana", "INC-1", "Take the lead").await;
        assert_has(&said, &[&ana, "is now the lead"]);
        bot.expect("INC-1", &[&ana, "is now the lead."]);
        assert_has(&card(&bot, "INC-1"), &[&format!("**Lead** {ana}")]);

        let said = bot.command("ana", room, "/incident take", json!({ "role": "lead" })).await;
        assert_has(&said, &["✋", &ana, "already the lead of INC-1"]);

        bot.command("dana", room, "/incident take", json!({ "role": "lead" })).await;
        bot.expect("INC-1", &[&dana, "is now the lead", "after", &ana]);
        let options = json!({ "role": "scribe", "user": bot.world.account("mia").unwrap().to_string() });
        bot.command("dana", room, "/incident assign", options.clone()).await;
        bot.expect("INC-1", &[&dana, "made", &mia, "the scribe"]);
        let said = bot.command("dana", room, "/incident assign", options).await;
        assert_has(&said, &["✋", &mia, "already the scribe"]);
        assert_has(&card(&bot, "INC-1"), &[&format!("**Lead** {dana}"), &format!("**Scribe** {mia}")]);
        bot.finish().await;
    }

    async fn a_role_lets_somebody_without_a_duty_help(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let options = json!({ "role": "scribe", "user": bot.world.account("max").unwrap().to_string() });
        bot.command("ana", room, "/incident assign", options).await;
        bot.expect("INC-1", &["the scribe"]);
        let said = bot.command("max", room, "/incident timeline add", json!({ "text": "the vendor called back" })).await;
        assert_has(&said, &["the vendor called back"]);
        bot.expect("INC-1", &[&bot.mention("max"), "the vendor called back"]);
        bot.finish().await;
    }

    async fn a_report_stands_in_the_room_at_once_and_moves_the_next_update(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let form = bot.ask("ana", room, "/incident report", json!({})).await;
        assert_has(&form.text(), &["Report on INC-1", "Conditions", "Actions", "Needs", "Next report in"]);
        let values = json!({
            "conditions": "Scores are 12 % too high", "actions": "Rolling back",
            "needs": "Somebody from the feature store", "next_in": "20m",
        });
        let due = bot.world.clock().now() + Duration::minutes(20);
        let said = bot.submit("ana", &form, values).await;
        assert_has(&said, &["Scores are 12 % too high"]);
        let report = bot.expect("INC-1", &["reported"]).text();
        let next = format!("<t:{}:R>", due.timestamp());
        assert_in_order(&report, &[
            &bot.mention("ana"), "Conditions", "Scores are 12 % too high", "Actions", "Rolling back",
            "Needs", "Somebody from the feature store", "Next report", &next,
        ]);
        assert_has(&card(&bot, "INC-1"), &[&format!("**Next update due** {next}")]);

        bot.pass(19).await;
        bot.pass(1).await;
        let reminder = bot.expect("INC-1", &["INC-1", "is due"]);
        assert_eq!(reminder.pings, [bot.world.account("ana").unwrap()], "whoever is on call is reminded");
        // The next form begins from what was said last.
        let form = bot.press_for_reply("ana", "INC-1", "Lead", "Report").await;
        let filled: Vec<_> = form.modal().unwrap().fields.iter().filter_map(|field| field.value.clone()).collect();
        assert_has(&filled.join("|"), &["Scores are 12 % too high", "Rolling back", "Somebody from the feature store"]);
        let said = bot.submit("ana", &form, json!({ "next_in": "soon" })).await;
        assert_has(&said, &["✋", "soon", "30s, 5m, 1h30m"]);
        bot.finish().await;
    }

    async fn what_is_fixed_is_resolved_before_it_is_closed(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let said = bot.command("ana", room, "/incident close", json!({ "reason": "fixed" })).await;
        assert_has(&said, &["✋", "not resolved", "/incident resolve"]);
        let said = bot.command("ana", room, "/incident resolve", json!({ "note": "scores are normal for an hour" })).await;
        assert_has(&said, &["resolved the incident", "scores are normal for an hour"]);
        bot.expect("INC-1", &["🏁", "scores are normal for an hour"]);
        assert_has(&bot.newest("announcements", "INC-1", None).text(), &["Resolved"]);
        let said = bot.command("ana", room, "/incident resolve", json!({})).await;
        assert_has(&said, &["✋", "resolved", "already"]);
        bot.command("ana", room, "/incident close", json!({ "reason": "fixed", "note": "review on Friday" })).await;
        bot.expect("INC-1", &["🔒", "closed the incident as fixed: review on Friday"]);
        assert_has(&card(&bot, "INC-1"), &["**Closed**"]);
        let said = bot.command("ana", room, "/incident close", json!({ "reason": "fixed" })).await;
        assert_has(&said, &["✋", "closed", "already"]);
        let said = bot.command("ana", room, "/incident take", json!({ "role": "lead" })).await;
        assert_has(&said, &["✋", "INC-1 is closed", "Reopen"]);
        bot.finish().await;
    }

    async fn a_false_alarm_is_closed_at_once_and_stops_the_paging(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        let (direct, _) = bot.expect_page("ana", "INC-1");
        let room = bot.channel("INC-1");
        let options = json!({ "reason": "false positive", "note": "a load test" });
        let said = bot.command("ben", room, "/incident close", options).await;
        assert_has(&said, &["closed the incident as", "a load test"]);
        bot.expect("INC-1", &["🔒", "a load test"]);
        assert_has(&bot.again(&direct).text(), &["withdrawn"]);
        bot.pass(30).await;
        bot.finish().await;
    }

    async fn info_and_list_say_where_things_stand(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let here = bot.channel("operators");
        let said = bot.command("max", here, "/incident list", json!({})).await;
        assert_has(&said, &["No incident is open"]);
        let room = two_open(&mut bot).await;
        bot.command("ana", room, "/incident take", json!({ "role": "lead" })).await;
        bot.expect("INC-1", &["is now the lead"]);

        let said = bot.command("max", here, "/incident list", json!({})).await;
        let room_link = format!("<#{room}>");
        assert_has(&said, &["INC-1", "SEV2", "Scores drift in eu", &bot.mention("ana"), &room_link, "INC-2", "nobody leads"]);
        let said = bot.command("max", room, "/incident info", json!({})).await;
        assert_has(&said, &["INC-1", "Scores drift in eu", &room_link, "SEV2", "Last", "is now the lead", "acknowledged"]);

        bot.command("ana", room, "/incident resolve", json!({})).await;
        bot.expect("INC-1", &["🏁"]);
        let said = bot.command("max", here, "/incident list", json!({})).await;
        assert!(!said.contains("INC-1") && said.contains("INC-2"), "{said}");
        let said = bot.command("max", here, "/incident list", json!({ "show": "all" })).await;
        assert_has(&said, &["INC-1", "resolved", "INC-2"]);
        bot.finish().await;
    }

    async fn a_rota_is_paged_by_hand_with_a_message(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let options = json!({ "target": "platform-primary", "message": "the feature store is gone" });
        let said = bot.command("max", room, "/page", options).await;
        assert_has(&said, &[&bot.mention("chloe"), "was paged", "the feature store is gone"]);
        assert!(!said.contains("Not on call"), "{said}");
        let (direct, mention) = bot.expect_page("chloe", "INC-1");
        assert_has(&direct.text(), &["Max: the feature store is gone", "[Acknowledge]"]);
        assert_has(&mention.text(), &["Max: the feature store is gone"]);
        bot.press("chloe", "direct:chloe", "Acknowledge").await;
        bot.expect("INC-1", &[&bot.mention("chloe"), "acknowledged"]);
        bot.pass(30).await;
        bot.finish().await;
    }

    async fn a_person_is_paged_by_hand_and_a_warning_says_who_is_not_on_call(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let said = bot.command("ana", room, "/page", json!({ "target": "person:dana" })).await;
        assert!(said.contains("was paged") && !said.contains("Not on call"), "{said}");
        let (direct, _) = bot.expect_page("dana", "INC-1");
        assert_has(&direct.text(), &["Ana asks for you"]);
        let said = bot.command("ana", room, "/page", json!({ "target": "Ben" })).await;
        assert_has(&said, &["was paged", "⚠️ Not on call right now"]);
        bot.expect_page("ben", "INC-1");
        for person in ["dana", "ben"] {
            bot.press(person, &format!("direct:{person}"), "Acknowledge").await;
            bot.expect("INC-1", &[&bot.mention(person), "acknowledged"]);
        }
        let said = bot.command("ana", room, "/page", json!({ "target": "somebody" })).await;
        assert_has(&said, &["✋", "somebody", "neither a rota nor a person"]);
        bot.finish().await;
    }

    async fn nobody_is_paged_for_what_is_over_or_for_nothing(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let said = bot.command("ana", bot.channel("announcements"), "/page", json!({ "target": "Ben" })).await;
        assert_has(&said, &["✋", "No incident is open", "/incident declare"]);
        let room = running(&mut bot).await;
        bot.command("ana", room, "/incident resolve", json!({})).await;
        bot.expect("INC-1", &["🏁"]);
        let said = bot.command("ana", room, "/page", json!({ "target": "Ben" })).await;
        assert_has(&said, &["✋", "INC-1 is resolved", "/incident declare"]);
        bot.finish().await;
    }

    async fn acknowledging_outside_the_room_takes_every_page_that_rings(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("eu", &[drift("eu")]).await;
        bot.ring("us", &[drift("us")]).await;
        let (first, second) = if bot.messages("INC-1")[0].text().contains("eu") { ("eu", "us") } else { ("us", "eu") };
        for (incident, segment) in [("INC-1", first), ("INC-2", second)] {
            assert_has(&bot.expect_opened(incident).text(), &[segment]);
            bot.expect_page("ana", incident);
        }
        let said = bot.command("ana", bot.channel("announcements"), "/ack", json!({})).await;
        assert_eq!(said.matches("acknowledged").count(), 2, "{said}");
        bot.expect("INC-1", &["acknowledged"]);
        bot.expect("INC-2", &["acknowledged"]);
        let said = bot.command("ana", bot.channel("INC-1"), "/ack", json!({})).await;
        assert_has(&said, &["✋", "No page is open for INC-1", &bot.mention("ana"), "acknowledged"]);
        bot.pass(30).await;
        bot.finish().await;
    }

    async fn one_of_several_incidents_that_ring_is_taken_by_its_name(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        for (incident, segment) in [("INC-1", "eu"), ("INC-2", "us")] {
            bot.ring(segment, &[drift(segment)]).await;
            bot.expect_opened(incident);
            bot.expect_page("ana", incident);
        }
        bot.command("ana", bot.channel("announcements"), "/ack", json!({ "incident": "INC-2" })).await;
        bot.expect("INC-2", &["acknowledged"]);
        bot.pass(5).await;
        bot.expect_page("dana", "INC-1");
        bot.finish().await;
    }

    async fn who_is_on_call_is_told_of_one_rota_and_of_all(database: TestDatabase) {
        let bot = Bot::start(database).await;
        let here = bot.channel("announcements");
        let said = bot.command("max", here, "/oncall now", json!({ "rota": "fraud-primary" })).await;
        // The turns change on Monday at nine in Berlin.
        let monday = "2026-02-09T08:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
        assert_in_order(&said, &[
            "fraud-primary", &bot.mention("ana"), &format!("<t:{monday}:f>"), "then", &bot.mention("ben"),
        ]);
        assert!(!said.contains("platform"), "{said}");
        let said = bot.command("max", here, "/oncall now", json!({})).await;
        assert_in_order(&said, &[
            "fraud-primary", &bot.mention("ana"), "fraud-secondary", &bot.mention("dana"),
            "platform-primary", &bot.mention("chloe"),
        ]);
        let said = bot.command("max", here, "/oncall now", json!({ "rota": "nights" })).await;
        assert_has(&said, &["✋", "nights", "fraud-primary"]);
        bot.finish().await;
    }

    async fn the_incident_that_is_meant_is_the_named_one_the_rooms_or_the_only_one(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let here = bot.channel("announcements");
        let room = running(&mut bot).await;
        let note = |text: &str| json!({ "text": text });
        bot.command("ana", here, "/incident timeline add", note("the only one")).await;
        bot.expect("INC-1", &["the only one"]);

        bot.ring("disk", &[plain("DiskFills", "info")]).await;
        bot.expect_opened("INC-2");
        let said = bot.command("ana", here, "/incident timeline add", note("which?")).await;
        assert_has(&said, &["✋", "Which incident?", "INC-1", "Scores drift in eu", "INC-2", "DiskFills"]);
        bot.command("ana", room, "/incident timeline add", note("of the room")).await;
        bot.expect("INC-1", &["of the room"]);
        bot.command("ana", room, "/incident timeline add", json!({ "text": "named", "incident": "inc-2" })).await;
        bot.expect("INC-2", &["named"]);

        let said = bot.command("ana", room, "/incident info", json!({ "incident": "INC-9" })).await;
        assert_has(&said, &["✋", "There is no incident", "INC-9", "/incident list"]);
        let said = bot.command("ana", room, "/incident info", json!({ "incident": "the drift" })).await;
        assert_has(&said, &["✋", "the drift", "INC-42"]);
        bot.finish().await;
    }

    async fn somebody_without_a_duty_is_refused_privately_and_told_who_may(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let stranger = bot.discord().add_person(Person { id: None, name: "Sam", roles: Vec::new() });
        let (max, ana) = (bot.world.account("max").unwrap(), bot.world.account("ana").unwrap().to_string());
        for (command, options) in [
            ("/incident severity", json!({ "level": "SEV1", "reason": "x" })),
            ("/incident phase", json!({ "to": "mitigating" })),
            ("/incident assign", json!({ "role": "lead", "user": ana })),
            ("/incident take", json!({ "role": "lead" })),
            ("/incident report", json!({})),
            ("/incident timeline add", json!({ "text": "x" })),
            ("/incident resolve", json!({})),
            ("/incident close", json!({ "reason": "cancelled" })),
            ("/comms draft", json!({})),
            ("/ack", json!({})),
        ] {
            for user in [max, stranger] {
                let reply = bot.discord().command(user, room, command, options.clone()).await.unwrap();
                assert!(reply.ephemeral, "{}", reply.text());
                assert_has(&reply.text(), &["✋", "You may not run an incident here", "responder (Ana, Ben", "/page"]);
            }
        }
        for label in ["Take the lead", "Report", "Draft update", "Resolve"] {
            let said = bot.press_for_reply("max", "INC-1", "Lead", label).await;
            assert!(said.ephemeral, "{label}: {}", said.text());
            assert_has(&said.text(), &["✋", "You may not run an incident here", "responder (Ana, Ben"]);
        }
        bot.finish().await;
    }

    async fn anybody_may_declare_and_call_for_help(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let here = bot.channel("announcements");
        let sam = bot.discord().add_person(Person { id: None, name: "Sam", roles: Vec::new() });
        let options = json!({ "title": "I cannot pay", "severity": "SEV4" });
        let answer = bot.discord().command(sam, here, "/incident declare", options).await.unwrap();
        let on = answer.message().unwrap();
        bot.discord().press_label(sam, on.channel, on.id, "Declare").await.unwrap();
        bot.rest().await;
        let card = bot.expect_opened("INC-1").text();
        assert_has(&card, &["I cannot pay"]);
        bot.discord().command(sam, here, "/page", json!({ "target": "ana" })).await.unwrap();
        bot.rest().await;
        bot.expect_page("ana", "INC-1");
        bot.finish().await;
    }

    async fn incidents_rotas_and_targets_are_completed_while_typed(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        two_open(&mut bot).await;
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let drifting = pair("INC-1 · SEV2 · Scores drift in eu", "INC-1");
        assert_eq!(bot.complete("/incident info", "incident", "DRIFT").await, std::slice::from_ref(&drifting));
        assert_eq!(bot.complete("/incident info", "incident", "").await.len(), 2);
        assert!(bot.complete("/ack", "incident", "").await.contains(&drifting));
        assert_eq!(
            bot.complete("/incident declare", "rota", "platform").await,
            [pair("platform-primary · on call: Chloe", "platform-primary")]
        );
        let targets = bot.complete("/page", "target", "").await;
        assert!(targets.contains(&pair("fraud-primary · on call: Ana", "fraud-primary")), "{targets:?}");
        assert!(targets.contains(&pair("Ben", "person:ben")), "{targets:?}");
        // By name and, as a rota, by who is on call.
        let chloe = bot.complete("/page", "target", "chlo").await;
        assert_eq!(chloe, [pair("platform-primary · on call: Chloe", "platform-primary"), pair("Chloe", "person:chloe")]);
        assert_eq!(bot.complete("/comms draft", "audience", "ext").await, [pair("external", "external")]);
        assert!(bot.complete("/page", "target", "nobody-like-this").await.is_empty());
        bot.finish().await;
    }
}

on_both_databases! {
    async fn what_was_typed_into_a_form_is_given_back_with_a_refusal(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        let form = bot.press_for_reply("dana", "INC-1", "", "Report").await;
        // While Dana types, the incident is closed.
        let close = json!({ "reason": "false_positive" });
        bot.command("dana", bot.channel("INC-1"), "/incident close", close).await;
        bot.expect("INC-1", &["closed"]);
        let typed = "Scores of version 14 are ```too``` high in two segments.";
        let values = json!({ "conditions": typed, "actions": "Rolling back to version 13, at 40 %.", "needs": "" });
        let answer = bot.submit("dana", &form, values).await;
        for text in ["✋", "closed", "What you typed", "Scores of version 14", "Rolling back to version 13"] {
            assert!(answer.contains(text), "{answer}");
        }
        bot.finish().await;
    }
}
