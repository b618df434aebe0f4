//! Bodies that mean harm: refused or read, never a panic, never slow. The same mutations run for longer with
//! `FIREBELL_MUTATIONS=1000000 cargo test --test it -- sources::hostile`, and coverage-guided in `fuzz/`.

use std::time::{Duration, Instant};

use firebell::domain::id::SourceName;
use firebell::intake::auth::Scheme;
use firebell::intake::delivery::{Delivery, Fields};
use firebell::intake::kind::Kind;
use firebell::intake::signature::Encoding;
use firebell::intake::{kinds, signature};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use super::page_mapping;

const MEBIBYTE: usize = 1 << 20;
/// The most memory that reading a mebibyte may hold at once, and ask for in all, in MiB.
const MOST_MIB: u64 = 100;
const ALL_MIB: u64 = 300;

/// The longest reason that people are given, in bytes.
const REASON: usize = 1500;

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
            let (name, was) = headers[at].clone();
            headers[at].1.clone_from(&changed);
            let headers: Fields = headers.into_iter().collect();
            let verifies =
                scheme.check(&Delivery { headers: &headers, ..delivery.clone() }, &["a secret".to_owned()]).is_ok();
            assert!(!verifies || says_the_same(&scheme, &name, &was, &changed), "{}: {headers:?}", scheme.name());
        }
    }
}

/// Whether a header that was changed says what it said, in one of the spellings that are allowed: the word before a token
/// and hexadecimal digits in either case (RFC 9110, RFC 4648), blanks around a value, other parts beside the right one.
fn says_the_same(scheme: &Scheme, name: &str, was: &str, is: &str) -> bool {
    match scheme {
        Scheme::Signature(signature) if signature.header == name => {
            let mut parts = match signature.separator {
                Some(separator) => is.split(separator).collect(),
                None => vec![is],
            }
            .into_iter()
            .map(|part| part.trim());
            match signature.encoding {
                Encoding::Hex => parts.any(|part| part.eq_ignore_ascii_case(was)),
                Encoding::Base64 => parts.any(|part| part == was),
            }
        }
        Scheme::Signature(_) => is == was,
        Scheme::Secret | Scheme::Bearer => {
            let said = |text: &str| {
                text.trim().split_once(' ').map(|(word, rest)| (word.to_ascii_lowercase(), rest.trim().to_owned()))
            };
            said(is) == said(was)
        }
        _ => is.trim() == was,
    }
}

#[test]
fn a_body_of_a_mebibyte_costs_no_more_than_its_size() {
    let wide = format!("{{{}\"z\":1}}", (0..60_000).map(|index| format!("\"key{index}\":[],")).collect::<String>());
    let long = format!("{{\"a\":\"{}\"}}", "\\u0041".repeat(170_000));
    let numbers = format!("[{}1]", "123456789012345678901234567890,".repeat(33_000));
    let form = "a=%41&".repeat(170_000);
    let mut faults = Vec::new();
    for kind in kinds::ALL {
        let plain = [("wide", &wide), ("long", &long), ("numbers", &numbers), ("a form", &form)];
        let plain = plain.into_iter().map(|(name, body)| (name, Fields::default(), body.clone().into_bytes()));
        for (name, headers, body) in plain.chain(swollen(kind)) {
            let mapping = page_mapping(kind);
            let source = SourceName::from(kind.name);
            let delivery =
                Delivery { headers: &headers, mapping: mapping.as_deref(), ..Delivery::bare(&source, &body) };
            let began = Instant::now();
            let memory = allocation_counter::measure(|| {
                let reasons = match firebell::intake::read(kind, &delivery) {
                    Ok(reading) => reading.rejected.into_iter().map(|item| item.reason).collect(),
                    Err(error) => vec![error.to_string()],
                };
                if let Some(long) = reasons.iter().find(|reason| REASON < reason.len()) {
                    faults.push(format!("{}: {name}: a reason of {} bytes", kind.name, long.len()));
                }
            });
            let (most, all) = (memory.bytes_max >> 20, memory.bytes_total >> 20);
            // A debug build on a busy machine; a release build takes a hundredth.
            let took = began.elapsed();
            if MOST_MIB < most || ALL_MIB < all || Duration::from_secs(5) < took {
                faults.push(format!("{}: {name}: {most} MiB at once, {all} in all, {took:?}", kind.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Bodies of about a mebibyte that a reader of this kind goes all the way through: its sample, with more of each sort of
/// thing that can be more.
fn swollen(kind: &'static Kind) -> Vec<(&'static str, Fields, Vec<u8>)> {
    let sample = &kind.samples.fires;
    let headers: Fields = sample.headers.iter().copied().collect();
    let Ok(document) = serde_json::from_str::<Value>(sample.body) else {
        let fields: Vec<_> = url::form_urlencoded::parse(sample.body.as_bytes()).into_owned().collect();
        let room = MEBIBYTE / fields.len();
        let long = fields.iter().map(|(name, value)| (name.clone(), value.repeat(room / value.len().max(1))));
        let many = fields.iter().cloned().chain((0..80_000).map(|index| (format!("k{index}"), "v".to_owned())));
        let form = |fields: Vec<(String, String)>| {
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
        };
        return vec![
            ("long fields", headers.clone(), form(long.collect())),
            ("many fields", headers, form(many.collect())),
        ];
    };
    let count = |is: fn(&Value) -> bool| every(&document).filter(|value| is(value)).count().max(1);
    let (texts, lists, objects) = (count(Value::is_string), count(Value::is_array), count(Value::is_object));
    let swell = |change: &dyn Fn(&mut Value)| {
        let mut changed = document.clone();
        each(&mut changed, change);
        serde_json::to_vec(&changed).unwrap()
    };
    let repeat = |value: &mut Value, room: usize| {
        if let Value::Array(items) = value
            && !items.is_empty()
        {
            let size = serde_json::to_string(items).unwrap().len();
            *items = items.iter().cycle().take(items.len() * (room / size + 1)).cloned().collect();
        }
    };
    let lengthen = |value: &mut Value, room: usize| {
        if let Value::String(text) = value {
            *text = text.repeat(room / text.len().max(1) + 1);
        }
    };
    let add = |value: &mut Value, more: &dyn Fn(usize) -> Value, room: usize| {
        if let Value::Object(map) = value {
            map.extend((0..room).map(|index| (format!("k{index}"), more(index))));
        }
    };
    let nested = (0..60).fold(Value::from(1), |value, _| Value::from(vec![value]));
    let bodies: [(&'static str, Vec<u8>); 7] = [
        ("long texts", swell(&|value| lengthen(value, MEBIBYTE / texts))),
        ("long lists", swell(&|value| repeat(value, MEBIBYTE / lists))),
        ("many labels", swell(&|value| add(value, &|index| format!("v{index}").into(), 50_000 / objects))),
        ("many lists", swell(&|value| add(value, &|_| Value::Array(Vec::new()), 60_000 / objects))),
        ("deep lists", swell(&|value| add(value, &|_| nested.clone(), 7_000 / objects))),
        ("many numbers", swell(&|value| add(value, &|index| (u64::MAX - index as u64).into(), 30_000 / objects))),
        // What stands once and is long, beside a list of many: every item could be given all of it.
        ("one text for many items", {
            let mut changed = document.clone();
            if let Value::Object(map) = &mut changed {
                map.values_mut().for_each(|value| lengthen(value, MEBIBYTE / 2 / texts));
                map.values_mut().for_each(|value| repeat(value, MEBIBYTE / 2 / lists));
            }
            serde_json::to_vec(&changed).unwrap()
        }),
    ];
    bodies.into_iter().map(|(name, body)| (name, headers.clone(), body)).collect()
}

/// A value and all that is in it.
fn every(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    let inner: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(items) => Box::new(items.iter().flat_map(every)),
        Value::Object(map) => Box::new(map.values().flat_map(every)),
        _ => Box::new(std::iter::empty()),
    };
    Box::new(std::iter::once(value).chain(inner))
}

/// Changes all that is in a value, and then the value.
fn each(value: &mut Value, change: &dyn Fn(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, change)),
        Value::Object(map) => map.values_mut().for_each(|item| each(item, change)),
        _ => (),
    }
    change(value);
}

#[test]
fn what_stands_once_and_counts_for_all_items_is_not_kept_many_times() {
    let items = vec![r#"{"status":"firing","labels":{"alertname":"A"},"fingerprint":"f"}"#; 8_000].join(",");
    let key = "k".repeat(MEBIBYTE / 2);
    for kind in ["alertmanager", "grafana"].map(|name| kinds::named(name).unwrap()) {
        let body = format!(r#"{{"version":"4","groupKey":"{key}","externalURL":"https://{key}","alerts":[{items}]}}"#);
        let memory = allocation_counter::measure(|| {
            let refused = read(kind, body.as_bytes(), &Fields::default()).unwrap_err().to_string();
            assert!(refused.contains("send fewer items at once"), "{refused}");
        });
        assert!(memory.bytes_max >> 20 < MOST_MIB, "{}: {} MiB", kind.name, memory.bytes_max >> 20);
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
