//! What senders ask before they send.

use firebell::demo::world::HOOK_SECRET;
use firebell::intake::kinds;
use serde_json::{Value, json};

use crate::sources::page_configuration;
use crate::support::Bot;

/// The configuration with a source of Azure's, as its page gives it.
fn with_azure(text: String) -> String {
    let azure = kinds::named("azure").unwrap();
    format!("{text}\n{}", page_configuration(azure, "azure", "env:FIREBELL_ALERTMANAGER_SECRET"))
}

on_both_databases! {
    async fn event_grid_is_answered_in_both_of_its_schemas_and_nothing_is_taken_in(database: TestDatabase) {
        let bot = Bot::start_configured(database, with_azure).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let address = format!("http://{}/hooks/azure", bot.world.app().address().unwrap());
        let secret = format!("{address}?token={HOOK_SECRET}");

        let event = json!([{
            "id": "1", "topic": "/subscriptions/s", "subject": "", "eventTime": "2026-02-04T01:40:00Z",
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "dataVersion": "1", "metadataVersion": "1",
            "data": {"validationCode": "the-code", "validationUrl": "https://evil.example/validate"},
        }]);
        let answered = client.post(&secret).json(&event).send().await.unwrap();
        assert_eq!(answered.status(), 200);
        assert_eq!(answered.json::<Value>().await.unwrap(), json!({"validationResponse": "the-code"}));

        let asks = |address: &str, origin: &str| {
            let request = client.request(reqwest::Method::OPTIONS, address).header("webhook-request-origin", origin);
            request.header("webhook-request-rate", "120").send()
        };
        let allowed = asks(&secret, "eventgrid.azure.net").await.unwrap();
        assert_eq!(allowed.status(), 200);
        assert_eq!(allowed.headers()["webhook-allowed-origin"], "eventgrid.azure.net");
        assert_eq!(allowed.headers()["webhook-allowed-rate"], "*");

        assert_eq!(asks(&secret, "evil.example").await.unwrap().status(), 422);
        assert_eq!(asks(&address, "eventgrid.azure.net").await.unwrap().status(), 401);
        assert_eq!(client.post(&address).json(&event).send().await.unwrap().status(), 401);
        // Nobody else is asked whether they may send.
        let other = format!("http://{}/hooks/alertmanager?token={HOOK_SECRET}", bot.world.app().address().unwrap());
        assert_eq!(asks(&other, "eventgrid.azure.net").await.unwrap().status(), 405);

        bot.rest().await;
        assert!(bot.world.room("INC-1").is_none());
        bot.finish_in_trouble().await;
    }
}
