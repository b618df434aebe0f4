//! What the page is told: each person what they may see, and nobody more.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use standin::{
    Alarm, Backstage, ChannelKind, Later, Move, NewChannel, Options, Person, Point, Rung, Sight, Timer, Tour, TourStep,
    permission,
};

use crate::support::{World, seen};

async fn with_page() -> World {
    World::with(Options { rate_limits: false, control_port: Some(0), ..Options::default() }).await
}

fn address(world: &World) -> String {
    format!("http://{}", world.discord.control_address().expect("it was asked for"))
}

/// The stream of one person's page.
struct Stream {
    response: reqwest::Response,
    held: String,
}

impl Stream {
    async fn open(world: &World, user: u64) -> Self {
        let response = reqwest::get(format!("{}/live?user={user}", address(world))).await.expect("an answer");
        assert_eq!(response.status(), 200);
        Self { response, held: String::new() }
    }

    /// The next event of this name, whatever comes before it.
    async fn next(&mut self, name: &str) -> Value {
        loop {
            while let Some(end) = self.held.find("\n\n") {
                let event: String = self.held.drain(..end + 2).collect();
                let field = |field: &str| event.lines().find_map(|line| line.strip_prefix(field)).map(str::trim);
                if field("event:") == Some(name) {
                    return serde_json::from_str(field("data:").expect("data")).expect("JSON");
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.response.chunk()).await;
            let chunk = chunk.expect("an event in time").expect("the stream goes on").expect("the stream goes on");
            self.held.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    /// Waits for a scene in which something holds.
    async fn scene(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let scene = self.next("scene").await;
            if holds(&scene) {
                return scene;
            }
        }
    }
}

fn names(scene: &Value) -> Vec<&str> {
    let channels = scene["channels"].as_array().expect("a list");
    channels.iter().map(|channel| channel["name"].as_str().expect("text")).collect()
}

fn texts(messages: &Value) -> Vec<&str> {
    let messages = messages["messages"].as_array().expect("a list");
    messages.iter().map(|message| message["content"].as_str().expect("text")).collect()
}

#[tokio::test]
async fn a_page_shows_the_channels_that_its_person_may_see_and_no_other() {
    let world = with_page().await;
    let role = world.discord.add_role("responders");
    let ben = world.discord.add_person(Person { id: None, name: "Ben", roles: vec![role] });
    let view = permission::VIEW_CHANNEL.to_string();
    let overwrites = json!([
        {"id": world.discord.guild().to_string(), "type": 0, "allow": "0", "deny": view},
        {"id": role.to_string(), "type": 0, "allow": view, "deny": "0"},
        {"id": "1000000000000000002", "type": 1, "allow": view, "deny": "0"},
    ]);
    let path = format!("/guilds/{}/channels", world.discord.guild());
    let secret = world.post(&path, json!({"name": "secret", "permission_overwrites": overwrites})).await.id();
    world.post(&format!("/channels/{secret}/messages"), json!({"content": "not for Ana"})).await;
    world.write(json!({"content": "for all"})).await;

    let mut bens = Stream::open(&world, ben).await;
    assert_eq!(names(&bens.next("scene").await), ["general", "secret"]);
    assert_eq!(texts(&bens.next("messages").await), ["for all", "not for Ana"]);
    let mut anas = Stream::open(&world, world.ana).await;
    assert_eq!(names(&anas.next("scene").await), ["general"]);
    assert_eq!(texts(&anas.next("messages").await), ["for all"]);

    // Let in, she is told what was written before.
    world.discord.set_roles(world.ana, vec![role]);
    assert_eq!(names(&anas.scene(|scene| names(scene).len() == 2).await), ["general", "secret"]);
    assert_eq!(texts(&anas.next("messages").await), ["not for Ana"]);
}

#[tokio::test]
async fn direct_messages_are_on_the_page_of_their_person_only() {
    let world = with_page().await;
    let ben = world.discord.add_person(Person { id: None, name: "Ben", roles: vec![] });
    let direct = world.post("/users/@me/channels", json!({"recipient_id": world.ana.to_string()})).await.id();
    world.post(&format!("/channels/{direct}/messages"), json!({"content": "wake up"})).await;
    let mut anas = Stream::open(&world, world.ana).await;
    assert_eq!(texts(&anas.next("messages").await), ["wake up"]);
    let mut bens = Stream::open(&world, ben).await;
    assert_eq!(bens.next("messages").await["messages"], json!([]));
    let earlier = format!("{}/earlier?user={ben}&channel={direct}&before={}", address(&world), u64::MAX);
    assert_eq!(seen(reqwest::Client::new().get(earlier)).await.expect("an answer").status, 400);
}

#[tokio::test]
async fn what_changes_is_told_and_what_does_not_is_not() {
    let world = with_page().await;
    let first = world.write(json!({"content": "first"})).await.id();
    let mut stream = Stream::open(&world, world.ana).await;
    assert_eq!(texts(&stream.next("messages").await), ["first"]);
    world.discord.say(world.ana, world.general, "second");
    assert_eq!(texts(&stream.next("messages").await), ["second"]);
    let path = format!("/channels/{}/messages/{first}", world.general);
    world.call("PATCH", &path, json!({"content": "first, changed"})).await;
    let changed = stream.next("messages").await;
    assert_eq!(texts(&changed), ["first, changed"]);
    assert!(changed["messages"][0]["edited_timestamp"].is_string(), "an edit is shown");
    world.discord.react(world.ana, world.general, first, "👀");
    let reacted = stream.next("messages").await;
    assert_eq!(reacted["messages"][0]["reactions"][0]["me"], true, "to Ana it is her own");
    world.discord.delete_message(world.general, first);
    assert_eq!(stream.next("messages").await["gone"][0]["id"], first.to_string());
}

#[tokio::test]
async fn a_file_is_for_those_who_see_its_message_and_never_becomes_a_page() {
    let world = with_page().await;
    let files = [("shot.png", "image/png", "inline"), ("page.html", "text/html", "attachment")];
    for (name, kind, disposition) in files {
        let part = reqwest::multipart::Part::bytes(b"<script>".to_vec()).file_name(name).mime_str(kind);
        let form = reqwest::multipart::Form::new().part("files[0]", part.expect("a kind"));
        let path = format!("/channels/{}/messages", world.general);
        let request = world.request(reqwest::Method::POST, &path).multipart(form);
        assert_eq!(seen(request).await.expect("an answer").status, 200);
        let messages = Stream::open(&world, world.ana).await.next("messages").await;
        let newest = messages["messages"].as_array().and_then(|all| all.last()).expect("a message");
        let url = newest["attachments"][0]["url"].as_str().expect("an address");
        let file = seen(reqwest::Client::new().get(format!("{}{url}", address(&world)))).await.expect("an answer");
        let header = |name: &str| file.headers[name].to_str().expect("text").to_owned();
        assert_eq!((file.status, header("content-disposition")), (200, disposition.to_owned()), "{name}");
        assert!(header("content-security-policy").contains("sandbox"), "{name}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
    }
}

#[derive(Debug)]
struct Bell;

impl Backstage for Bell {
    fn ring<'a>(&'a self, alarm: &'a str) -> Later<'a, Result<Rung, String>> {
        Box::pin(async move {
            if alarm != "bell" {
                return Err(format!("there is no {alarm}"));
            }
            let (request, body) = ("POST /hook".to_owned(), "{}".to_owned());
            let took = Duration::from_millis(3);
            Ok(Rung { request, body, status: 202, answer: "ok".to_owned(), requests: 1, accepted: 1, took })
        })
    }

    fn pass(&self, _: Duration) -> Later<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn alarms_are_rung_and_time_passes_to_the_next_timer() {
    let world = with_page().await;
    let client = reqwest::Client::new();
    let post = |path: &str, body: Value| seen(client.post(format!("{}{path}", address(&world))).json(&body));
    let nothing = post("/ring", json!({"alarm": "bell"})).await.expect("an answer");
    assert_eq!((nothing.status, &nothing.body["error"]), (400, &json!("there is nothing here that could be rung")));
    let alarm =
        |id: &str| Alarm { id: id.to_owned(), name: "A bell".to_owned(), note: String::new(), sender: String::new() };
    world.discord.set_backstage(Arc::new(Bell), vec![alarm("bell")]);
    let rung = post("/ring", json!({"alarm": "bell"})).await.expect("an answer");
    assert_eq!((&rung.body["status"], &rung.body["answer"]), (&json!(202), &json!("ok")));
    assert_eq!(post("/ring", json!({"alarm": "gong"})).await.expect("an answer").body["error"], "there is no gong");

    assert_eq!(post("/pass", json!({})).await.expect("an answer").body["error"], "no timer is set");
    let at = world.discord.now() + chrono::TimeDelta::minutes(5);
    world.discord.set_timer(Some(Timer { at, what: "something".to_owned() }));
    assert_eq!(post("/pass", json!({})).await.expect("an answer").status, 200);
    assert!(at <= world.discord.now(), "it is time");
    assert_eq!(post("/pass", json!({"seconds": 10_000_000})).await.expect("an answer").status, 400);
}

#[tokio::test]
async fn the_tour_goes_on_when_what_it_waits_for_is_there() {
    let world = with_page().await;
    let wait = |at: &str, text: &str| Move {
        hint: format!("say {text}"),
        point: Point::Alarm("bell".to_owned()),
        until: Sight { at: at.to_owned(), texts: vec![text.to_owned()] },
    };
    let step = |title: &str, moves| TourStep { title: title.to_owned(), text: String::new(), who: None, moves };
    world.discord.say(world.ana, world.general, "one, of old");
    let steps =
        vec![step("first", vec![wait("gen", "one"), wait("gen", "two")]), step("last", vec![wait("other", "three")])];
    world.discord.set_tour(Tour { steps });
    let mut stream = Stream::open(&world, world.ana).await;
    let stands = |scene: &Value| (scene["tour"]["step"].clone(), scene["tour"]["next"]["number"].clone());
    assert_eq!(stands(&stream.next("scene").await), (json!(0), json!(1)), "what was said before does not count");
    // Ahead of the tour: it counts as soon as its turn comes.
    world.discord.say(world.ana, world.general, "two");
    world.discord.say(world.ana, world.general, "one");
    stream.scene(|scene| stands(scene) == (json!(1), json!(1))).await;
    world.discord.say(world.ana, world.general, "three, at the wrong place");
    let other =
        world.discord.add_channel(NewChannel { id: None, name: "other", kind: ChannelKind::Text, parent: None });
    stream.scene(|scene| names(scene).len() == 2 && scene["tour"]["step"] == 1).await;
    world.discord.say(world.ana, other, "three");
    stream.scene(|scene| scene["tour"]["step"] == 2 && scene["tour"]["next"].is_null()).await;
    let restart = reqwest::Client::new().post(format!("{}/tour", address(&world))).json(&json!({"restart": true}));
    assert_eq!(seen(restart).await.expect("an answer").status, 200);
    stream.scene(|scene| scene["tour"]["step"] == 0).await;
}

#[tokio::test]
async fn bad_weather_is_made_and_ends() {
    let world = with_page().await;
    let client = reqwest::Client::new();
    let set = async |weather: &str| {
        let body = json!({"weather": weather});
        let set = client.post(format!("{}/weather", address(&world))).json(&body);
        assert_eq!(seen(set).await.expect("an answer").status, 200, "{weather}");
    };
    let mut stream = Stream::open(&world, world.ana).await;
    assert_eq!(stream.next("scene").await["weather"], "well");
    for (weather, status) in [("limited", 429), ("down", 502), ("well", 200)] {
        set(weather).await;
        stream.scene(|scene| scene["weather"] == weather).await;
        assert_eq!(world.write(json!({"content": "x"})).await.status, status, "{weather}");
    }
}

#[tokio::test]
async fn a_world_that_was_kept_is_taken_up_again() {
    let file = std::env::temp_dir().join(format!("stand-in-{}.json", std::process::id()));
    let first = with_page().await;
    first.discord.advance(Duration::from_secs(3600));
    first.write(json!({"content": "kept", "embeds": [{"title": "T"}]})).await;
    first.discord.close_dms(first.ana, true);
    first.discord.save(&file).expect("it can be written");
    let second = with_page().await;
    let moved = second.discord.restore(&file).expect("it can be read");
    std::fs::remove_file(&file).expect("it is there");
    assert!(Duration::from_secs(3599) < moved && moved < Duration::from_secs(3601), "{moved:?}");
    let kept = second.discord.messages(first.general);
    assert_eq!((kept[0].content.as_str(), kept[0].embeds[0].title.as_deref()), ("kept", Some("T")));
    let fresh = second.discord.say(first.ana, first.general, "new");
    assert!(kept[0].id < fresh.id, "ids go on rising");
    std::fs::write(&file, "{}").expect("it can be written");
    assert!(second.discord.restore(&file).is_err(), "what is no world is refused");
    std::fs::remove_file(&file).expect("it is there");
}

#[tokio::test]
async fn the_page_and_the_control_api_are_closed_to_other_hosts_and_sites() {
    let world = with_page().await;
    let client = reqwest::Client::new();
    let page = client.get(address(&world)).send().await.expect("an answer");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for path in ["/", "/page/app.js", "/state", "/live?user=1", "/routes"] {
        let rebound = client.get(format!("{}{path}", address(&world))).header("host", "elsewhere.example.org");
        assert_eq!(rebound.send().await.expect("an answer").status(), 403, "{path}");
    }
    for path in ["/say", "/down", "/ring", "/weather"] {
        let elsewhere = client.post(format!("{}{path}", address(&world))).header("origin", "http://127.0.0.1:1");
        assert_eq!(elsewhere.json(&json!({})).send().await.expect("an answer").status(), 403, "{path}");
    }
}
