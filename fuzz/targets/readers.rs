//! Any request at all gives a reading or a reason: one kind of source, which `FIREBELL_KIND` names, or with the first byte
//! choosing among all.

#![no_main]

use std::sync::LazyLock;

use firebell::domain::id::SourceName;
use firebell::intake::delivery::Delivery;
use firebell::intake::kind::Kind;
use firebell::intake::kinds;
use firebell_fuzz::{Request, mapping, samples, seed};
use libfuzzer_sys::{Corpus, fuzz_target};

static CHOSEN: LazyLock<Option<&'static Kind>> = LazyLock::new(|| {
    let name = std::env::var("FIREBELL_KIND").ok()?;
    Some(kinds::named(&name).unwrap_or_else(|| panic!("there is no kind {name}")))
});

/// Every seed of a kind, as this run reads it.
fn seeds() -> Vec<Vec<u8>> {
    match *CHOSEN {
        Some(kind) => samples(kind),
        None => (0_u8..)
            .zip(kinds::ALL)
            .flat_map(|(index, kind)| samples(kind).into_iter().map(move |seed| [&[index], &seed[..]].concat()))
            .collect(),
    }
}

fuzz_target!(init: seed(seeds()), |data: &[u8]| -> Corpus {
    let (kind, data) = match (*CHOSEN, data) {
        (Some(kind), data) => (kind, data),
        (None, [first, data @ ..]) => (kinds::ALL[usize::from(*first) % kinds::ALL.len()], data),
        (None, []) => return Corpus::Reject,
    };
    let request = Request::of(data);
    let source = SourceName::from(kind.name);
    for method in kind.methods {
        let delivery = Delivery {
            method: *method,
            headers: &request.headers,
            query: &request.query,
            mapping: (kind == kinds::CUSTOM).then(mapping),
            now: "2026-02-04T01:45:00Z".parse().expect("it is a moment"),
            ..Delivery::bare(&source, request.body)
        };
        check(kind, &delivery);
    }
    Corpus::Keep
});

fn check(kind: &'static Kind, delivery: &Delivery<'_>) {
    let reading = firebell::intake::read(kind, delivery);
    assert_eq!(reading, firebell::intake::read(kind, delivery), "the same reads to the same");
    let reading = match reading {
        Ok(reading) => reading,
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(kind.expected) && text.len() < 4000, "{text}");
            return;
        }
    };
    for alert in &reading.alerts {
        assert!(!alert.title.trim().is_empty() && !alert.fingerprint.trim().is_empty(), "{alert:?}");
        assert!(alert.title.chars().count() < 600 && alert.fingerprint.len() <= 200, "{alert:?}");
        let texts = [&alert.description, &alert.vendor_severity, &alert.service, &alert.group].into_iter().flatten();
        let texts = texts.chain([&alert.title, &alert.fingerprint]).chain(&alert.links);
        let texts = texts.chain(alert.labels.iter().flat_map(|(name, value)| [name, value]));
        assert!(texts.into_iter().all(|text| !text.contains('\0') && text.len() < 50_000), "{alert:?}");
        assert!(alert.links.iter().all(|link| link.starts_with("http")), "{alert:?}");
    }
}
