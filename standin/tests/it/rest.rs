//! Rules of the REST side: interactions, nonces, pings, pins, threads, trouble.

use std::time::Duration;

use serde_json::{Value, json};
use standin::{Traffic, Trouble, TroubleKind};

use crate::support::{World, seen};

#[tokio::test]
async fn a_stranger_is_turned_away_and_an_unknown_route_is_noted() {
    let world = World::start().await;
    let bare = crate::support::client(&world.discord).get("https://discord.com/api/v10/users/@me");
    assert_eq!(seen(bare).await.expect("an answer").status, 401);
    assert_eq!(world.get("/nowhere").await.status, 404);
    assert_eq!(world.discord.violations(), ["GET /api/v10/nowhere: unknown route"]);
}

#[tokio::test]
async fn a_repeated_nonce_returns_the_first_message_for_five_minutes() {
    let world = World::start().await;
    let body = json!({"content": "once", "nonce": "INC-1/card", "enforce_nonce": true});
    let first = world.write(body.clone()).await;
    assert_eq!(first.body["nonce"], "INC-1/card");
    assert_eq!(world.write(body.clone()).await.id(), first.id());
    assert_eq!(world.discord.messages(world.general).len(), 1);
    let unenforced = world.write(json!({"content": "once", "nonce": "INC-1/card"})).await;
    assert_ne!(unenforced.id(), first.id());
    world.discord.advance(Duration::from_secs(301));
    assert_ne!(world.write(body).await.id(), first.id());
}

#[tokio::test]
async fn only_what_is_allowed_pings() {
    let world = World::start().await;
    let role = world.discord.add_role("on-call");
    let text = format!("<@{}> <@&{role}> @everyone", world.ana);
    let cases = [
        (Value::Null, true, true, true),
        (json!({"parse": []}), false, false, false),
        (json!({"parse": ["roles"]}), false, true, false),
        (json!({"users": [world.ana.to_string()]}), true, false, false),
    ];
    for (allowed, user, to_role, everyone) in cases {
        let seen = world.write(json!({"content": text, "allowed_mentions": allowed})).await;
        let message = world.discord.message(world.general, seen.id()).expect("it is there");
        assert_eq!(!message.pings.is_empty(), user, "{allowed}");
        assert_eq!(!message.ping_roles.is_empty(), to_role, "{allowed}");
        assert_eq!(message.ping_everyone, everyone, "{allowed}");
    }
    let both = json!({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}});
    assert_eq!(world.write(both).await.code(), 50035);
}

#[tokio::test]
async fn an_edit_of_anothers_message_is_refused() {
    let world = World::start().await;
    let said = world.discord.say(world.ana, world.general, "mine");
    let path = format!("/channels/{}/messages/{}", world.general, said.id);
    assert_eq!(world.call("PATCH", &path, json!({"content": "yours"})).await.code(), 50005);
    assert_eq!(world.call("PATCH", "/channels/1/messages/2", json!({"content": "x"})).await.code(), 10003);
    let nowhere = format!("/channels/{}/messages/2", world.general);
    assert_eq!(world.call("PATCH", &nowhere, json!({"content": "x"})).await.code(), 10008);
}

#[tokio::test]
async fn old_messages_can_be_made_to_refuse_edits() {
    let world = World::start().await;
    let message = world.write(json!({"content": "card"})).await;
    let path = format!("/channels/{}/messages/{}", world.general, message.id());
    world.discord.refuse_old_edits(true);
    assert_eq!(world.call("PATCH", &path, json!({"content": "2"})).await.status, 200);
    world.discord.advance(Duration::from_secs(3601));
    assert_eq!(world.call("PATCH", &path, json!({"content": "3"})).await.code(), 30046);
}

#[tokio::test]
async fn messages_are_paged_from_the_newest() {
    let world = World::start().await;
    for number in 0..5 {
        world.write(json!({"content": number.to_string()})).await;
    }
    let read = |seen: &crate::support::Seen| -> Vec<String> {
        let list = seen.body.as_array().expect("a list");
        list.iter().map(|message| message["content"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let path = format!("/channels/{}/messages", world.general);
    let page = world.get(&format!("{path}?limit=2")).await;
    assert_eq!(read(&page), ["4", "3"]);
    let oldest = page.body[1]["id"].as_str().expect("an id");
    assert_eq!(read(&world.get(&format!("{path}?before={oldest}&limit=2")).await), ["2", "1"]);
    assert_eq!(read(&world.get(&format!("{path}?after={oldest}")).await), ["4"]);
    assert_eq!(read(&world.get(&format!("{path}?around={oldest}&limit=3")).await), ["4", "3", "2"]);
    assert_eq!(world.get(&format!("{path}?limit=101")).await.code(), 50035);
}

#[tokio::test]
async fn pins_are_listed_by_both_routes_and_end_at_250() {
    let world = World::start().await;
    for number in 0..251 {
        let message = world.write(json!({"content": number.to_string()})).await;
        let path = format!("/channels/{}/messages/pins/{}", world.general, message.id());
        let pinned = world.call("PUT", &path, Value::Null).await;
        if number < 250 {
            assert_eq!(pinned.status, 204);
        } else {
            assert_eq!(pinned.code(), 30003);
        }
    }
    let page = world.get(&format!("/channels/{}/messages/pins", world.general)).await;
    assert_eq!(page.body["items"].as_array().map(Vec::len), Some(50));
    assert_eq!(page.body["has_more"], true);
    assert_eq!(page.body["items"][0]["message"]["content"], "249");
    let old = world.get(&format!("/channels/{}/pins", world.general)).await;
    assert_eq!(old.body.as_array().map(Vec::len), Some(50));
}

#[tokio::test]
async fn a_silent_thread_is_archived_and_takes_no_more_messages_until_it_is_reopened() {
    let world = World::start().await;
    let body = json!({"name": "talk", "type": 11, "auto_archive_duration": 60});
    let thread = world.post(&format!("/channels/{}/threads", world.general), body).await;
    assert_eq!(thread.status, 201);
    let path = format!("/channels/{}/messages", thread.id());
    assert_eq!(world.post(&path, json!({"content": "x"})).await.status, 200);
    world.discord.advance(Duration::from_secs(3601));
    assert_eq!(world.post(&path, json!({"content": "y"})).await.code(), 50083);
    let open = world.call("PATCH", &format!("/channels/{}", thread.id()), json!({"archived": false})).await;
    assert_eq!(open.status, 200);
    assert_eq!(world.post(&path, json!({"content": "y"})).await.status, 200);
}

#[tokio::test]
async fn a_person_who_closed_direct_messages_gets_none() {
    let world = World::start().await;
    let channel = world.post("/users/@me/channels", json!({"recipient_id": world.ana.to_string()})).await;
    let path = format!("/channels/{}/messages", channel.id());
    assert_eq!(world.post(&path, json!({"content": "x"})).await.status, 200);
    world.discord.close_dms(world.ana, true);
    assert_eq!(world.post(&path, json!({"content": "x"})).await.code(), 50007);
    world.discord.close_dms(world.ana, false);
    world.discord.remove_person(world.ana);
    assert_eq!(world.post(&path, json!({"content": "x"})).await.code(), 50278);
}

#[tokio::test]
async fn an_upload_keeps_its_bytes_and_its_description() {
    let world = World::start().await;
    let notes = json!({"content": "log", "attachments": [{"id": 0, "filename": "a.txt", "description": "the log"}]});
    let part = reqwest::multipart::Part::bytes(b"hello".to_vec()).file_name("b.txt");
    let form = reqwest::multipart::Form::new().text("payload_json", notes.to_string()).part("files[0]", part);
    let path = format!("/channels/{}/messages", world.general);
    let request = world.request(reqwest::Method::POST, &path).multipart(form);
    let seen = seen(request).await.expect("an answer");
    assert_eq!(seen.body["attachments"][0]["filename"], "a.txt");
    let message = world.discord.message(world.general, seen.id()).expect("it is there");
    assert_eq!(message.attachments[0].bytes, b"hello");
}

#[tokio::test]
async fn trouble_strikes_as_told_and_a_dropped_answer_has_done_its_work() {
    let world = World::start().await;
    let path = format!("/channels/{}/messages", world.general);
    let trouble = |kind: TroubleKind| Trouble { method: Some("POST"), path: "/channels/*/messages", times: 1, kind };
    world.discord.trouble(trouble(TroubleKind::Status(503, None)));
    assert_eq!(world.write(json!({"content": "x"})).await.status, 503);
    world.discord.trouble(trouble(TroubleKind::RateLimited { retry_after: 0.25, global: true }));
    let limited = world.write(json!({"content": "x"})).await;
    assert_eq!((limited.status, &limited.body["retry_after"]), (429, &json!(0.25)));
    assert_eq!(limited.headers["x-ratelimit-scope"], "global");
    world.discord.trouble(trouble(TroubleKind::Error { status: 400, code: 30046 }));
    assert_eq!(world.write(json!({"content": "x"})).await.code(), 30046);
    assert!(world.discord.messages(world.general).is_empty());

    world.discord.trouble(trouble(TroubleKind::DropAnswer));
    let request = world.request(reqwest::Method::POST, &path).json(&json!({"content": "done"}));
    assert!(seen(request).await.is_err(), "the line was to be cut");
    assert_eq!(world.discord.messages(world.general)[0].content, "done");
    assert_eq!(world.discord.count_429(), 1);

    let slow = Duration::from_millis(80);
    world.discord.trouble(trouble(TroubleKind::Stall(slow)));
    let began = std::time::Instant::now();
    assert_eq!(world.write(json!({"content": "late"})).await.status, 200);
    assert!(slow <= began.elapsed());

    world.discord.go_down(true);
    assert_eq!(world.get("/users/@me").await.status, 502);
    world.discord.go_down(false);
    assert_eq!(world.get("/users/@me").await.status, 200);
}

#[tokio::test]
async fn traffic_is_written_down_without_the_prefix() {
    let world = World::start().await;
    world.write(json!({"content": "x"})).await;
    let traffic = world.discord.traffic();
    let line = serde_json::to_value(&traffic[0]).expect("it is JSON");
    assert_eq!((&line["t"], &line["method"], &line["status"]), (&json!("rest"), &json!("POST"), &json!(200)));
    assert_eq!(line["path"], format!("/channels/{}/messages", world.general));
    assert!(matches!(&traffic[0], Traffic::Rest { req, .. } if req["content"] == "x"));
}

#[tokio::test]
async fn the_wait_sees_a_change_that_comes_later() {
    let world = World::start().await;
    let (discord, general) = (world.discord.clone(), world.general);
    let waiting = tokio::spawn(async move {
        discord.wait_until(Duration::from_secs(5), |d| d.messages(general).first().map(|m| m.content.clone())).await
    });
    world.write(json!({"content": "there"})).await;
    assert_eq!(waiting.await.expect("no panic").as_deref(), Some("there"));
    assert_eq!(world.discord.wait_until(Duration::ZERO, |_| None::<()>).await, None);
}
