//! Lengths, counts and rates.

use serde_json::{Value, json};
use standin::{ChannelKind, NewChannel, Options};

use crate::support::World;

fn buttons(rows: usize, each: usize) -> Value {
    let button =
        |row: usize, at: usize| json!({"type": 2, "style": 1, "label": "b", "custom_id": format!("{row}.{at}")});
    let row = |row: usize| json!({"type": 1, "components": (0..each).map(|at| button(row, at)).collect::<Vec<_>>()});
    (0..rows).map(row).collect()
}

fn one_button(button: Value) -> Value {
    json!({"components": [{"type": 1, "components": [button]}]})
}

fn select(options: usize) -> Value {
    let options: Vec<_> = (0..options).map(|at| json!({"label": "l", "value": at.to_string()})).collect();
    one_button(json!({"type": 3, "custom_id": "s", "options": options}))
}

/// Each body with the code that it earns; 0 is good.
fn messages() -> Vec<(&'static str, Value, u64)> {
    let long = |length: usize| "x".repeat(length);
    let embed = |embed: Value| json!({"embeds": [embed]});
    let fields = |count: usize| -> Value { (0..count).map(|_| json!({"name": "n", "value": "v"})).collect() };
    vec![
        ("2000 characters", json!({"content": long(2000)}), 0),
        ("2001 characters", json!({"content": long(2001)}), 50035),
        ("2000 characters of two bytes", json!({"content": "é".repeat(2000)}), 0),
        ("nothing", json!({"content": ""}), 50006),
        ("a field that does not exist", json!({"content": "x", "colour": 1}), 50035),
        ("a number as text", json!({"content": 1}), 50035),
        ("10 embeds", json!({"embeds": vec![json!({"title": "t"}); 10]}), 0),
        ("11 embeds", json!({"embeds": vec![json!({"title": "t"}); 11]}), 50035),
        ("title of 256", embed(json!({"title": long(256)})), 0),
        ("title of 257", embed(json!({"title": long(257)})), 50035),
        ("description of 4096", embed(json!({"description": long(4096)})), 0),
        ("description of 4097", embed(json!({"description": long(4097)})), 50035),
        ("25 fields", embed(json!({"fields": fields(25)})), 0),
        ("26 fields", embed(json!({"fields": fields(26)})), 50035),
        ("field name of 257", embed(json!({"fields": [{"name": long(257), "value": "v"}]})), 50035),
        ("field value of 1025", embed(json!({"fields": [{"name": "n", "value": long(1025)}]})), 50035),
        ("field without a value", embed(json!({"fields": [{"name": "n"}]})), 50035),
        ("footer of 2049", embed(json!({"footer": {"text": long(2049)}})), 50035),
        ("author of 257", embed(json!({"author": {"name": long(257)}})), 50035),
        ("embeds of 6000", json!({"embeds": vec![json!({"description": long(3000)}); 2]}), 0),
        ("embeds of 6001", json!({"embeds": [{"description": long(3000)}, {"description": long(3001)}]}), 50035),
        ("an empty embed", embed(json!({})), 50035),
        ("25 buttons", json!({"content": "x", "components": buttons(5, 5)}), 0),
        ("six rows", json!({"content": "x", "components": buttons(6, 1)}), 50035),
        ("six buttons in a row", json!({"content": "x", "components": buttons(1, 6)}), 50035),
        ("an empty row", json!({"content": "x", "components": [{"type": 1, "components": []}]}), 50035),
        ("label of 80", one_button(json!({"type": 2, "style": 1, "label": long(80), "custom_id": "a"})), 0),
        ("label of 81", one_button(json!({"type": 2, "style": 1, "label": long(81), "custom_id": "a"})), 50035),
        ("custom id of 101", one_button(json!({"type": 2, "style": 1, "label": "l", "custom_id": long(101)})), 50035),
        ("a button without an id", one_button(json!({"type": 2, "style": 1, "label": "l"})), 50035),
        ("a link", one_button(json!({"type": 2, "style": 5, "label": "l", "url": "https://example.com"})), 0),
        (
            "a link with an id",
            one_button(json!({"type": 2, "style": 5, "label": "l", "url": "https://example.com", "custom_id": "a"})),
            50035,
        ),
        (
            "the same id twice",
            json!({"components": [
                {"type": 1, "components": [{"type": 2, "style": 1, "label": "l", "custom_id": "a"}]},
                {"type": 1, "components": [{"type": 2, "style": 1, "label": "l", "custom_id": "a"}]},
            ]}),
            50035,
        ),
        ("25 options", select(25), 0),
        ("26 options", select(26), 50035),
        ("no options", select(0), 50035),
        (
            "a select beside a button",
            json!({"components": [{"type": 1, "components": [
                {"type": 3, "custom_id": "s", "options": [{"label": "l", "value": "v"}]},
                {"type": 2, "style": 1, "label": "l", "custom_id": "a"},
            ]}]}),
            50035,
        ),
        ("nonce of 25", json!({"content": "x", "nonce": long(25)}), 0),
        ("nonce of 26", json!({"content": "x", "nonce": long(26)}), 50035),
        ("an answer to nothing", json!({"content": "x", "message_reference": {"message_id": "1"}}), 50035),
    ]
}

#[tokio::test]
async fn each_limit_of_a_message_holds_at_its_edge() {
    let world = World::start().await;
    for (what, body, code) in messages() {
        let seen = world.write(body).await;
        assert_eq!(seen.code(), code, "{what}: {}", seen.body);
    }
}

#[tokio::test]
async fn a_refusal_names_the_field_and_counts_as_a_violation() {
    let world = World::start().await;
    let seen = world.write(json!({"embeds": [{"title": "x".repeat(257)}]})).await;
    assert_eq!(seen.body["errors"]["embeds"]["0"]["title"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
    let noted = world.discord.violations();
    assert!(noted[0].contains("embeds.0.title: Must be 256 or fewer in length."), "{noted:?}");
}

#[tokio::test]
async fn each_limit_of_a_channel_holds_at_its_edge() {
    let world = World::start().await;
    let path = format!("/guilds/{}/channels", world.discord.guild());
    let cases = [
        ("name of 100", json!({"name": "x".repeat(100)}), 0),
        ("name of 101", json!({"name": "x".repeat(101)}), 50035),
        ("no name", json!({}), 50035),
        ("a name of nothing but marks", json!({"name": "!!!"}), 50035),
        ("topic of 1024", json!({"name": "a", "topic": "x".repeat(1024)}), 0),
        ("topic of 1025", json!({"name": "a", "topic": "x".repeat(1025)}), 50035),
        ("an unknown category", json!({"name": "a", "parent_id": "1"}), 50035),
        ("a field that does not exist", json!({"name": "a", "subject": "b"}), 50035),
    ];
    for (what, body, code) in cases {
        let seen = world.post(&path, body).await;
        assert_eq!(seen.code(), code, "{what}: {}", seen.body);
    }
    assert_eq!(world.post(&path, json!({"name": "INC 7: Down"})).await.body["name"], "inc-7-down");
}

#[tokio::test]
async fn a_category_holds_50_channels_and_the_guild_500() {
    let world = World::start().await;
    let add = |name: &str, kind: ChannelKind, parent: Option<u64>| {
        world.discord.add_channel(NewChannel { id: None, name, kind, parent })
    };
    let rooms = add("Rooms", ChannelKind::Category, None);
    for _ in 0..50 {
        add("room", ChannelKind::Text, Some(rooms));
    }
    let path = format!("/guilds/{}/channels", world.discord.guild());
    let full = world.post(&path, json!({"name": "room", "parent_id": rooms.to_string()})).await;
    assert_eq!(full.code(), 50035);
    assert!(full.body.to_string().contains("Maximum number of channels in category reached (50)"), "{}", full.body);
    // The general channel, the category and its 50 are there already.
    for _ in 52..500 {
        add("more", ChannelKind::Text, None);
    }
    assert_eq!(world.post(&path, json!({"name": "room"})).await.code(), 30013);
}

#[tokio::test]
async fn commands_are_checked_when_they_are_registered() {
    let world = World::start().await;
    let path = format!("/applications/1000000000000000002/guilds/{}/commands", world.discord.guild());
    let option =
        |name: &str, required: bool| json!({"type": 3, "name": name, "description": "d", "required": required});
    let choices: Vec<_> = (0..26).map(|at| json!({"name": "c", "value": at.to_string()})).collect();
    let many: Vec<_> = (0..26).map(|at| option(&format!("o{at}"), false)).collect();
    let large: Vec<_> = (0..4)
        .map(|at| {
            let choices: Vec<_> =
                (0..25).map(|c| json!({"name": "n".repeat(99), "value": format!("{c:0>20}")})).collect();
            json!({"type": 3, "name": format!("o{at}"), "description": "d", "choices": choices})
        })
        .collect();
    let cases = [
        ("a good one", json!({"name": "a", "description": "d", "options": [option("x", true), option("y", false)]}), 0),
        ("upper case", json!({"name": "Ab", "description": "d"}), 50035),
        ("a menu in upper case", json!({"name": "Add to timeline", "type": 3}), 0),
        ("a menu with a description", json!({"name": "Add", "type": 3, "description": "d"}), 50035),
        ("description of 101", json!({"name": "a", "description": "d".repeat(101)}), 50035),
        ("no description", json!({"name": "a"}), 50035),
        (
            "required after optional",
            json!({"name": "a", "description": "d", "options": [option("x", false), option("y", true)]}),
            50035,
        ),
        (
            "the same option twice",
            json!({"name": "a", "description": "d", "options": [option("x", true), option("x", true)]}),
            50035,
        ),
        ("26 options", json!({"name": "a", "description": "d", "options": many}), 50035),
        (
            "26 choices",
            json!({"name": "a", "description": "d", "options": [{"type": 3, "name": "x", "description": "d", "choices": choices}]}),
            50035,
        ),
        ("8000 characters and more", json!({"name": "a", "description": "d", "options": large}), 50035),
        (
            "choices with autocomplete",
            json!({"name": "a", "description": "d", "options": [{"type": 3, "name": "x", "description": "d", "autocomplete": true, "choices": [{"name": "c", "value": "v"}]}]}),
            50035,
        ),
    ];
    for (what, body, code) in cases {
        let seen = world.post(&path, body).await;
        assert_eq!(seen.code(), code, "{what}: {}", seen.body);
    }
    let hundred_and_one: Value = (0..101).map(|at| json!({"name": format!("c{at}"), "description": "d"})).collect();
    assert_eq!(world.call("PUT", &path, hundred_and_one).await.code(), 30032);
    let kept = world.call("PUT", &path, json!([{"name": "a", "description": "new"}])).await;
    assert_eq!((kept.status, kept.body.as_array().map(Vec::len)), (200, Some(1)));
    assert_eq!(world.discord.commands()[0]["description"], "new");
}

#[tokio::test]
async fn the_sixth_message_is_limited_with_real_headers() {
    let world = World::with(Options::default()).await;
    let first = world.write(json!({"content": "x"})).await;
    assert_eq!(first.headers["x-ratelimit-limit"], "5");
    assert_eq!(first.headers["x-ratelimit-remaining"], "4");
    assert!(first.headers.contains_key("x-ratelimit-bucket"));
    for _ in 0..4 {
        assert_eq!(world.write(json!({"content": "x"})).await.status, 200);
    }
    let limited = world.write(json!({"content": "x"})).await;
    assert_eq!((limited.status, &limited.body["global"]), (429, &json!(false)));
    assert_eq!(limited.headers["x-ratelimit-scope"], "user");
    let wait: f64 = limited.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!(0.0 < wait && wait <= 5.001, "{wait}");
    world.discord.advance(std::time::Duration::from_secs(5));
    assert_eq!(world.write(json!({"content": "x"})).await.status, 200);
}

#[tokio::test]
async fn a_third_rename_waits_for_minutes_while_other_changes_go_through() {
    let world = World::with(Options::default()).await;
    let path = format!("/channels/{}", world.general);
    for name in ["one", "two"] {
        assert_eq!(world.call("PATCH", &path, json!({"name": name})).await.status, 200);
    }
    let limited = world.call("PATCH", &path, json!({"name": "three"})).await;
    assert_eq!(limited.status, 429);
    assert!(500.0 < limited.body["retry_after"].as_f64().expect("seconds"));
    assert_eq!(world.call("PATCH", &path, json!({"position": 3})).await.status, 200);
    assert_eq!(world.call("PATCH", &path, json!({"name": "two"})).await.status, 200, "no change is no rename");
}

#[tokio::test]
async fn relaxed_limits_promise_so_much_that_no_client_waits() {
    let world = World::start().await;
    for _ in 0..60 {
        assert_eq!(world.write(json!({"content": "x"})).await.headers["x-ratelimit-remaining"], "999999");
    }
    assert!(0 < world.discord.requests_per_second_max());
}
