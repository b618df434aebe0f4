//! What a sender is answered, and what becomes of what it sent.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::alerts::{drift, webhook};
use crate::support::{Bot, shared};

async fn send(
    bot: &Bot,
    path: &str,
    secret: Option<&str>,
    body: Vec<u8>,
) -> (StatusCode, Value, reqwest::header::HeaderMap) {
    let address = bot.world.app().address().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.post(format!("http://{address}{path}")).body(body);
    if let Some(secret) = secret {
        request = request.bearer_auth(secret);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    (status, response.json().await.unwrap_or_default(), headers)
}

async fn get(bot: &Bot, path: &str, token: Option<&str>) -> (StatusCode, String) {
    let address = bot.world.app().address().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.get(format!("http://{address}{path}"));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

const SECRET: Option<&str> = Some(firebell::demo::world::HOOK_SECRET);

on_both_databases! {
    async fn every_real_alertmanager_payload_is_taken_in_with_its_ids(database: TestDatabase) {
        let Some(folder) = shared::file("alerts/alertmanager") else { return };
        let bot = Bot::start(database).await;
        let read = |name: &str| std::fs::read(Path::new(&folder).join(name)).unwrap();
        let mut next = 1;
        for (name, alerts) in [
            ("v4_firing_two.json", 2),
            ("v4_firing_one_resolved.json", 2),
            ("v4_firing_truncated.json", 2),
            ("v4_resolved.json", 1),
        ] {
            let (status, body, _) = send(&bot, "/hooks/alertmanager", SECRET, read(name)).await;
            assert_eq!(status, StatusCode::ACCEPTED, "{name}: {body}");
            let expected: Vec<i64> = (next..next + alerts).collect();
            assert_eq!(body["ids"], json!(expected), "{name}");
            next += alerts;
            bot.rest().await;
        }
        // One group, one incident: it fired, one part resolved and fired on, the other resolved.
        let incident = bot.world.app().engine().card(firebell::domain::id::IncidentId(1)).await.unwrap();
        assert_eq!((incident.alerts.tally.alerts, incident.alerts.tally.deliveries), (2, 7));
        assert_eq!(incident.incident.title, "p99 latency of ranker above 800ms");
        assert!(bot.world.room("INC-2").is_none());
        bot.finish_in_trouble().await;
    }

    async fn a_secret_is_taken_as_bearer_basic_or_token_and_a_wrong_one_is_told_to_the_operators_once(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let body = || webhook("drift", &[]);
        for (path, secret) in [("/hooks/alertmanager", SECRET), ("/hooks/alertmanager?token=demo-hook-secret", None)] {
            assert_eq!(send(&bot, path, secret, body()).await.0, StatusCode::ACCEPTED, "{path}");
        }
        for (path, secret) in [("/hooks/alertmanager", None), ("/hooks/alertmanager", Some("wrong")), ("/hooks/alertmanager?token=wrong", None)] {
            let (status, problem, headers) = send(&bot, path, secret, body()).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED);
            assert!(headers.contains_key("www-authenticate"));
            assert!(problem["cure"].as_str().unwrap().contains("bearer"), "{problem}");
        }
        bot.rest().await;
        bot.expect("operators", &["alertmanager", "401"]);
        bot.finish().await;
    }

    async fn an_unknown_source_is_not_found_and_nobody_is_bothered(database: TestDatabase) {
        let bot = Bot::start(database).await;
        let (status, problem, _) = send(&bot, "/hooks/nagios", SECRET, webhook("g", &[])).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(problem["error"].as_str().unwrap().contains("no source"), "{problem}");
        bot.finish().await;
    }

    async fn what_is_not_this_sources_shape_is_kept_for_a_day_under_a_reference(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        for body in [&b"{"[..], b"[]", b"{\"alerts\": 3}", b"\xff\xfe"] {
            let (status, problem, _) = send(&bot, "/hooks/alertmanager", SECRET, body.to_vec()).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(problem["error"].as_str().unwrap().contains("expected an Alertmanager webhook"), "{problem}");
            let reference = problem["reference"].as_str().unwrap();
            let mut tx = bot.world.app().engine().db().read().await.unwrap();
            assert_eq!(tx.refused(reference).await.unwrap().unwrap().body, body);
        }
        bot.rest().await;
        bot.expect("operators", &["alertmanager", "422"]);
        bot.finish().await;
    }

    async fn a_half_valid_batch_is_taken_in_and_the_rest_is_named(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let mut body: Value = serde_json::from_slice(&webhook("drift", &[drift("eu"), drift("us")])).unwrap();
        body["alerts"][1]["status"] = json!("odd");
        let (status, receipt, _) = send(&bot, "/hooks/alertmanager", SECRET, body.to_string().into_bytes()).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        assert_eq!(receipt["ids"], json!([1]));
        assert_eq!(receipt["rejected"][0]["index"], 1);
        bot.rest().await;
        // The sender takes 202 for an answer to all of it: somebody else must hear.
        bot.expect("operators", &["alertmanager", "item 1", "firebell refused"]);
        bot.expect_opened("INC-1");
        bot.expect_page("ana", "INC-1");
        bot.finish().await;
    }

    async fn a_body_that_is_too_large_is_refused_and_the_cure_is_named(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let (status, problem, _) = send(&bot, "/hooks/alertmanager", SECRET, vec![b' '; 5 << 20]).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(problem["cure"].as_str().unwrap().contains("body_limit"), "{problem}");
        bot.rest().await;
        bot.expect("operators", &["alertmanager", "413"]);
        bot.finish().await;
    }

    async fn a_store_that_cannot_be_reached_is_answered_with_503_and_when_to_come_back(database: TestDatabase) {
        let bot = Bot::start(database).await;
        bot.world.app().engine().db().close().await;
        let (status, _, headers) = send(&bot, "/hooks/alertmanager", SECRET, webhook("drift", &[drift("eu")])).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(headers.contains_key("retry-after"));
        let (ready, body) = get(&bot, "/readyz", None).await;
        assert_eq!(ready, StatusCode::SERVICE_UNAVAILABLE, "{body}");
        assert_eq!(get(&bot, "/healthz", None).await.0, StatusCode::OK);
    }

    async fn the_interface_reads_what_happened_in_pages_behind_a_token(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        bot.ring("drift", &[drift("eu")]).await;
        bot.ring("other", &[drift("us")]).await;
        for incident in ["INC-1", "INC-2"] {
            bot.expect_opened(incident);
            bot.expect_page("ana", incident);
        }
        let token = Some(firebell::demo::world::API_TOKEN);
        assert_eq!(get(&bot, "/api/v1/incidents", None).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(get(&bot, "/api/v1/incidents", Some("wrong")).await.0, StatusCode::UNAUTHORIZED);
        let read = async |path: &str| -> Value { serde_json::from_str(&get(&bot, path, token).await.1).unwrap() };

        let first = read("/api/v1/incidents?limit=1").await;
        assert_eq!(first["items"][0]["id"], "INC-2");
        let second = read(&format!("/api/v1/incidents?limit=1&after={}", first["next"].as_str().unwrap())).await;
        assert_eq!(second["items"][0]["id"], "INC-1");
        assert_eq!(read("/api/v1/incidents?phase=resolved").await["items"], json!([]));
        let one = read("/api/v1/incidents/INC-1").await;
        assert_eq!((&one["alerts"]["firing"], &one["pages"][0]["person"]["id"]), (&json!(1), &json!("ana")));
        let timeline = read("/api/v1/incidents/1/timeline?limit=2").await;
        assert_eq!(timeline["items"].as_array().unwrap().len(), 2);
        assert_eq!(timeline["items"][0]["event"]["kind"], "opened");
        let rest = read("/api/v1/incidents/1/timeline?after=2").await;
        assert_eq!(rest["items"][0]["number"], 3);
        assert_eq!(read("/api/v1/alerts").await["items"].as_array().unwrap().len(), 2);
        let oncall = read("/api/v1/oncall").await;
        let primary = oncall.as_array().unwrap().iter().find(|rota| rota["rota"] == "fraud-primary").unwrap();
        assert_eq!(primary["person"]["name"], "Ana");
        assert_eq!(get(&bot, "/api/v1/incidents/INC-9", token).await.0, StatusCode::NOT_FOUND);
        assert_eq!(get(&bot, "/api/v1/incidents?phase=odd", token).await.0, StatusCode::BAD_REQUEST);

        let described: Value = serde_json::from_str(&get(&bot, "/api/v1/openapi.json", None).await.1).unwrap();
        for path in ["/api/v1/incidents", "/api/v1/incidents/{id}", "/api/v1/incidents/{id}/timeline", "/api/v1/alerts", "/api/v1/oncall"] {
            assert!(described["paths"][path]["get"].is_object(), "{path} is described");
        }
        assert_eq!(get(&bot, "/readyz", None).await.0, StatusCode::OK);
        let (_, figures) = get(&bot, "/metrics", None).await;
        for figure in ["firebell_alerts_accepted_total", "firebell_incidents{", "firebell_jobs{", "firebell_inbox_oldest_seconds"] {
            assert!(figures.contains(figure), "{figure}: {figures}");
        }
        bot.finish().await;
    }
}
