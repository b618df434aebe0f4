//! Messages of SNS that Amazon signed, of both versions.

use firebell::domain::Timestamp;
use firebell::intake::sns::Message;
use serde_json::Value;

use crate::support::shared;

fn verifies(message: &Value, certificate: &[u8], topics: &[String], now: Timestamp) -> bool {
    let body = serde_json::to_vec(message).unwrap();
    let message = Message::read(&body).unwrap();
    message.certificate().is_ok() && message.allowed(topics, now).is_ok() && message.verify(certificate, now).is_ok()
}

#[test]
fn messages_that_amazon_signed_verify_and_fail_with_one_byte_changed() {
    let Some(folder) = shared::file("alerts/aws-sns") else { return };
    let certificate = std::fs::read(folder.join("signed_notification.cert.pem")).unwrap();
    for name in ["signed_notification_v1.json", "signed_notification_v2.json"] {
        let message: Value = serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap();
        let topics = vec!["arn:other".to_owned(), message["TopicArn"].as_str().unwrap().to_owned()];
        let sent: Timestamp = message["Timestamp"].as_str().unwrap().parse().unwrap();
        assert!(verifies(&message, &certificate, &topics, sent), "{name}");
        assert!(verifies(&message, &certificate, &topics, sent + chrono::Duration::minutes(61)), "{name}: tried again");

        for field in
            ["Message", "MessageId", "Timestamp", "TopicArn", "Type", "Signature", "SignatureVersion", "SigningCertURL"]
        {
            let mut changed = message.clone();
            let text = changed[field].as_str().unwrap();
            let text = match field {
                "SignatureVersion" => if text == "1" { "2" } else { "1" }.to_owned(),
                "Timestamp" => text.replacen(":24:", ":25:", 1),
                "SigningCertURL" => text.replacen("amazonaws.com", "amazonaws.co", 1),
                "Type" => "UnsubscribeConfirmation".to_owned(),
                _ => text.replacen(text.chars().next().unwrap(), "z", 1),
            };
            if text == changed[field].as_str().unwrap() {
                continue;
            }
            changed[field] = text.into();
            let topics = vec![changed["TopicArn"].as_str().unwrap().to_owned()];
            assert!(!verifies(&changed, &certificate, &topics, sent), "{name}: {field}");
        }
        assert!(!verifies(&message, &certificate, &["arn:other".to_owned()], sent), "{name}: another topic");
        assert!(!verifies(&message, &certificate, &topics, sent + chrono::Duration::hours(2)), "{name}: old");
        assert!(
            !verifies(&message, &certificate, &topics, "2026-11-23T00:00:00Z".parse().unwrap()),
            "{name}: years old"
        );
        let read = Message::read(&serde_json::to_vec(&message).unwrap()).unwrap();
        assert!(
            read.verify(&certificate, "2026-11-23T00:00:00Z".parse().unwrap()).is_err(),
            "{name}: the certificate is over"
        );
        assert!(read.verify(b"-----BEGIN CERTIFICATE-----", sent).is_err(), "{name}: no certificate");
    }
}
