//! Status updates: drafted, shown to the liaison, edited, approved, rejected; posted exactly as approved, or not at all.

use chrono::Duration;
use serde_json::json;
use standin::Message;

use crate::stories::{assert_has, assert_in_order, running};
use crate::support::Bot;

/// INC-1 with Liam as its liaison. Its room.
async fn with_liaison(bot: &mut Bot) -> u64 {
    let room = running(bot).await;
    name_liaison(bot, room).await;
    room
}

async fn name_liaison(bot: &mut Bot, room: u64) {
    let liam = bot.world.account("liam").unwrap().to_string();
    bot.command("ana", room, "/incident assign", json!({ "role": "liaison", "user": liam })).await;
    bot.expect("INC-1", &["made", &bot.mention("liam"), "the liaison"]);
}

/// Drafts both texts; their cards, the internal one first.
async fn drafted(bot: &mut Bot, room: u64) -> (Message, Message) {
    let said = bot.command("ana", room, "/comms draft", json!({})).await;
    assert_has(&said, &["for internal", "for external"]);
    (draft_card(bot, "internal"), draft_card(bot, "external"))
}

/// The card of a new draft, which nobody looked at yet.
fn draft_card(bot: &mut Bot, audience: &str) -> Message {
    bot.expect("INC-1", &[&format!("for {audience}\n"), "**Draft.**", "[Edit] [Approve] [Reject]"])
}

/// The text of an update, as its card shows it.
fn text_on(card: &Message) -> &str {
    card.embeds[1].description.as_deref().unwrap()
}

/// Writes another text over a draft, by its card; the private answer.
async fn edit(bot: &Bot, who: &str, audience: &str, text: &str) -> String {
    let form = bot.press_for_reply(who, "INC-1", &format!("for {audience}\n"), "Edit").await;
    bot.submit(who, &form, json!({ "text": text })).await
}

async fn press(bot: &Bot, who: &str, audience: &str, label: &str) -> String {
    bot.press_on(who, "INC-1", &format!("for {audience}\n"), label).await
}

/// What stands in the public channel.
fn public(bot: &Bot) -> Vec<String> {
    bot.messages("public").into_iter().map(|message| message.content).collect()
}

/// Asserts that a text for outside went out, and takes note of what the room hears of it.
fn expect_public(bot: &mut Bot, text: &str) {
    let posted = bot.expect("public", &[text]);
    assert_eq!(posted.content, text);
    bot.expect("INC-1", &["for external was published in", &format!("<#{}>", bot.channel("public"))]);
}

/// Asserts that a text for the house stands in the room and in the announcements.
fn expect_internal(bot: &mut Bot, text: &str) {
    for place in ["INC-1", "announcements"] {
        let messages = bot.messages(place);
        let standing = messages.iter().filter(|message| message.content == text).count();
        assert_eq!(standing, 1, "it stands once in {place}");
        let posted = bot.expect(place, &[text]);
        assert_eq!(posted.content, text);
        assert!(posted.pings.is_empty() && posted.embeds.is_empty());
    }
}

on_both_databases! {
    async fn a_draft_makes_an_internal_and_an_external_text_for_the_phase(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        bot.command("ana", room, "/incident phase", json!({ "to": "mitigating" })).await;
        bot.expect("INC-1", &["to mitigating"]);
        let form = bot.ask("ana", room, "/incident report", json!({})).await;
        bot.submit("ana", &form, json!({ "conditions": "scores too high", "actions": "rolling back" })).await;
        bot.expect("INC-1", &["reported"]);

        let (internal, external) = drafted(&mut bot, room).await;
        let liam = bot.world.account("liam").unwrap();
        assert_eq!((&internal.pings, &external.pings), (&vec![liam], &vec![liam]), "the liaison is asked");
        assert_has(text_on(&internal), &["INC-1", "SEV2", "the harm is being stopped", "scores too high", "rolling back"]);
        assert_has(text_on(&external), &["We are working on a problem", "less accurate", "4 February 2026, 01:45 UTC"]);
        for inside in ["INC-", "SEV", "fraud", "drift", "scores too high", "<@"] {
            assert!(!text_on(&external).contains(inside), "{inside} goes outside: {}", text_on(&external));
        }
        assert_has(&internal.text(), &["Text by** the template", "the room and the announcements (inside the house)"]);
        assert_has(&external.text(), &[&format!("<#{}> (outside the house)", bot.channel("public"))]);
        bot.finish().await;
    }

    async fn a_draft_may_be_for_one_audience_only(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        let said = bot.command("ana", room, "/comms draft", json!({ "audience": "external" })).await;
        assert!(said.contains("for external") && !said.contains("for internal"), "{said}");
        draft_card(&mut bot, "external");
        let said = bot.command("ana", room, "/comms draft", json!({ "audience": "press" })).await;
        assert_has(&said, &["✋", "press", "external, internal"]);
        bot.finish().await;
    }

    async fn what_is_over_is_drafted_as_over_until_it_is_closed(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        bot.command("ana", room, "/incident resolve", json!({})).await;
        bot.expect("INC-1", &["🏁"]);
        let (internal, external) = drafted(&mut bot, room).await;
        assert_has(text_on(&internal), &["— resolved"]);
        assert_has(text_on(&external), &["The problem is resolved", "may have been"]);
        bot.command("ana", room, "/incident close", json!({ "reason": "fixed" })).await;
        bot.expect("INC-1", &["🔒"]);
        let said = bot.command("ana", room, "/comms draft", json!({})).await;
        assert_has(&said, &["✋", "INC-1 is closed"]);
        bot.finish().await;
    }

    async fn without_a_liaison_the_lead_is_asked_and_the_drafts_wait(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        bot.command("dana", room, "/incident take", json!({ "role": "lead" })).await;
        bot.expect("INC-1", &["is now the lead"]);
        let said = bot.command("ana", room, "/comms draft", json!({})).await;
        assert_has(&said, &["wait for a liaison"]);
        let question = bot.expect("INC-1", &["Who speaks for INC-1?", "2 drafts wait", "/incident assign", "Liam, Mia"]);
        assert_eq!(question.pings, [bot.world.account("dana").unwrap()], "the lead is asked");
        bot.pass(10).await;
        assert!(public(&bot).is_empty());

        name_liaison(&mut bot, room).await;
        for audience in ["internal", "external"] {
            let card = draft_card(&mut bot, audience);
            assert_eq!(card.pings, [bot.world.account("liam").unwrap()], "the liaison is asked");
        }
        bot.finish().await;
    }

    async fn without_liaison_and_lead_whoever_is_on_call_is_asked(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        bot.command("dana", room, "/comms draft", json!({})).await;
        let question = bot.expect("INC-1", &["Who speaks for INC-1?"]);
        assert_eq!(question.pings, [bot.world.account("ana").unwrap()], "Ana is on call");
        let said = bot.press("mia", "INC-1", "I am the liaison").await;
        assert_has(&said, &[&bot.mention("mia"), "is now the liaison"]);
        bot.expect("INC-1", &[&bot.mention("mia"), "is now the liaison."]);
        for audience in ["internal", "external"] {
            assert_eq!(draft_card(&mut bot, audience).pings, [bot.world.account("mia").unwrap()]);
        }
        bot.finish().await;
    }

    async fn drafts_that_gave_way_while_they_waited_are_never_shown(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        for drafts in 1..=2 {
            let said = bot.command("ana", room, "/comms draft", json!({})).await;
            assert_has(&said, &[&format!("drafted update {}", 2 * drafts - 1)]);
            bot.expect("INC-1", &["Who speaks for INC-1?", "2 drafts wait"]);
        }
        name_liaison(&mut bot, room).await;
        assert_has(&draft_card(&mut bot, "internal").text(), &["update 3"]);
        assert_has(&draft_card(&mut bot, "external").text(), &["update 4"]);
        bot.finish().await;
    }

    async fn nothing_is_posted_before_the_approval(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        let (internal, external) = drafted(&mut bot, room).await;
        edit(&bot, "liam", "internal", "Almost over.").await;
        bot.pass(30).await;
        assert!(public(&bot).is_empty());
        for place in ["INC-1", "announcements"] {
            let texts = [text_on(&internal), text_on(&external), "Almost over."];
            assert!(!bot.messages(place).iter().any(|message| texts.contains(&message.content.as_str())), "{place}");
        }
        bot.finish().await;
    }

    async fn a_template_text_needs_the_liaison_alone_and_stands_as_it_was_shown(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        let (internal, external) = drafted(&mut bot, room).await;
        bot.pass(5).await;
        let said = press(&bot, "liam", "external", "Approve").await;
        assert_has(&said, &[&bot.mention("liam"), "gave the liaison key for update 2 for external"]);
        expect_public(&mut bot, text_on(&external));
        let due = bot.world.clock().now() + Duration::minutes(60);
        press(&bot, "liam", "internal", "Approve").await;
        expect_internal(&mut bot, text_on(&internal));
        // Those in the house have heard; the next word is due an hour later.
        assert_has(&bot.newest("INC-1", "Liaison", None).text(), &[&format!("Next update due** <t:{}:R>", due.timestamp())]);
        for card in [internal, external] {
            let card = bot.again(&card);
            assert_has(&card.text(), &["was published", "🔑 **liaison** given by", &bot.mention("liam")]);
            assert_eq!(card.components.len(), 0, "nothing is left to press");
        }
        bot.finish().await;
    }

    async fn what_is_posted_is_the_approved_text_byte_for_byte(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        drafted(&mut bot, room).await;
        let text = format!("Grüße 🔔  two  blanks\n\n\n* **bold** _it_ `code` \\* <b>\n@everyone {} …", bot.mention("max"));
        for audience in ["internal", "external"] {
            edit(&bot, "liam", audience, &text).await;
            press(&bot, "mia", audience, "Approve").await;
        }
        expect_internal(&mut bot, &text);
        expect_public(&mut bot, &text);
        let posted = &bot.messages("public")[0];
        assert!(posted.pings.is_empty() && !posted.ping_everyone, "a publication pings nobody");
        bot.finish().await;
    }

    async fn an_edit_shows_its_author_and_the_new_text(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        let (_, external) = drafted(&mut bot, room).await;
        let form = bot.press_for_reply("liam", "INC-1", "for external\n", "Edit").await;
        let field = &form.modal().unwrap().fields[0];
        assert_eq!(field.value.as_deref(), Some(text_on(&external)), "the form begins with the text");
        let said = bot.submit("liam", &form, json!({ "text": "Payments work again." })).await;
        assert_has(&said, &["edited update 2 for external (version 2)"]);
        let card = bot.again(&external);
        assert_eq!(text_on(&card), "Payments work again.");
        assert_has(&card.text(), &["Text by** ", &bot.mention("liam"), "version 2", "Somebody other than its author"]);
        let said = edit(&bot, "liam", "external", "Payments work again.").await;
        assert_has(&said, &["✋", "The text is as it was"]);
        let said = edit(&bot, "liam", "external", " \n ").await;
        assert_has(&said, &["✋", "the text is empty"]);
        bot.finish().await;
    }

    async fn an_edit_of_a_text_that_changed_meanwhile_is_refused(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        let (_, external) = drafted(&mut bot, room).await;
        let stale = bot.press_for_reply("mia", "INC-1", "for external\n", "Edit").await;
        edit(&bot, "liam", "external", "Liam's words.").await;
        let said = bot.submit("mia", &stale, json!({ "text": "Mia's words." })).await;
        assert_has(&said, &["✋", "was changed by", &bot.mention("liam"), "since you read it"]);
        assert_eq!(text_on(&bot.again(&external)), "Liam's words.");
        bot.finish().await;
    }

    async fn an_approval_of_a_text_that_changed_meanwhile_is_refused(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        drafted(&mut bot, room).await;
        let form = bot.press_for_reply("liam", "INC-1", "for external\n", "Edit").await;
        let card = bot.newest("INC-1", "for external\n", Some("Approve"));
        let (liam, mia) = (bot.world.account("liam").unwrap(), bot.world.account("mia").unwrap());
        // Mia presses on what she read while the new text is on its way to the card.
        let modal = form.modal().unwrap();
        let (edited, approved) = tokio::join!(
            bot.discord().submit(liam, modal, json!({ "text": "Other words." })),
            bot.discord().press_label(mia, card.channel, card.id, "Approve")
        );
        bot.rest().await;
        let (edited, approved) = (edited.unwrap().text(), approved.unwrap().text());
        // Whichever came first, the other was told, and what stands outside was approved as it is.
        let original = text_on(&card);
        if approved.contains("✋") {
            assert_has(&approved, &["was changed by", &bot.mention("liam")]);
            assert!(public(&bot).is_empty());
        } else {
            assert_has(&edited, &["✋"]);
            expect_public(&mut bot, original);
        }
        bot.finish().await;
    }

    async fn a_rejection_says_why_and_nothing_goes_out(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        let (_, external) = drafted(&mut bot, room).await;
        let form = bot.press_for_reply("liam", "INC-1", "for external\n", "Reject").await;
        assert_has(&form.text(), &["Reject update 2 of INC-1", "Why?"]);
        let said = bot.submit("liam", &form, json!({ "reason": " " })).await;
        assert_has(&said, &["✋", "the reason is empty"]);
        let form = bot.press_for_reply("liam", "INC-1", "for external\n", "Reject").await;
        let said = bot.submit("liam", &form, json!({ "reason": "it promises a time" })).await;
        assert_has(&said, &["rejected update 2 for external: it promises a time"]);
        bot.expect("INC-1", &["⛔", &bot.mention("liam"), "rejected update 2 for external: it promises a time"]);
        let card = bot.again(&external);
        assert_has(&card.text(), &["was rejected", "it promises a time"]);
        assert_eq!(card.components.len(), 0, "nothing is left to press");
        assert!(public(&bot).is_empty());
        bot.finish().await;
    }

    async fn the_second_draft_shows_what_changed_since_the_published_text(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        let (internal, external) = drafted(&mut bot, room).await;
        assert!(!external.text().contains("What changed"), "nothing was published yet");
        press(&bot, "liam", "external", "Approve").await;
        expect_public(&mut bot, text_on(&external));
        bot.command("ana", room, "/incident phase", json!({ "to": "mitigating" })).await;
        bot.expect("INC-1", &["to mitigating"]);

        let (second_internal, second) = drafted(&mut bot, room).await;
        assert_in_order(&second.text(), &[
            "What changed since update 2", "- **We are looking into a problem**", "+ **We are working on a problem**",
        ]);
        assert!(!second_internal.text().contains("What changed"), "the internal one was never published");
        // What was published stays as it is; what was only a draft gives way.
        assert_has(&bot.again(&external).text(), &["was published"]);
        assert_has(&bot.again(&internal).text(), &["took this one's place"]);
        bot.finish().await;
    }

    async fn a_new_draft_takes_the_place_of_the_old_whose_card_says_so(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        let (internal, external) = drafted(&mut bot, room).await;
        let form = bot.press_for_reply("liam", "INC-1", "for external\n", "Edit").await;
        drafted(&mut bot, room).await;
        for old in [internal, external] {
            let card = bot.again(&old);
            assert_has(&card.text(), &["took this one's place", "**Superseded.** It will not go out."]);
            assert_eq!(card.components.len(), 0, "nothing is left to press");
        }
        // A form that was open on the old one is refused.
        let said = bot.submit("liam", &form, json!({ "text": "Too late." })).await;
        assert_has(&said, &["✋", "A later draft took this one's place"]);
        bot.finish().await;
    }

    async fn the_author_alone_cannot_approve_an_external_text_but_another_liaison_can(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        drafted(&mut bot, room).await;
        edit(&bot, "liam", "external", "Payments work again.").await;
        let said = press(&bot, "liam", "external", "Approve").await;
        assert_has(&said, &["✋", "You wrote this text", "somebody else must look at it", "Mia"]);
        assert!(public(&bot).is_empty());
        press(&bot, "mia", "external", "Approve").await;
        expect_public(&mut bot, "Payments work again.");
        bot.finish().await;
    }

    async fn the_author_may_approve_what_stays_in_the_house(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        drafted(&mut bot, room).await;
        edit(&bot, "liam", "internal", "Nearly there.").await;
        press(&bot, "liam", "internal", "Approve").await;
        expect_internal(&mut bot, "Nearly there.");
        bot.finish().await;
    }

    async fn approving_twice_posts_once_and_says_that_it_is_done(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        let (_, external) = drafted(&mut bot, room).await;
        let (one, other) =
            tokio::join!(press(&bot, "liam", "external", "Approve"), press(&bot, "mia", "external", "Approve"));
        let (done, late) = if one.contains("✋") { (other, one) } else { (one, other) };
        assert_has(&done, &["gave the liaison key"]);
        let winner = if done.contains(&bot.mention("liam")) { "liam" } else { "mia" };
        let now = bot.world.clock().now().timestamp();
        assert_has(&late, &[&format!("✋ Already approved by {}, <t:{now}:R>", bot.mention(winner))]);
        expect_public(&mut bot, text_on(&external));
        assert_eq!(public(&bot).len(), 1);
        bot.finish().await;
    }

    async fn somebody_who_is_no_liaison_is_refused_and_told_who_may(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = with_liaison(&mut bot).await;
        drafted(&mut bot, room).await;
        let liam = bot.mention("liam");
        for who in ["max", "ana", "petra"] {
            let said = press(&bot, who, "external", "Approve").await;
            assert_has(&said, &["✋", "You hold none of the keys", "liaison", &liam]);
            for label in ["Edit", "Reject"] {
                let reply = bot.press_for_reply(who, "INC-1", "for external\n", label).await;
                assert!(reply.ephemeral, "an answer is private: {}", reply.text());
                assert_has(&reply.text(), &["✋", "You may not write a status update", "Liam, Mia"]);
            }
        }
        bot.finish().await;
    }

    async fn every_gate_has_to_give_its_key(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, with_pr_gate).await;
        let room = with_liaison(&mut bot).await;
        let (_, external) = drafted(&mut bot, room).await;
        assert_has(&external.text(), &["🔒 **liaison** waits for", "🔒 **pr** waits for PR (Petra)"]);
        press(&bot, "liam", "external", "Approve").await;
        assert_has(&bot.again(&external).text(), &["🔑 **liaison** given by", "🔒 **pr** waits for"]);
        let said = press(&bot, "liam", "external", "Approve").await;
        assert_has(&said, &["✋", "PR (Petra)"]);
        assert!(public(&bot).is_empty());
        press(&bot, "petra", "external", "Approve").await;
        expect_public(&mut bot, text_on(&external));
        bot.finish().await;
    }

    async fn a_changed_severity_voids_the_keys_that_were_given_before_it(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, with_pr_gate).await;
        let room = with_liaison(&mut bot).await;
        let (_, external) = drafted(&mut bot, room).await;
        press(&bot, "liam", "external", "Approve").await;
        bot.command("ana", room, "/incident severity", json!({ "level": "SEV3", "reason": "only a test" })).await;
        bot.expect("INC-1", &["lowered"]);
        assert_has(&bot.again(&external).text(), &[
            "🔒 **liaison** waits for", "The liaison key of", &bot.mention("liam"), "is void", "severity or phase changed",
        ]);
        press(&bot, "petra", "external", "Approve").await;
        assert!(public(&bot).is_empty(), "one key is void, so nothing goes out");
        press(&bot, "liam", "external", "Approve").await;
        expect_public(&mut bot, text_on(&external));
        bot.finish().await;
    }

    async fn an_edit_voids_the_keys_that_were_given_before_it(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, with_pr_gate).await;
        let room = with_liaison(&mut bot).await;
        let (_, external) = drafted(&mut bot, room).await;
        press(&bot, "petra", "external", "Approve").await;
        edit(&bot, "mia", "external", "Other words.").await;
        assert_has(&bot.again(&external).text(), &["The pr key of", &bot.mention("petra"), "is void"]);
        press(&bot, "liam", "external", "Approve").await;
        assert!(public(&bot).is_empty());
        press(&bot, "petra", "external", "Approve").await;
        expect_public(&mut bot, "Other words.");
        bot.finish().await;
    }
}

/// The external audience asks PR, too.
fn with_pr_gate(text: String) -> String {
    let changed = text
        .replacen("external = true                                  #", "external = true #", 1)
        .replacen("gates = [\"liaison\"]                              #", "gates = [\"liaison\", \"pr\"] #", 1)
        .replacen("# [gates.pr]\n# duty = \"pr\"", "[gates.pr]\nduty = \"pr\"", 1);
    assert!(changed.contains("\"liaison\", \"pr\"] #") && changed.contains("\n[gates.pr]"), "the example changed");
    changed
}
