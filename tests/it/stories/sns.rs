//! Amazon SNS over real sockets: certificates are fetched and subscriptions confirmed, only at Amazon's, and only so far.

use firebell::domain::Timestamp;
use firebell::intake::kinds;
use serde_json::{Value, json};

use crate::sources::page_configuration;
use crate::support::Bot;
use crate::support::amazon::{Amazon, CERTIFICATE, HOST, TOPIC, message};

/// When the bot's clock stands, and messages are sent.
const NOW: &str = "2026-02-04T01:45:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The configuration with a source of AWS Health, as its page gives it, for the topic of these messages.
fn configured(text: String) -> String {
    let kind = kinds::named("aws-health").unwrap();
    let block = page_configuration(kind, "aws", "env:FIREBELL_ALERTMANAGER_SECRET");
    let listed = "arn:aws:sns:us-east-1:123456789012:aws-health";
    assert!(block.contains(listed), "{block}");
    format!("{text}\n{}", block.replace(listed, TOPIC))
}

/// An event of AWS Health, as SNS tells it.
fn notification(fields: Value) -> Value {
    let kind = kinds::named("aws-health").unwrap();
    let mut all = json!({ "Message": kind.samples.fires.body });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    message("Notification", now(), all)
}

fn confirmation(address: &str) -> Value {
    let fields = json!({ "Message": "You have chosen to subscribe", "Token": "t", "SubscribeURL": address });
    message("SubscriptionConfirmation", now(), fields)
}

/// Posts a message as SNS does; the status and the answer.
async fn post(bot: &Bot, message: &Value) -> (u16, String) {
    let address = bot.world.app().address().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request =
        client.post(format!("http://{address}/hooks/aws")).header("content-type", "text/plain; charset=UTF-8");
    let response = request.body(message.to_string()).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

on_both_databases! {
    async fn what_amazon_signed_opens_an_incident_and_its_certificate_is_fetched_once(database: TestDatabase) {
        let amazon = Amazon::start().await;
        let mut bot = Bot::start_beside(database, &amazon, configured).await;
        for _ in 0..3 {
            assert_eq!(post(&bot, &notification(json!({}))).await.0, 202);
        }
        let mut forged = notification(json!({}));
        forged["MessageId"] = "another".into();
        let (status, answer) = post(&bot, &forged).await;
        assert_eq!((status, answer.contains("the signature is wrong")), (401, true), "{answer}");
        assert_eq!(amazon.asked(), [format!("{HOST}{CERTIFICATE}")]);
        bot.rest().await;
        bot.expect_opened("INC-1");
        assert!(bot.world.room("INC-2").is_none());
        bot.finish_in_trouble().await;
    }

    async fn a_subscription_is_confirmed_for_an_allowed_topic_only(database: TestDatabase) {
        let amazon = Amazon::start().await;
        let bot = Bot::start_beside(database, &amazon, configured).await;
        let path = "/?Action=ConfirmSubscription&TopicArn=arn&Token=t";
        let asks = confirmation(&format!("https://{HOST}{path}"));
        // Amazon fails once: SNS asks again, and is confirmed then.
        amazon.answer(path, "500 Internal Server Error", b"");
        assert_eq!(post(&bot, &asks).await.0, 503);
        amazon.answer(path, "200 OK", b"<ConfirmSubscriptionResponse/>");
        let (status, answer) = post(&bot, &asks).await;
        assert_eq!((status, answer.contains(TOPIC)), (200, true), "{answer}");
        let asked = [CERTIFICATE, path, path].map(|path| format!("{HOST}{path}"));
        assert_eq!(amazon.asked(), asked);

        let fields = json!({ "Message": "", "Token": "t", "SubscribeURL": asks["SubscribeURL"], "TopicArn": format!("{TOPIC}-of-others") });
        let (status, answer) = post(&bot, &message("SubscriptionConfirmation", now(), fields)).await;
        assert_eq!((status, answer.contains("is not allowed here")), (401, true), "{answer}");
        let mut forged = asks.clone();
        forged["Token"] = "of another".into();
        assert_eq!(post(&bot, &forged).await.0, 401);
        assert_eq!(amazon.asked(), asked, "nobody was asked for these");
        bot.finish_in_trouble().await;
    }

    async fn nothing_is_asked_of_whoever_is_not_amazon(database: TestDatabase) {
        let amazon = Amazon::start().await;
        let bot = Bot::start_beside(database, &amazon, configured).await;
        for address in [
            "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
            "https://evil.example/SimpleNotificationService-0.pem",
            "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
            "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
            "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0.pem",
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0",
            "https://sns.eu-west-1.amazonaws.com/?x=/SimpleNotificationService-0.pem",
            "https://127.0.0.1/SimpleNotificationService-0.pem",
            "file:///SimpleNotificationService-0.pem",
        ] {
            let (status, answer) = post(&bot, &notification(json!({ "SigningCertURL": address }))).await;
            assert_eq!((status, answer.contains("no certificate of Amazon's")), (401, true), "{address}: {answer}");
        }
        // Nor is its certificate asked for while the topic is not ours, or the message is old.
        assert_eq!(post(&bot, &notification(json!({ "TopicArn": "arn:of:others" }))).await.0, 401);
        assert_eq!(post(&bot, &notification(json!({ "Timestamp": "2026-02-03T01:45:00.000Z" }))).await.0, 401);
        assert_eq!(amazon.connections(), 0);

        // What Amazon signed may still name an address that is not its own.
        for address in ["https://evil.example/?Action=ConfirmSubscription", "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"] {
            let (status, answer) = post(&bot, &confirmation(address)).await;
            assert_eq!((status, answer.contains("`SubscribeURL`")), (422, true), "{address}: {answer}");
        }
        assert_eq!(amazon.asked(), [format!("{HOST}{CERTIFICATE}")]);
        assert_eq!(amazon.connections(), 1);
        bot.finish_in_trouble().await;
    }

    async fn a_certificate_that_cannot_be_had_is_asked_for_again_and_never_kept(database: TestDatabase) {
        let amazon = Amazon::start().await;
        let mut bot = Bot::start_beside(database, &amazon, configured).await;
        let other = "/SimpleNotificationService-1.pem";
        let told = notification(json!({ "SigningCertURL": format!("https://{HOST}{other}") }));
        let elsewhere = format!("302 Found\r\nlocation: https://{HOST}{CERTIFICATE}");
        let large = vec![b'-'; 65 * 1024];
        let cases: [(&str, &[u8], &str); 4] = [
            ("404 Not Found", b"", "Amazon answered 404"),
            (&elsewhere, b"", "Amazon answered 302"),
            ("200 OK", &large, "larger than"),
            ("200 OK", b"<html>in a moment</html>", "no certificate"),
        ];
        for (status, body, expected) in cases {
            amazon.answer(other, status, body);
            let (status, answer) = post(&bot, &told).await;
            assert_eq!((status, answer.contains(expected)), (503, true), "{expected}: {answer}");
        }
        assert_eq!(amazon.asked(), vec![format!("{HOST}{other}"); 4], "nothing was followed");
        // A host that cannot show that it is Amazon's is not even asked.
        let region = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem";
        let (status, answer) = post(&bot, &notification(json!({ "SigningCertURL": region }))).await;
        assert_eq!((status, answer.contains("cannot be reached")), (503, true), "{answer}");
        assert_eq!(amazon.asked().len(), 4);
        // When all is well again, what SNS sends again is taken in.
        let certificate = amazon.certificate();
        amazon.answer(other, "200 OK", certificate.as_bytes());
        assert_eq!(post(&bot, &told).await.0, 202);
        bot.rest().await;
        bot.expect_opened("INC-1");
        bot.finish_in_trouble().await;
    }
}
