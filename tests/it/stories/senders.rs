//! Senders that do not simply post JSON: a form, a query, a question before the first event.

use firebell::demo::world::HOOK_SECRET;
use reqwest::Method;

use crate::support::Bot;

const BEAT: &str = r#"{"monitorID": 4, "status": 0, "time": "2026-02-04 01:40:00.000", "msg": "timeout"}"#;
const UP: &str = r#"{"monitorID": 4, "status": 1, "time": "2026-02-04 01:44:00.000", "msg": "200 - OK"}"#;
const MONITOR: &str = r#"{"id": 4, "name": "ranker", "url": "https://ranker.example.com"}"#;

fn configured(text: String) -> String {
    let mut text = text;
    for (name, kind) in [("kuma", "uptime-kuma"), ("events", "cloudevents")] {
        text += &format!("\n[sources.{name}]\nkind = \"{kind}\"\nsecrets = [\"env:FIREBELL_ALERTMANAGER_SECRET\"]\n");
    }
    text
}

fn asked(bot: &Bot, method: Method, path: &str) -> reqwest::RequestBuilder {
    let address = bot.world.app().address().unwrap();
    reqwest::Client::builder().no_proxy().build().unwrap().request(method, format!("http://{address}{path}"))
}

on_both_databases! {
    async fn a_monitor_that_is_down_by_query_is_up_by_form(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, configured).await;
        let down = [("heartbeat", BEAT), ("monitor", MONITOR), ("msg", "[ranker] down")];
        let response = asked(&bot, Method::GET, "/hooks/kuma").query(&down).bearer_auth(HOOK_SECRET).send().await.unwrap();
        assert_eq!(response.status(), 202, "{}", response.text().await.unwrap());
        bot.rest().await;
        let card = bot.expect_opened("INC-1");
        assert!(card.text().contains("ranker: timeout"), "{}", card.text());

        let form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n\
             {{\"heartbeat\": {UP}, \"monitor\": {MONITOR}, \"msg\": \"[ranker] up\"}}\r\n--b--\r\n"
        );
        let response = asked(&bot, Method::POST, "/hooks/kuma")
            .header("content-type", "multipart/form-data; boundary=b")
            .bearer_auth(HOOK_SECRET)
            .body(form)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 202, "{}", response.text().await.unwrap());
        bot.rest().await;
        assert!(bot.again(&card).text().contains("resolved at the source"), "{}", bot.again(&card).text());
        bot.finish_in_trouble().await;
    }

    async fn a_sender_of_events_asks_first_and_nobody_without_the_secret_is_let_in(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, configured).await;
        let ask = |path: &str| asked(&bot, Method::OPTIONS, path).header("webhook-request-origin", "emitter.example.com");
        let response = ask(&format!("/hooks/events?access_token={HOOK_SECRET}")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["webhook-allowed-origin"], "emitter.example.com");
        let response = ask("/hooks/events").send().await.unwrap();
        assert_eq!(response.status(), 401);
        bot.rest().await;
        bot.expect("operators", &["events", "401"]);
        bot.finish().await;
    }
}
