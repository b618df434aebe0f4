//! Any expression is refused or read, and comes to something or to a reason, whatever the payload: the first line is the
//! expression, the rest a request.

#![no_main]

use firebell::domain::expression::Expression;
use firebell::domain::id::SourceName;
use firebell::intake::custom::{Mapping, NAMES};
use firebell::intake::delivery::Delivery;
use firebell::intake::kinds;
use firebell_fuzz::{Request, samples, seed};
use libfuzzer_sys::fuzz_target;

const EXPRESSIONS: [&str; 8] = [
    "item.check",
    "item.state == 'failed' ? 'firing' : 'resolved'",
    "has(body.alerts) ? body.alerts : [body]",
    "body.alerts.filter(a, a.value > 0.5 && a.name.startsWith('x'))",
    "{'model': item.model.name, 'version': string(item.model.version)}",
    "item.message.matches('^[a-z]+$') || size(item.tags) > 2",
    "int(item.value) * 1000 / 7 - -9223372036854775807",
    "headers['x-kind'] + query.group + source",
];

fn seeds() -> Vec<Vec<u8>> {
    let payloads = samples(kinds::CUSTOM);
    let of = |expression: &str| payloads.iter().map(|payload| [expression.as_bytes(), b"\n", payload].concat()).collect();
    EXPRESSIONS.iter().flat_map(|expression| -> Vec<Vec<u8>> { of(expression) }).collect()
}

fuzz_target!(init: seed(seeds()), |data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (Ok(text), rest) = (std::str::from_utf8(&data[..end]), &data[(end + 1).min(data.len())..]) else { return };
    let read = |text: &str| Expression::parse(text, &NAMES).ok();
    let (Some(expression), Some(title)) = (read(text), read("'a title'")) else { return };
    let request = Request::of(rest);
    let source = SourceName::from("theirs");
    let mapping = Mapping {
        each: read(text),
        only: None,
        fingerprint: expression,
        title,
        status: read(text),
        signal: None,
        severity: read(text),
        category: None,
        description: read(text),
        service: None,
        labels: read(text),
        label: Default::default(),
        links: read(text),
        started_at: read(text),
        ended_at: None,
        said_at: None,
        group: None,
    };
    let bare = Delivery { headers: &request.headers, query: &request.query, ..Delivery::bare(&source, request.body) };
    let _ = firebell::intake::read(kinds::CUSTOM, &Delivery { mapping: Some(&mapping), ..bare.clone() });
    let mapping = Mapping { each: None, status: None, ..mapping };
    let _ = firebell::intake::read(kinds::CUSTOM, &Delivery { mapping: Some(&mapping), ..bare });
});
