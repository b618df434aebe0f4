//! Any request at all proves itself or not, by every way there is; and whatever verifies carries what we would have sent.
//!
//! The first byte chooses the way. The seeds carry right proofs, so that the fuzzer begins next to the edge.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use firebell::domain::Timestamp;
use firebell::domain::id::SourceName;
use firebell::intake::auth::{Scheme, secret_in};
use firebell::intake::delivery::Delivery;
use firebell::intake::signature::{Encoding, STANDARD_WEBHOOKS, Signature};
use firebell::intake::{kinds, sns};
use firebell_fuzz::{Request, bytes, seed};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "a secret";
const ADDRESS: &str = "https://firebell.example.com/hooks/theirs";

static SOURCE: LazyLock<SourceName> = LazyLock::new(|| SourceName::from("theirs"));
static NOW: LazyLock<Timestamp> = LazyLock::new(|| "2026-02-04T01:45:00Z".parse().expect("it is a moment"));

/// Every way that a kind has of its own, and those that all may use.
static WAYS: LazyLock<Vec<Scheme>> = LazyLock::new(|| {
    let own = kinds::ALL.iter().flat_map(|kind| kind.proofs).cloned();
    let all = [
        Scheme::Secret,
        Scheme::Bearer,
        Scheme::Basic,
        Scheme::Token,
        Scheme::Header("x-key".into()),
        Scheme::Signature(STANDARD_WEBHOOKS),
        Scheme::Sns,
    ];
    let mut ways = Vec::new();
    for way in own.chain(all) {
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
});

fn seeds() -> Vec<Vec<u8>> {
    let delivery = Delivery { now: *NOW, address: ADDRESS, ..Delivery::bare(&SOURCE, b"a=1&b=%20") };
    let message = br#"{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:eu-west-1:1:t","Message":"{}",
"Timestamp":"2026-02-04T01:44:00.000Z","SignatureVersion":"2","Signature":"AAAA",
"SigningCertURL":"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem"}"#;
    let of = |index: u8, way: &Scheme| match way.prove(&delivery, SECRET, *NOW) {
        Err(_) => [&[index, b'\n'], &message[..]].concat(),
        Ok(proof) => {
            let token = proof.token.map_or_else(String::new, |token| format!("?token={token}\n"));
            [&[index], token.as_bytes(), &bytes(proof.headers, delivery.body)].concat()
        }
    };
    (0..).zip(WAYS.iter()).map(|(index, way)| of(index, way)).collect()
}

fuzz_target!(init: seed(seeds()), |data: &[u8]| {
    let [first, data @ ..] = data else { return };
    let way = &WAYS[usize::from(*first) % WAYS.len()];
    let request = Request::of(data);
    let delivery = Delivery {
        headers: &request.headers,
        query: &request.query,
        address: ADDRESS,
        now: *NOW,
        ..Delivery::bare(&SOURCE, request.body)
    };
    let verifies = way.check(&delivery, &["another".to_owned(), SECRET.to_owned()]).is_ok();
    match way {
        Scheme::Sns => amazons(&delivery),
        Scheme::Signature(signature) if verifies => carries(signature, &delivery),
        Scheme::Header(name) if verifies => assert_eq!(request.headers.get(name).map(str::trim), Some(SECRET)),
        _ if verifies => {
            let shown = request.headers.get("authorization").and_then(secret_in);
            let token = request.query.get("token").or_else(|| request.query.get("access_token"));
            assert!(shown.as_deref() == Some(SECRET) || token == Some(SECRET), "{way:?}: {request:?}");
        }
        _ => (),
    }
    assert!(way.check(&delivery, &[]).is_err() && way.check(&delivery, &[String::new()]).is_err(), "{way:?}");
});

/// What verifies carries the signature that we make, however it is written.
fn carries(signature: &Signature, delivery: &Delivery<'_>) {
    let (name, ours) = signature.sign(delivery, SECRET).expect("what verifies can be signed");
    let shown = delivery.headers.get(&name).expect("what verifies has the header");
    let ours = ours.strip_prefix(signature.prefix.as_ref()).expect("ours has the prefix");
    match signature.encoding {
        // SHA-1 where either will do: ours is SHA-256 then.
        _ if signature.hash == firebell::intake::signature::Hash::ByLength => (),
        Encoding::Hex => assert!(shown.to_ascii_lowercase().contains(ours), "{shown} carries {ours}"),
        Encoding::Base64 => assert!(shown.contains(ours) && STANDARD.decode(ours).is_ok(), "{shown} carries {ours}"),
    }
}

/// Nothing that a fuzzer makes is Amazon's, and no address but Amazon's is let through.
fn amazons(delivery: &Delivery<'_>) {
    let Ok(message) = sns::Message::read(delivery.body) else { return };
    let _ = message.allowed(&[message.topic().to_owned()], delivery.now);
    if let Ok(address) = message.certificate() {
        let rest = address.strip_prefix("https://sns.").expect("it is an address of SNS");
        let (host, path) = rest.split_once('/').expect("it has a path");
        assert!(host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"), "{address}");
        assert!(path.ends_with(".pem") && !address.contains(['?', '#', '\\']) && !host.contains(['@', ':']), "{address}");
    }
    // The body as a certificate too: whatever stands at an address is as hostile as what names it.
    let certificate = delivery.headers.get("certificate").unwrap_or_default().replace("\\n", "\n");
    assert!(message.verify(certificate.as_bytes(), delivery.now).is_err());
    assert!(message.verify(delivery.body, delivery.now).is_err());
}
