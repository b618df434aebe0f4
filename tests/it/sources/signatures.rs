//! Signed samples verify, and fail with one byte changed in body, secret, signature, or anything else that is signed.

use firebell::domain::id::SourceName;
use firebell::intake::auth::Scheme;
use firebell::intake::delivery::{Delivery, Fields};
use firebell::intake::kind::Kind;
use firebell::intake::kinds;
use firebell::intake::signature::Part;
use serde_json::Value;

use super::{fields, folder, moment, table};
use crate::support::shared;

/// What was signed, so that each part can be changed.
#[derive(Clone)]
struct Signed {
    body: Vec<u8>,
    secret: String,
    headers: Vec<(String, String)>,
    address: String,
    query: Option<String>,
}

impl Signed {
    fn of(body: Vec<u8>, case: &Value) -> Self {
        Self {
            body,
            secret: case["secret"].as_str().unwrap().to_owned(),
            headers: fields(&case["headers"]).iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            address: case["address"].as_str().unwrap_or_default().to_owned(),
            query: None,
        }
    }

    fn verifies(&self, scheme: &Scheme, kind: &Kind, now: &Value) -> bool {
        let source = SourceName::from(kind.name);
        let headers: Fields = self.headers.iter().cloned().collect();
        let query: Fields = self.query.iter().map(|token| ("token", token.as_str())).collect();
        let delivery = Delivery {
            headers: &headers,
            query: &query,
            address: &self.address,
            now: moment(now),
            ..Delivery::bare(&source, &self.body)
        };
        // The right one among others, as while one gives way to the next.
        scheme.check(&delivery, &["another secret".to_owned(), self.secret.clone()]).is_ok()
    }
}

/// The text with one character replaced by another of its sort.
fn nudged(text: &str) -> String {
    let at = text.char_indices().rev().find(|(_, char)| char.is_ascii_alphanumeric()).unwrap().0;
    let other = if &text[at..=at] == "0" { "1" } else { "0" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

#[test]
fn every_signed_sample_verifies_and_fails_with_one_byte_changed() {
    let mut seen = 0;
    for kind in kinds::ALL {
        let Some(table) = table(kind) else { continue };
        let Some(folder) = folder(kind, &table) else { continue };
        for (name, case) in table["signed"].as_object().into_iter().flatten() {
            let file = case["file"].as_str().unwrap_or(name);
            let what = format!("{}/{name}", kind.name);
            let mut body = std::fs::read(folder.join(file)).unwrap();
            if case["final_newline"] == Value::Bool(false) {
                assert_eq!(body.pop(), Some(b'\n'), "{what}");
            }
            let signed = Signed::of(body, case);
            let scheme = match case["auth"].as_str() {
                Some(name) => Scheme::named(name, kind).unwrap_or_else(|| panic!("{what}: no scheme {name}")),
                None => kind.proof().clone(),
            };
            let verifies = |signed: &Signed| signed.verifies(&scheme, kind, &case["now"]);
            assert!(verifies(&signed), "{what} verifies");

            for at in [0, signed.body.len() / 2, signed.body.len() - 1] {
                let mut changed = signed.clone();
                changed.body[at] ^= 1;
                assert!(!verifies(&changed), "{what}: byte {at} of the body");
            }
            let changed = Signed { secret: nudged(&signed.secret), ..signed.clone() };
            assert!(!verifies(&changed), "{what}: the secret");
            for index in 0..signed.headers.len() {
                let is_signed = match &scheme {
                    Scheme::Signature(signature) => {
                        let name = &signed.headers[index].0;
                        signature.header.eq_ignore_ascii_case(name)
                            || signature
                                .signed
                                .iter()
                                .any(|part| matches!(part, Part::Header(header) if header.eq_ignore_ascii_case(name)))
                    }
                    _ => false,
                };
                if !is_signed {
                    continue;
                }
                let mut changed = signed.clone();
                // Not the padding, which says nothing.
                changed.headers[index].1 = nudged(signed.headers[index].1.trim_end_matches('='));
                assert!(!verifies(&changed), "{what}: the header {}", signed.headers[index].0);
                changed.headers.remove(index);
                assert!(!verifies(&changed), "{what}: without the header {}", signed.headers[index].0);
            }
            if let Scheme::Signature(signature) = &scheme {
                if signature.signed.contains(&Part::Address) {
                    let changed = Signed { address: nudged(&signed.address), ..signed.clone() };
                    assert!(!verifies(&changed), "{what}: the address");
                }
                if signature.timestamp.is_some() {
                    let later = moment(&case["now"]) + chrono::Duration::minutes(6);
                    assert!(
                        !signed.verifies(&scheme, kind, &Value::from(later.to_rfc3339())),
                        "{what}: replayed later"
                    );
                }
            }
            seen += 1;
        }
    }
    assert!(0 < seen || shared::file("alerts").is_none(), "there are signed samples");
}

#[test]
fn every_kinds_samples_verify_by_each_of_its_ways_and_fail_with_one_byte_changed() {
    let now = Value::from("2026-02-04T01:45:00Z");
    for kind in kinds::ALL {
        let own = kind.proofs.iter().filter(|scheme| **scheme != Scheme::Sns).cloned();
        let usual = ["bearer", "basic", "token", "standard-webhooks"].map(|name| Scheme::named(name, kind).unwrap());
        for (scheme, sample) in own.chain(usual).flat_map(|scheme| {
            let samples = [Some(kind.samples.fires), kind.samples.resolves].into_iter().flatten();
            samples.map(move |sample| (scheme.clone(), sample))
        }) {
            let what = format!("{} by {}", kind.name, scheme.name());
            let headers: Fields = sample.headers.iter().copied().collect();
            let source = SourceName::from(kind.name);
            let address = format!("https://firebell.example.com/hooks/{}", kind.name);
            let body = sample.body.as_bytes().to_vec();
            let secret = "a-secret-of-the-samples".to_owned();
            let delivery = Delivery { headers: &headers, address: &address, ..Delivery::bare(&source, &body) };
            let proof = scheme.prove(&delivery, &secret, moment(&now)).unwrap();
            let signed = Signed { headers: proof.headers, query: proof.token, body, secret, address };
            let verifies = |signed: &Signed| signed.verifies(&scheme, kind, &now);
            assert!(verifies(&signed), "{what} verifies");

            let changed = Signed { secret: nudged(&signed.secret), ..signed.clone() };
            assert!(!verifies(&changed), "{what}: the secret");
            for (index, (name, value)) in signed.headers.iter().enumerate() {
                let mut changed = signed.clone();
                changed.headers[index].1 = nudged(value.trim_end_matches('='));
                assert!(!verifies(&changed), "{what}: the header {name}");
                changed.headers.remove(index);
                assert!(!verifies(&changed), "{what}: without the header {name}");
            }
            if let Some(token) = &signed.query {
                let changed = Signed { query: Some(nudged(token)), ..signed.clone() };
                assert!(!verifies(&changed), "{what}: the token");
            }
            let Scheme::Signature(signature) = &scheme else { continue };
            // Of a form only the fields are signed, in whatever way they are written.
            let ends = |byte: u8| byte.is_ascii_alphanumeric();
            for at in
                [signed.body.iter().position(|byte| ends(*byte)), signed.body.iter().rposition(|byte| ends(*byte))]
            {
                let mut changed = signed.clone();
                changed.body[at.unwrap()] ^= 2;
                assert!(!verifies(&changed), "{what}: a byte of the body");
            }
            if signature.signed.contains(&Part::Address) {
                let changed = Signed { address: nudged(&signed.address), ..signed.clone() };
                assert!(!verifies(&changed), "{what}: the address");
            }
            if signature.timestamp.is_some() {
                for minutes in [-6, 6] {
                    let then = moment(&now) + chrono::Duration::minutes(minutes);
                    let then = Value::from(then.to_rfc3339());
                    assert!(!signed.verifies(&scheme, kind, &then), "{what}: {minutes} minutes from then");
                }
            }
        }
    }
}
