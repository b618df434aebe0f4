//! What the targets share: a request as one run of bytes, and the runs to begin with.
//!
//! The bytes are lines of `name: value` for headers and `?name=value` for the query, an empty line, and the body. So the
//! fuzzer changes headers as freely as the body, and a person can read what it found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use firebell::domain::expression::Expression;
use firebell::intake::custom::{Mapping, NAMES};
use firebell::intake::delivery::Fields;
use firebell::intake::kind::{Kind, Sample};

/// The longest head that is read; what has none of an end by then is all body.
const HEAD: usize = 4096;

/// What a sender sends.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// The headers.
    pub headers: Fields,
    /// The query.
    pub query: Fields,
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// Any bytes are a request.
    pub fn of(data: &'a [u8]) -> Self {
        let end = match data {
            [b'\n', ..] => Some((0, 1)),
            _ => data.windows(2).take(HEAD).position(|pair| pair == b"\n\n").map(|at| (at, at + 2)),
        };
        let Some((end, body)) = end else { return Self { body: data, ..Self::default() } };
        let head = String::from_utf8_lossy(&data[..end]);
        let pairs = |of_query: bool| {
            let lines = head.lines().filter_map(move |line| match line.strip_prefix('?') {
                Some(line) => line.split_once('=').filter(|_| of_query),
                None => line.split_once(": ").filter(|_| !of_query),
            });
            lines.collect()
        };
        Self { headers: pairs(false), query: pairs(true), body: &data[body..] }
    }
}

/// A request as bytes.
pub fn bytes(headers: impl IntoIterator<Item = (String, String)>, body: &[u8]) -> Vec<u8> {
    let head: String = headers.into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    [head.as_bytes(), b"\n", body].concat()
}

/// A sample as bytes, with another body in its place if one is given.
pub fn sample(sample: &Sample, body: Option<&[u8]>) -> Vec<u8> {
    let headers = sample.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    bytes(headers, body.unwrap_or(sample.body.as_bytes()))
}

/// The samples of a kind, and the real payloads beside the repository that are named after it.
pub fn samples(kind: &Kind) -> Vec<Vec<u8>> {
    let own: Vec<&Sample> = [Some(&kind.samples.fires), kind.samples.resolves.as_ref()].into_iter().flatten().collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/alerts").join(kind.name);
    let real = std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| std::fs::read(entry.path()).ok());
    let with_headers = real.flat_map(|body| own.iter().map(|one| sample(one, Some(&body))).collect::<Vec<_>>());
    own.iter().map(|one| sample(one, None)).chain(with_headers).collect()
}

/// Writes what to begin with into the folder that `FIREBELL_SEEDS` names, if it names one. libFuzzer reads its corpus
/// after this.
pub fn seed(seeds: impl IntoIterator<Item = Vec<u8>>) {
    let Some(folder) = std::env::var_os("FIREBELL_SEEDS").map(PathBuf::from) else { return };
    for (index, seed) in seeds.into_iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index}")), seed).expect("the folder of seeds can be written to");
    }
}

/// A mapping that makes use of all that there is, for the custom kind.
pub fn mapping() -> &'static Mapping {
    static MAPPING: LazyLock<Mapping> = LazyLock::new(|| {
        let read = |text: &str| Expression::parse(text, &NAMES).expect("the expression is one");
        let may = |text: &str| Some(read(text));
        Mapping {
            each: may("has(body.alerts) ? body.alerts : [body]"),
            only: may("!has(item.ignored)"),
            fingerprint: read("item.check"),
            title: read("item.message"),
            status: may("item.state == 'failed' ? 'firing' : item.state"),
            signal: may("item.signal"),
            severity: may("item.level"),
            category: may("item.category"),
            description: may("string(size(item.message)) + ' ' + item.note"),
            service: may("headers['x-service']"),
            labels: may("item.labels"),
            label: BTreeMap::from([("model".to_owned(), read("item.model.name"))]),
            links: may("item.report"),
            started_at: may("item.since"),
            ended_at: may("item.until"),
            said_at: may("item.at"),
            group: may("query.group"),
        }
    });
    &MAPPING
}
