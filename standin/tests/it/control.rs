//! The control API, and interactions answered by hand: late, twice, wrongly.

use std::time::Duration;

use serde_json::{Value, json};
use standin::{Options, Traffic};

use crate::bot::Bot;
use crate::support::{World, seen};

#[tokio::test]
async fn people_act_over_plain_http() {
    let world = World::with(Options { control_port: Some(0), ..Options::default() }).await;
    let _bot = Bot::start(&world.discord).await;
    let address = world.discord.control_address().expect("it was asked for");
    let client = reqwest::Client::new();
    let post = |path: &str, body: Value| client.post(format!("http://{address}{path}")).json(&body);
    let (ana, general) = (world.ana.to_string(), world.general.to_string());
    let body = json!({"user": ana, "channel": general, "command": "/ping"});
    let reply = seen(post("/command", body)).await.expect("an answer");
    assert_eq!((&reply.body["text"], &reply.body["ephemeral"]), (&json!("pong"), &json!(true)), "{}", reply.body);

    let body = json!({"user": ana, "channel": general, "command": "/form"});
    let form = seen(post("/command", body)).await.expect("an answer");
    assert_eq!(form.body["modal"]["fields"][0]["label"], "What happened");
    let body = json!({"user": ana, "interaction": form.body["interaction"], "values": {"what": "it all"}});
    let reply = seen(post("/submit", body)).await.expect("an answer");
    assert_eq!(reply.body["text"], "Thank you: it all, nothing");

    let refused = seen(post("/command", json!({"user": ana, "channel": general, "command": "/no"}))).await;
    let refused = refused.expect("an answer");
    assert_eq!((refused.status, &refused.body["error"]), (400, &json!("no command no is registered")));
    let state = seen(client.get(format!("http://{address}/state"))).await.expect("an answer");
    assert_eq!(state.body["connected"], true);
}

/// Registers a command by hand, lets a person run it, and returns the interaction's id and token.
async fn an_interaction(world: &World) -> (String, String) {
    let path = format!("/applications/1000000000000000002/guilds/{}/commands", world.discord.guild());
    world.post(&path, json!({"name": "mute", "description": "d"})).await;
    let (discord, ana, general) = (world.discord.clone(), world.ana, world.general);
    let asked = discord.clone();
    tokio::spawn(async move { asked.command(ana, general, "/mute", json!({})).await });
    let found = discord.wait_until(Duration::from_secs(5), |discord| {
        discord.traffic().into_iter().rev().find_map(|traffic| match traffic {
            Traffic::Gateway { frame, .. } if frame["t"] == "INTERACTION_CREATE" => Some(frame["d"].clone()),
            _ => None,
        })
    });
    let frame = found.await.expect("the event");
    let text = |name: &str| frame[name].as_str().expect("text").to_owned();
    (text("id"), text("token"))
}

#[tokio::test]
async fn an_interaction_is_answered_once_and_followed_for_fifteen_minutes() {
    let world = World::start().await;
    // Its handler ignores the command, so that the test can answer in its place.
    let _bot = Bot::start(&world.discord).await;
    let (id, token) = an_interaction(&world).await;
    let callback = format!("/interactions/{id}/{token}/callback");
    let webhook = format!("/webhooks/1000000000000000002/{token}");
    let early = world.get(&format!("{webhook}/messages/@original")).await;
    assert_eq!(early.code(), 10015, "there is no webhook before the first answer");
    assert_eq!(world.post(&callback, json!({"type": 8, "data": {"choices": []}})).await.code(), 50035);
    let modal = |rows: usize| {
        let row = |at: usize| json!({"type": 1, "components": [{"type": 4, "custom_id": at.to_string(), "style": 1, "label": "l"}]});
        json!({"type": 9, "data": {"custom_id": "m", "title": "t", "components": (0..rows).map(row).collect::<Vec<_>>()}})
    };
    assert_eq!(world.post(&callback, modal(6)).await.code(), 50035);
    assert_eq!(world.post(&callback, modal(0)).await.code(), 50035);

    let deferred =
        world.post(&format!("{callback}?with_response=true"), json!({"type": 5, "data": {"flags": 64}})).await;
    assert_eq!(deferred.status, 200, "{}", deferred.body);
    assert_eq!(deferred.body["interaction"]["response_message_loading"], true);
    assert_eq!(world.post(&callback, json!({"type": 4, "data": {"content": "x"}})).await.code(), 40060);
    let first = world.post(&webhook, json!({"content": "done"})).await;
    assert_eq!(first.body["id"], deferred.body["interaction"]["response_message_id"], "it takes the place of the wait");
    let second = world.post(&webhook, json!({"content": "and more", "flags": 64})).await;
    assert_ne!(second.body["id"], first.body["id"]);
    assert_eq!(world.discord.messages_seen_by(world.ana, world.general).len(), 2);
    assert!(world.discord.messages(world.general).is_empty());

    world.discord.advance(Duration::from_secs(15 * 60 + 1));
    let late = world.call("PATCH", &format!("{webhook}/messages/@original"), json!({"content": "x"})).await;
    assert_eq!((late.status, late.code()), (401, 50027));
    assert!(world.discord.violations().iter().any(|line| line.contains("answered twice")));
}

#[tokio::test]
async fn an_answer_after_three_seconds_finds_no_interaction() {
    let world = World::start().await;
    let _bot = Bot::start(&world.discord).await;
    let (id, token) = an_interaction(&world).await;
    // The rule runs on real time, so the test has to let it pass: the stand-in itself says when it has.
    let over = |discord: &standin::Discord| (!discord.violations().is_empty()).then_some(());
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    while over(&world.discord).is_none() {
        ticks.tick().await;
    }
    let callback = format!("/interactions/{id}/{token}/callback");
    let late = world.post(&callback, json!({"type": 4, "data": {"content": "x"}})).await;
    assert_eq!((late.status, late.code()), (404, 10062));
    assert_eq!(world.discord.violations().len(), 1, "it is blamed once");
}
