//! What the bot may do, and what becomes of it when it may not.

use serde_json::{Value, json};
use standin::{Person, permission};

use crate::support::World;

#[tokio::test]
async fn a_permission_that_is_taken_away_is_missed_at_once() {
    let world = World::start().await;
    let message = world.write(json!({"content": "x"})).await.id();
    let general = world.general;
    let send = ("POST", format!("/channels/{general}/messages"), json!({"content": "x"}));
    let pin = ("PUT", format!("/channels/{general}/messages/pins/{message}"), Value::Null);
    let rename = ("PATCH", format!("/channels/{general}"), json!({"name": "other"}));
    let react = ("PUT", format!("/channels/{general}/messages/{message}/reactions/%F0%9F%91%80/@me"), Value::Null);
    let thread = ("POST", format!("/channels/{general}/messages/{message}/threads"), json!({"name": "t"}));
    let create = ("POST", format!("/guilds/{}/channels", world.discord.guild()), json!({"name": "room"}));
    let cases = [
        (permission::SEND_MESSAGES, send.clone(), 50013),
        (permission::PIN_MESSAGES, pin, 50013),
        (permission::MANAGE_CHANNELS, rename, 50013),
        (permission::MANAGE_CHANNELS, create, 50013),
        (permission::ADD_REACTIONS, react, 50013),
        (permission::CREATE_PUBLIC_THREADS, thread, 50013),
        (permission::VIEW_CHANNEL, send, 50001),
    ];
    for (bit, (method, path, body), code) in cases {
        world.discord.set_bot_permissions(permission::USUAL_BOT & !bit);
        let seen = world.call(method, &path, body.clone()).await;
        assert_eq!((seen.status, seen.code()), (403, code), "{method} {path}");
        world.discord.set_bot_permissions(permission::USUAL_BOT);
        let seen = world.call(method, &path, body).await;
        assert!(seen.status < 300, "{method} {path}: {}", seen.body);
    }
    assert_eq!(world.discord.violations(), Vec::<String>::new(), "a lack of permission is nobody's fault");
}

#[tokio::test]
async fn a_private_room_shuts_its_own_bot_out_unless_it_lets_itself_in() {
    let world = World::start().await;
    let path = format!("/guilds/{}/channels", world.discord.guild());
    let view = permission::VIEW_CHANNEL.to_string();
    let everyone = json!({"id": world.discord.guild().to_string(), "type": 0, "allow": "0", "deny": view});
    let bot = json!({"id": "1000000000000000002", "type": 1, "allow": view, "deny": "0"});
    let closed = world.post(&path, json!({"name": "a", "permission_overwrites": [everyone]})).await;
    assert_eq!(closed.status, 201);
    let lost = world.post(&format!("/channels/{}/messages", closed.id()), json!({"content": "x"})).await;
    assert_eq!(lost.code(), 50001);
    let open = world.post(&path, json!({"name": "b", "permission_overwrites": [everyone, bot]})).await;
    assert_eq!(world.post(&format!("/channels/{}/messages", open.id()), json!({"content": "x"})).await.status, 200);
    let outside = world.discord.try_say(world.ana, open.id(), "may I?");
    assert!(outside.is_err(), "the room is private");
}

#[tokio::test]
async fn a_role_lets_people_into_a_private_room() {
    let world = World::start().await;
    let role = world.discord.add_role("responders");
    let ben = world.discord.add_person(Person { id: None, name: "Ben", roles: vec![role] });
    let view = permission::VIEW_CHANNEL.to_string();
    let path = format!("/channels/{}/permissions", world.general);
    let deny = json!({"type": 0, "allow": "0", "deny": view});
    let allow = json!({"type": 0, "allow": view, "deny": "0"});
    // The bot first lets itself stay: what is denied to everyone is denied to it.
    let own = json!({"type": 1, "allow": view, "deny": "0"});
    assert_eq!(world.call("PUT", &format!("{path}/1000000000000000002"), own).await.status, 204);
    assert_eq!(world.call("PUT", &format!("{path}/{}", world.discord.guild()), deny).await.status, 204);
    assert_eq!(world.call("PUT", &format!("{path}/{role}"), allow).await.status, 204);
    assert!(world.discord.try_say(ben, world.general, "hello").is_ok());
    assert!(world.discord.try_say(world.ana, world.general, "hello").is_err());
    assert_eq!(world.call("DELETE", &format!("{path}/{role}"), Value::Null).await.status, 204);
    assert!(world.discord.try_say(ben, world.general, "hello").is_err());
}

#[tokio::test]
async fn one_channel_can_be_closed_to_the_bot() {
    let world = World::start().await;
    world.discord.deny_bot(world.general, permission::SEND_MESSAGES);
    assert_eq!(world.write(json!({"content": "x"})).await.code(), 50013);
    world.discord.deny_bot(world.general, 0);
    assert_eq!(world.write(json!({"content": "x"})).await.status, 200);
}

#[tokio::test]
async fn a_bot_that_was_thrown_out_has_no_access_until_it_is_back() {
    let world = World::start().await;
    world.discord.remove_bot();
    assert_eq!(world.write(json!({"content": "x"})).await.code(), 50001);
    assert_eq!(world.get(&format!("/guilds/{}", world.discord.guild())).await.code(), 50001);
    world.discord.add_bot_back();
    assert_eq!(world.write(json!({"content": "x"})).await.status, 200);
}
