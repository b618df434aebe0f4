//! The timeline: everything that happened, in order, with who and when; only ever added to.

use chrono::Duration;
use firebell::domain::id::IncidentId;
use firebell::domain::timeline::Entry;
use serde_json::{Value, json};

use crate::stories::{assert_has, running};
use crate::support::Bot;

async fn entries(bot: &Bot) -> Vec<Entry> {
    bot.world.app().engine().timeline(IncidentId(1)).await.unwrap()
}

/// The number of the newest entry.
async fn newest(bot: &Bot) -> i64 {
    entries(bot).await.last().unwrap().number.0
}

/// Ana adds a line, and the room hears it.
async fn add(bot: &mut Bot, room: u64, options: Value) -> String {
    let said = bot.command("ana", room, "/incident timeline add", options.clone()).await;
    bot.expect("INC-1", &[options["text"].as_str().unwrap()]);
    said
}

/// The exported file's name and text.
async fn export(bot: &Bot, room: u64, format: &str) -> (String, String) {
    let answer = bot.ask("max", room, "/incident timeline export", json!({ "format": format })).await;
    assert!(answer.ephemeral, "an answer is private");
    let [file] = answer.message().unwrap().attachments.as_slice() else { panic!("one file: {}", answer.text()) };
    (file.filename.clone(), String::from_utf8(file.bytes.clone()).unwrap())
}

/// What kind of event it is and whose, such as `acknowledged by ana`.
fn deed(entry: &Entry) -> String {
    let event = serde_json::to_value(&entry.event).unwrap();
    let author = serde_json::to_value(&entry.author).unwrap();
    let who = match &author {
        Value::String(own) => own.clone(),
        author => author.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned(),
    };
    format!("{} by {who}", event["kind"].as_str().unwrap())
}

on_both_databases! {
    async fn everything_that_happened_is_there_in_order_with_who_and_when(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let opened = bot.world.clock().now();
        let room = running(&mut bot).await;
        bot.pass(2).await;
        let later = bot.world.clock().now();
        bot.command("dana", room, "/incident take", json!({ "role": "lead" })).await;
        bot.command("dana", room, "/incident severity", json!({ "level": "SEV3", "reason": "a test" })).await;
        bot.command("dana", room, "/incident phase", json!({ "to": "monitoring" })).await;
        let form = bot.ask("ana", room, "/incident report", json!({})).await;
        bot.submit("ana", &form, json!({ "conditions": "calm", "actions": "none" })).await;
        bot.command("ben", room, "/incident resolve", json!({})).await;
        bot.command("ben", room, "/incident close", json!({ "reason": "fixed" })).await;
        for line in ["is now the lead", "lowered", "to monitoring", "reported", "🏁", "🔒"] {
            bot.expect("INC-1", &[line]);
        }

        let entries = entries(&bot).await;
        let numbers: Vec<i64> = entries.iter().map(|entry| entry.number.0).collect();
        assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
        let mut deeds: Vec<String> = entries.iter().map(deed).collect();
        assert_eq!(deeds[0], "opened by alertmanager");
        // What Firebell does by itself goes on beside the rest.
        let own = deeds.iter().filter(|deed| deed.ends_with("by firebell"));
        let mut own: Vec<&str> = own.map(String::as_str).collect();
        own.sort_unstable();
        assert_eq!(own, ["page_delivered by firebell", "paged by firebell", "room_opened by firebell"]);
        deeds.retain(|deed| !deed.ends_with("by firebell"));
        assert_eq!(deeds, [
            "opened by alertmanager", "acknowledged by ana", "role_given by dana", "severity_changed by dana",
            "phase_changed by dana", "reported by ana", "resolved by ben", "closed by ben",
        ]);
        for entry in &entries {
            let before = !deed(entry).ends_with("dana") && entry.number.0 <= 5;
            assert_eq!(entry.at, if before { opened } else { later }, "{entry:?}");
            assert_eq!(entry.at, entry.recorded_at, "{entry:?}");
        }
        bot.finish().await;
    }

    async fn the_timeline_is_read_privately_by_anybody(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        bot.command("ana", room, "/incident timeline add", json!({ "text": "a *bold* claim by @everyone" })).await;
        let heard = bot.expect("INC-1", &["\\*bold\\* claim"]);
        assert!(heard.pings.is_empty() && !heard.ping_everyone);
        let by_command = bot.command("max", room, "/incident timeline list", json!({})).await;
        let by_button = bot.press("max", "INC-1", "Timeline").await;
        assert_eq!(by_command, by_button);
        let now = bot.world.clock().now().timestamp();
        assert_has(&by_command, &["Timeline of INC-1", "`1`", "alertmanager", "opened the incident as SEV2"]);
        assert_has(&by_command, &[&bot.mention("ana"), "acknowledged", &format!("<t:{now}:t>"), "\\*bold\\*"]);
        let last = newest(&bot).await;
        assert!(by_command.lines().last().unwrap().starts_with(&format!("`{last}`")), "{by_command}");
        bot.finish().await;
    }

    async fn a_line_is_kept_for_the_time_at_which_it_happened(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let now = bot.world.clock().now();
        let expected = [
            ("-20m", now - Duration::minutes(20)),
            ("-1h30m", now - Duration::minutes(90)),
            ("01:30", now - Duration::minutes(15)),
            ("01:45 UTC", now),
            // Half a day ahead is not meant, but yesterday.
            ("14:05", now - Duration::minutes(11 * 60 + 40)),
        ];
        for (at, happened) in expected {
            let text = format!("it was {at}");
            let said = add(&mut bot, room, json!({ "text": text, "at": at })).await;
            assert!(at.starts_with("01:45") || said.contains(&format!("<t:{}:t>", happened.timestamp())), "{said}");
            let kept = entries(&bot).await.pop().unwrap();
            assert_eq!((kept.at, kept.recorded_at), (happened, now), "{at}");
        }
        bot.finish().await;
    }

    async fn a_line_about_the_future_is_refused(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let before = entries(&bot).await;
        for (at, why) in [
            ("01:50", "lies in the future"),
            ("02:45", "lies in the future"),
            ("+20m", "14:05 (UTC) or -20m"),
            ("soon", "14:05 (UTC) or -20m"),
            ("-soon", "30s, 5m, 1h30m"),
        ] {
            let said = bot.command("ana", room, "/incident timeline add", json!({ "text": "x", "at": at })).await;
            assert_has(&said, &["✋", why]);
        }
        assert_eq!(entries(&bot).await, before);
        bot.finish().await;
    }

    async fn an_empty_or_endless_line_is_refused(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        for (text, why) in [("  ".to_owned(), "is empty"), ("x".repeat(1501), "longer than 1500")] {
            let said = bot.command("ana", room, "/incident timeline add", json!({ "text": text })).await;
            assert_has(&said, &["✋", "Nothing was kept", why]);
        }
        bot.finish().await;
    }

    async fn a_correction_is_a_new_entry_that_points_at_the_old(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        add(&mut bot, room, json!({ "text": "version 13 was deployed" })).await;
        let wrong = newest(&bot).await;
        let before = entries(&bot).await;
        let said = add(&mut bot, room, json!({ "text": "it was version 14", "corrects": wrong })).await;
        assert_has(&said, &[&bot.mention("ana"), &format!("corrected entry {wrong}: it was version 14")]);
        let after = entries(&bot).await;
        assert_eq!(after[..before.len()], before, "the old entry stays as it was");
        assert_eq!(after.len(), before.len() + 1);
        let event = serde_json::to_value(&after.last().unwrap().event).unwrap();
        assert_eq!(event, json!({ "kind": "corrected", "entry": wrong, "text": "it was version 14" }));

        let said = bot.command("ana", room, "/incident timeline add", json!({ "text": "x", "corrects": 99 })).await;
        assert_has(&said, &["✋", "no entry 99", "/incident timeline list"]);
        let options = json!({ "text": "x", "corrects": wrong, "at": "-20m" });
        let said = bot.command("ana", room, "/incident timeline add", options).await;
        assert_has(&said, &["✋", "a correction has no time of its own", "corrects"]);
        bot.finish().await;
    }

    async fn a_message_goes_into_the_timeline_with_author_text_and_link(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let chloe = bot.world.account("chloe").unwrap();
        let message = bot.discord().say(chloe, room, "the *feature table* was rebuilt at 01:30\nand then once more");
        let link = format!("https://discord.com/channels/{}/{room}/{}", bot.discord().guild(), message.id);
        let said = bot.menu("ana", &message, "Add to timeline").await;
        assert_has(&said, &[&bot.mention("ana"), "kept a message of", &bot.mention("chloe"), &link]);
        bot.expect("INC-1", &["📌", "kept a message of", &bot.mention("chloe"), "was rebuilt at 01:30", &link]);
        let kept = entries(&bot).await.pop().unwrap();
        assert_eq!(deed(&kept), "noted by ana");
        assert_eq!(serde_json::to_value(&kept.event).unwrap(), json!({
            "kind": "noted",
            "text": "the *feature table* was rebuilt at 01:30\nand then once more",
            "quote": { "author": "chloe", "link": link },
        }));
        bot.finish().await;
    }

    async fn a_long_message_goes_into_the_timeline_whole(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let text = format!("{}the end", "word ".repeat(398));
        let message = bot.discord().say(bot.world.account("chloe").unwrap(), room, &text);
        bot.menu("ana", &message, "Add to timeline").await;
        bot.expect("INC-1", &["kept a message of", &message.id.to_string()]);
        let kept = serde_json::to_value(&entries(&bot).await.pop().unwrap().event).unwrap();
        assert_eq!(kept["text"], text);
        bot.finish().await;
    }

    async fn a_message_without_words_or_of_no_known_incident_is_not_taken(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let card = bot.newest("INC-1", "Lead", None);
        assert_has(&bot.menu("ana", &card, "Add to timeline").await, &["✋", "no text", "/incident timeline add"]);
        let here = bot.discord().say(bot.world.account("ben").unwrap(), bot.channel("operators"), "is this related?");
        // The only open incident is meant wherever the message stands.
        bot.menu("ana", &here, "Add to timeline").await;
        bot.expect("INC-1", &["is this related?"]);
        assert_has(&bot.menu("max", &here, "Add to timeline").await, &["✋", "You may not run an incident here"]);
        bot.command("ana", room, "/incident resolve", json!({})).await;
        bot.expect("INC-1", &["🏁"]);
        assert_has(&bot.menu("ana", &here, "Add to timeline").await, &["✋", "No incident is open"]);
        bot.finish().await;
    }

    async fn a_closed_incident_still_takes_what_is_found_out_later(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        bot.command("ana", room, "/incident close", json!({ "reason": "external", "note": "the vendor's" })).await;
        bot.expect("INC-1", &["🔒"]);
        bot.pass(60).await;
        add(&mut bot, room, json!({ "text": "the vendor sent a report" })).await;
        bot.finish().await;
    }

    async fn the_export_as_json_has_every_entry_to_the_microsecond(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        bot.world.clock().advance(Duration::microseconds(1_234_567));
        add(&mut bot, room, json!({ "text": "version 13", "at": "-20m" })).await;
        let wrong = newest(&bot).await;
        add(&mut bot, room, json!({ "text": "version 14", "corrects": wrong })).await;

        let (name, text) = export(&bot, room, "json").await;
        assert_eq!(name, "INC-1-timeline.json");
        let exported: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(exported["incident"], "INC-1");
        assert_eq!(exported["title"], "Scores drift in eu");
        assert_eq!(exported["declared_at"], "2026-02-04T01:45:00.000000Z");
        let stored = entries(&bot).await;
        let lines = exported["entries"].as_array().unwrap();
        assert_eq!(lines.len(), stored.len());
        for (line, entry) in lines.iter().zip(&stored) {
            let precise = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            assert_eq!(line["number"], entry.number.0);
            assert_eq!(line["at"], precise(entry.at));
            assert_eq!(line["recorded_at"], precise(entry.recorded_at));
            assert_eq!(line["event"], serde_json::to_value(&entry.event).unwrap());
            assert!(line["author"]["name"].is_string() && line["text"].is_string());
        }
        let (old, new) = (&lines[wrong as usize - 1], &lines[wrong as usize]);
        assert_eq!(old["at"], "2026-02-04T01:25:01.234567Z");
        assert_eq!(old["recorded_at"], "2026-02-04T01:45:01.234567Z");
        assert_eq!(old["author"], json!({ "kind": "person", "id": "ana", "name": "Ana" }));
        assert_eq!(old["corrected_by"], json!([wrong + 1]));
        assert_eq!(new["corrects"], wrong);
        bot.finish().await;
    }

    async fn the_export_as_markdown_has_every_entry_to_the_microsecond(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        bot.world.clock().advance(Duration::microseconds(1_234_567));
        add(&mut bot, room, json!({ "text": "version 13", "at": "-20m" })).await;
        let wrong = newest(&bot).await;
        add(&mut bot, room, json!({ "text": "version 14", "corrects": wrong })).await;

        let (name, text) = export(&bot, room, "markdown").await;
        assert_eq!(name, "INC-1-timeline.md");
        assert!(text.starts_with("# INC-1 · Scores drift in eu\n"), "{text}");
        assert_has(&text, &["- **Severity**: SEV2", "- **Declared**: 2026-02-04T01:45:00.000000Z"]);
        let numbered: Vec<&str> = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
        let stored = entries(&bot).await;
        assert_eq!(numbered.len(), stored.len(), "{text}");
        for (line, entry) in numbered.iter().zip(&stored) {
            let at = entry.at.format("%Y-%m-%dT%H:%M:%S%.6fZ");
            assert!(line.starts_with(&format!("{}. `{at}` ", entry.number)), "{line}");
        }
        let (old, new) = (numbered[wrong as usize - 1], numbered[wrong as usize]);
        assert_has(old, &["Ana noted", "version 13", "`2026-02-04T01:25:01.234567Z`"]);
        assert_has(old, &["recorded `2026-02-04T01:45:01.234567Z`", &format!("(corrected: see {})", wrong + 1)]);
        assert_has(new, &[&format!("Ana corrected entry {wrong}: version 14"), &format!("(→ entry {wrong})")]);
        bot.finish().await;
    }

    async fn entries_never_change_once_they_are_written(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let room = running(&mut bot).await;
        let mut before = entries(&bot).await;
        let deeds = [
            ("/incident take", json!({ "role": "lead" }), "is now the lead"),
            ("/incident severity", json!({ "level": "SEV3", "reason": "smaller" }), "lowered"),
            ("/incident timeline add", json!({ "text": "a note", "at": "-2h" }), "a note"),
            ("/incident timeline add", json!({ "text": "not opened", "corrects": 1 }), "not opened"),
            ("/incident timeline add", json!({ "text": "nor this", "corrects": 1 }), "nor this"),
            ("/incident phase", json!({ "to": "mitigating" }), "to mitigating"),
            ("/incident resolve", json!({}), "🏁"),
            ("/incident phase", json!({ "to": "investigating", "note": "back" }), "back"),
            ("/incident close", json!({ "reason": "cancelled" }), "🔒"),
        ];
        for (command, options, heard) in deeds {
            bot.command("ana", room, command, options).await;
            bot.expect("INC-1", &[heard]);
            let after = entries(&bot).await;
            assert_eq!(after[..before.len()], before[..], "{command} changed what was written");
            assert_eq!(after.len(), before.len() + 1, "{command} adds one entry");
            before = after;
        }
        bot.finish().await;
    }
}
