//! Messages of Amazon SNS: who signed them, and what is in them.
//!
//! Documented ("Verifying the signatures of Amazon SNS messages", SNS developer guide): the fields that are signed, in
//! the order of their names; version 1 is RSA with SHA-1, version 2 with SHA-256; the certificate stands at an address
//! that the message names. From the code of Amazon's own validators: which hosts that address may have. A signature only
//! proves that *some* topic sent it, so the topic must be one that the configuration allows. Whoever fetches the
//! certificate follows no redirect and bounds its size; here nothing is fetched.
//!
//! The guide signs `Token` of an unsubscribe confirmation; one of the validators leaves it out. Here the guide is
//! followed.

use chrono::Duration;
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;
use url::Url;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::domain::Timestamp;
use crate::domain::alert::Alert;
use crate::intake::auth::Denied;
use crate::intake::json::Node;
use crate::intake::{Answer, Misfit, Reading, json, time};

/// How old a message may be. SNS tries for an hour at most.
const AGE: Duration = Duration::minutes(70);

/// One message, as SNS posts it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    value: Value,
    is_notification: bool,
}

impl Message {
    /// The message that a document is; `None` if it is something else.
    pub fn of(value: &Value) -> Option<Self> {
        let kind = value.get("Type")?.as_str()?;
        let is_notification = match kind {
            "Notification" => true,
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => false,
            _ => return None,
        };
        value.get("TopicArn")?.as_str()?;
        Some(Self { value: value.clone(), is_notification })
    }

    /// The message in a body.
    pub fn read(body: &[u8]) -> Result<Self, Denied> {
        let value = json::parse(body).ok();
        value.as_ref().and_then(Self::of).ok_or_else(|| Denied {
            reason: "it is no message of SNS: it has no `Type` and `TopicArn`".to_owned(),
            cure:
                "switch raw message delivery off for this subscription, or set `auth = \"token\"` for the source: raw \
                   messages are not signed"
                    .to_owned(),
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.value.get(name).and_then(Value::as_str)
    }

    /// The topic that sent it.
    pub fn topic(&self) -> &str {
        self.text("TopicArn").unwrap_or_default()
    }

    /// Where its certificate stands; an address that is not Amazon's is refused.
    pub fn certificate(&self) -> Result<String, Denied> {
        let text = self.text("SigningCertURL").or_else(|| self.text("SigningCertUrl")).unwrap_or_default();
        let url = amazons(text).filter(|url| url.path().ends_with(".pem") && url.query().is_none());
        url.map(|url| url.to_string()).ok_or_else(|| Denied {
            reason: "`SigningCertURL` is no certificate of Amazon's".to_owned(),
            cure: "only SNS itself may post here; a forwarder needs a source of its own with another `auth`".to_owned(),
        })
    }

    /// Whether it is of one of `topics`, and sent lately.
    pub fn allowed(&self, topics: &[String], now: Timestamp) -> Result<(), Denied> {
        if !topics.iter().any(|topic| topic == self.topic()) {
            return Err(wrong(&format!("the topic {} is not allowed here", json::quoted(self.topic()))));
        }
        let said_at = self.text("Timestamp").and_then(time::read).ok_or_else(|| wrong("`Timestamp` is missing"))?;
        if AGE < (now - said_at).abs() {
            return Err(wrong("`Timestamp` is more than 70 minutes from now"));
        }
        Ok(())
    }

    /// Whether Amazon signed it with this certificate (PEM), which must be valid now.
    pub fn verify(&self, certificate: &[u8], now: Timestamp) -> Result<(), Denied> {
        let algorithm = match self.text("SignatureVersion") {
            Some("1") => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Some("2") => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(wrong("`SignatureVersion` is neither 1 nor 2")),
        };
        let signature = self.text("Signature").and_then(|text| STANDARD.decode(text).ok());
        let signature = signature.ok_or_else(|| wrong("`Signature` is no Base64"))?;
        let key = public_key(certificate, now).ok_or_else(|| wrong("the certificate is not one, or not valid now"))?;
        UnparsedPublicKey::new(algorithm, key)
            .verify(self.signed().as_bytes(), &signature)
            .map_err(|_| wrong("the signature is wrong"))
    }

    /// The text that is signed.
    fn signed(&self) -> String {
        let names: &[&str] = match self.is_notification {
            true => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
            false => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
        };
        let mut signed = String::new();
        for (name, value) in names.iter().filter_map(|name| Some((name, self.text(name)?))) {
            signed.push_str(name);
            signed.push('\n');
            signed.push_str(value);
            signed.push('\n');
        }
        signed
    }
}

fn wrong(reason: &str) -> Denied {
    Denied {
        reason: reason.to_owned(),
        cure: "subscribe this address to the topic with SNS's own HTTPS protocol, and list the topic under `topics`"
            .to_owned(),
    }
}

/// Reads what may be wrapped by SNS, by the shape in which functions get SNS's messages, or not at all (raw message
/// delivery): `read` gets each document that is inside. Confirmations read to their answer.
pub fn read(
    document: &Value,
    mut read: impl FnMut(&Node<'_>) -> Result<Option<Alert>, Misfit>,
) -> Result<Reading, Misfit> {
    let root = Node::root(document);
    let records = root.items("Records");
    let outer: Vec<&Value> = match records.is_empty() {
        true => vec![document],
        false => records.iter().map(|record| record.get("Sns").map_or(record.value, |sns| sns.value)).collect(),
    };
    let mut inner = Vec::new();
    for value in outer {
        match Message::of(value) {
            None => inner.push(value.clone()),
            Some(message) if !message.is_notification => return confirmation(&message),
            Some(message) => {
                let text = message.text("Message").unwrap_or_default();
                inner.push(match text.trim_start().starts_with(['{', '[']) {
                    true => json::parse(text.as_bytes())?,
                    false => Value::from(text),
                });
            }
        }
    }
    Reading::of_items(&inner, |value| read(&Node::root(value)))
}

fn confirmation(message: &Message) -> Result<Reading, Misfit> {
    if message.text("Type") == Some("UnsubscribeConfirmation") {
        return Ok(Reading::nothing("the subscription was ended; nothing more will come from this topic"));
    }
    let address = message.text("SubscribeURL").unwrap_or_default();
    let wrong = || Misfit::Wrong { field: "SubscribeURL".to_owned(), problem: "is no address of SNS".to_owned() };
    let url = amazons(address).ok_or_else(wrong)?;
    Ok(Reading::answer(Answer::Confirm { topic: message.topic().to_owned(), address: url.to_string() }))
}

/// An address of SNS: `https`, the standard port, a host like `sns.eu-west-1.amazonaws.com`, nobody's name in it.
fn amazons(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    let region = host.strip_prefix("sns.")?;
    let region = region.strip_suffix(".amazonaws.com").or_else(|| region.strip_suffix(".amazonaws.com.cn"))?;
    let is_region = 3 <= region.len() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_plain = url.port().is_none() && url.username().is_empty() && url.password().is_none();
    (url.scheme() == "https" && is_region && is_plain && url.fragment().is_none()).then_some(url)
}

/// Whether these bytes are a certificate, in PEM.
pub fn is_certificate(pem: &[u8]) -> bool {
    x509_parser::pem::parse_x509_pem(pem).is_ok_and(|(_, pem)| pem.parse_x509().is_ok())
}

/// The key in a certificate that is valid now.
fn public_key(pem: &[u8], now: Timestamp) -> Option<Vec<u8>> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem).ok()?;
    let certificate = pem.parse_x509().ok()?;
    let at = x509_parser::time::ASN1Time::from_timestamp(now.timestamp()).ok()?;
    certificate.validity().is_valid_at(at).then(|| certificate.public_key().subject_public_key.data.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_amazons_addresses_are_asked() {
        let good = [
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0.pem",
        ];
        let bad = [
            "http://sns.eu-west-1.amazonaws.com/a.pem",
            "https://sns.eu-west-1.amazonaws.com/a.pem?x=.pem",
            "https://sns.eu-west-1.amazonaws.com/a",
            "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
            "https://user@sns.eu-west-1.amazonaws.com/a.pem",
            "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
            "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
            "https://sns.evil.example/sns.eu-west-1.amazonaws.com/a.pem",
            "https://sns.a.b.amazonaws.com/a.pem",
            "https://sns..amazonaws.com/a.pem",
            "https://sns.eu-west-1.amazonaws.com/a.pem#b.pem",
            "https://s3.amazonaws.com/bucket/a.pem",
            "file:///etc/a.pem",
            "//sns.eu-west-1.amazonaws.com/a.pem",
            "",
        ];
        let message = |address: &str| Message {
            value: json!({"Type": "Notification", "TopicArn": "t", "SigningCertURL": address}),
            is_notification: true,
        };
        for address in good {
            assert_eq!(message(address).certificate().as_deref(), Ok(address));
        }
        for address in bad {
            assert!(message(address).certificate().is_err(), "{address}");
        }
    }

    #[test]
    fn a_confirmation_is_answered_only_at_amazons_address() {
        let document =
            |address: &str| json!({"Type": "SubscriptionConfirmation", "TopicArn": "t", "SubscribeURL": address});
        let good = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=t&Token=x";
        let reading = read(&document(good), |_| Ok(None)).unwrap();
        assert_eq!(reading.answer, Some(Answer::Confirm { topic: "t".to_owned(), address: good.to_owned() }));
        assert!(read(&document("https://evil.example/?Action=ConfirmSubscription"), |_| Ok(None)).is_err());
        assert!(read(&json!({"Type": "SubscriptionConfirmation", "TopicArn": "t"}), |_| Ok(None)).is_err());
    }
}
