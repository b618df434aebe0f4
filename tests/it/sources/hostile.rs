//! Bodies that mean harm: refused or read, never a panic, never slow. The same mutations run for longer with
//! `FIREBELL_MUTATIONS=1000000 cargo test --test it -- sources::hostile`, and coverage-guided in `fuzz/`.

use std::time::{Duration, Instant};

use firebell::domain::id::SourceName;
use firebell::intake::auth::Scheme;
use firebell::intake::delivery::{Delivery, Fields};
use firebell::intake::kind::Kind;
use firebell::intake::{kinds, signature};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::page_mapping;

/// Mutations of each kind where nobody asks for more.
const MUTATIONS: usize = 2000;

fn read(
    kind: &'static Kind,
    body: &[u8],
    headers: &Fields,
) -> Result<firebell::intake::Reading, firebell::intake::Unreadable> {
    let source = SourceName::from(kind.name);
    firebell::intake::read(kind, &Delivery { headers, ..Delivery::bare(&source, body) })
}

#[test]
fn what_no_source_sends_is_refused_with_what_was_expected() {
    let deep = "[".repeat(100_000);
    let deep_object = "{\"a\":".repeat(100_000);
    let bodies: [&[u8]; 14] = [
        b"",
        b" ",
        b"null",
        b"{}",
        b"{\"unheard\": [1, 2, {\"of\": true}]}",
        b"{",
        b"\xff\xfe{\x00}\x00",
        b"{\"a\": \"\xc3\x28\"}",
        b"{\"a\": \"\\ud800\"}",
        b"{\"a\": 1e999}",
        b"%00=%ff&&&==",
        b"42",
        deep.as_bytes(),
        deep_object.as_bytes(),
    ];
    // Of a heartbeat any call counts, whatever it carries.
    for kind in kinds::ALL.iter().filter(|kind| **kind != kinds::HEARTBEAT) {
        for body in bodies {
            let error = match read(kind, body, &Fields::default()) {
                Err(error) => error.to_string(),
                Ok(reading) => panic!(
                    "{}: {:?} reads to {reading:?}",
                    kind.name,
                    String::from_utf8_lossy(&body[..body.len().min(40)])
                ),
            };
            assert!(error.contains(kind.expected) && error.len() < 2000, "{}: {error}", kind.name);
        }
    }
}

#[test]
fn mutated_samples_neither_panic_nor_read_without_a_title() {
    let mutations = std::env::var("FIREBELL_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(MUTATIONS);
    for kind in kinds::ALL {
        let mut rng = StdRng::seed_from_u64(7);
        let mapping = page_mapping(kind);
        let source = SourceName::from(kind.name);
        for sample in [Some(kind.samples.fires), kind.samples.resolves].into_iter().flatten() {
            let headers: Fields = sample.headers.iter().copied().collect();
            for _ in 0..mutations / 2 {
                let body = mutated(sample.body.as_bytes(), &mut rng);
                let delivery =
                    Delivery { headers: &headers, mapping: mapping.as_deref(), ..Delivery::bare(&source, &body) };
                if let Ok(reading) = firebell::intake::read(kind, &delivery) {
                    assert!(
                        reading.alerts.iter().all(|alert| !alert.title.is_empty() && !alert.fingerprint.is_empty())
                    );
                }
                for scheme in kind.proofs {
                    assert!(scheme.check(&delivery, &["secret".to_owned()]).is_err(), "{}", kind.name);
                }
            }
        }
    }
}

#[test]
fn mutated_signatures_neither_panic_nor_verify() {
    let mutations = std::env::var("FIREBELL_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(MUTATIONS);
    let own = kinds::ALL.iter().flat_map(|kind| kind.proofs.iter()).cloned();
    for scheme in own.chain([Scheme::Signature(signature::STANDARD_WEBHOOKS), Scheme::Secret]) {
        if scheme == Scheme::Sns {
            continue;
        }
        let mut rng = StdRng::seed_from_u64(11);
        let source = SourceName::from("s");
        let delivery = Delivery { now: "2026-02-04T01:45:00Z".parse().unwrap(), ..Delivery::bare(&source, b"a=1&b=2") };
        let proof = scheme.prove(&delivery, "a secret", delivery.now).unwrap();
        for _ in 0..mutations {
            let mut headers = proof.headers.clone();
            let Some(at) = (!headers.is_empty()).then(|| rng.random_range(0..headers.len())) else { break };
            let changed = mutated(headers[at].1.as_bytes(), &mut rng);
            let changed = String::from_utf8_lossy(&changed).into_owned();
            let is_same = changed.trim().eq_ignore_ascii_case(headers[at].1.trim());
            headers[at].1 = changed;
            let headers: Fields = headers.into_iter().collect();
            let verifies =
                scheme.check(&Delivery { headers: &headers, ..delivery.clone() }, &["a secret".to_owned()]).is_ok();
            let carries = headers
                .iter()
                .any(|(_, value)| proof.headers[at].1.split_whitespace().all(|part| value.contains(part)));
            assert!(!verifies || is_same || carries, "{}: {headers:?}", scheme.name());
        }
    }
}

#[test]
fn a_body_of_a_mebibyte_costs_no_more_than_its_size() {
    let wide = format!("{{{}\"z\":1}}", (0..60_000).map(|index| format!("\"key{index}\":[],")).collect::<String>());
    let long = format!("{{\"a\":\"{}\"}}", "\\u0041".repeat(170_000));
    let numbers = format!("[{}1]", "123456789012345678901234567890,".repeat(33_000));
    let form = "a=%41&".repeat(170_000);
    for kind in kinds::ALL {
        for body in [&wide, &long, &numbers, &form] {
            let began = Instant::now();
            let _ = read(kind, body.as_bytes(), &Fields::default());
            // A debug build on a busy machine; a release build takes a hundredth.
            assert!(began.elapsed() < Duration::from_secs(5), "{}: {:?}", kind.name, began.elapsed());
        }
    }
}

/// A few bytes changed, taken out, doubled, or replaced by what readers trip over.
fn mutated(body: &[u8], rng: &mut StdRng) -> Vec<u8> {
    const TRIPS: [&[u8]; 16] = [
        b"null",
        b"[]",
        b"{}",
        b"\"\"",
        b"-1",
        b"1e999",
        b"\\ud800",
        b"\xff",
        b"\x00",
        b"99999999999999999999999",
        b"true",
        b"[[[[",
        b"0",
        b",",
        b"\\u0000",
        b"9999-99-99T99:99:99Z",
    ];
    let mut body = body.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..=body.len());
        match rng.random_range(0..5) {
            0 if at < body.len() => body[at] = rng.random(),
            1 => {
                let end = (at + rng.random_range(1..20)).min(body.len());
                body.drain(at..end);
            }
            2 => {
                let end = (at + rng.random_range(1..60)).min(body.len());
                let copy = body[at..end].to_vec();
                body.splice(at..at, copy);
            }
            3 => {
                let trip = TRIPS[rng.random_range(0..TRIPS.len())];
                let end = (at + rng.random_range(0..10)).min(body.len());
                body.splice(at..end, trip.iter().copied());
            }
            // A whole value gives way, so that the shape stays JSON.
            _ => {
                let colons: Vec<usize> =
                    body.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at).collect();
                if let Some(colon) = (!colons.is_empty()).then(|| colons[rng.random_range(0..colons.len())]) {
                    let end = body[colon..]
                        .iter()
                        .position(|byte| *byte == b',' || *byte == b'\n')
                        .map_or(body.len(), |end| colon + end);
                    let trip = TRIPS[rng.random_range(0..TRIPS.len())];
                    body.splice(colon + 1..end, trip.iter().copied());
                }
            }
        }
    }
    body
}
