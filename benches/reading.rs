//! What reading costs: time and memory for each kind of source, on its own sample and on the largest payload of it that is
//! known here.
//!
//! `cargo bench --bench reading [KIND…]` prints the table and fails if a payload takes longer than [`MOST`]. Memory is the
//! system's here, and counted; the program has a faster one.

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a benchmark prints, and may stop")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use firebell::domain::id::SourceName;
use firebell::intake::custom::Mapping;
use firebell::intake::delivery::{Delivery, Fields};
use firebell::intake::kind::{Kind, Sample};
use firebell::intake::{self, kinds};

/// The longest that one payload may take.
const MOST: Duration = Duration::from_micros(200);
/// How often a payload is timed, and for about how long each time.
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(20);

/// A payload with what reading it needs.
struct Payload {
    name: String,
    headers: Fields,
    query: Fields,
    body: Vec<u8>,
}

/// What reading a payload costs.
struct Cost {
    time: Duration,
    allocations: u64,
    allocated: u64,
}

impl Payload {
    fn of(name: &str, sample: &Sample) -> Self {
        let headers = sample.headers.iter().copied().collect();
        Self { name: name.to_owned(), headers, query: Fields::default(), body: sample.body.as_bytes().to_vec() }
    }

    fn read(&self, kind: &'static Kind, mapping: Option<&Mapping>) -> Result<intake::Reading, intake::Unreadable> {
        let source = SourceName::from(kind.name);
        let bare = Delivery::bare(&source, &self.body);
        intake::read(kind, &Delivery { headers: &self.headers, query: &self.query, mapping, ..bare })
    }

    fn cost(&self, kind: &'static Kind, mapping: Option<&Mapping>) -> Cost {
        let read = || drop(black_box(self.read(kind, mapping)));
        let count = |times: u32| {
            let began = Instant::now();
            (0..times).for_each(|_| read());
            began.elapsed() / times
        };
        // As often as fits a round, found out while it gets warm.
        let times = u32::try_from(ROUND.as_nanos() / count(100).as_nanos().max(1)).unwrap_or(u32::MAX).max(1);
        // The best of them: what the work takes, not what the machine does beside it.
        let time = (0..ROUNDS).map(|_| count(times)).min().unwrap_or_default();
        let memory = allocation_counter::measure(read);
        Cost { time, allocations: memory.count_total, allocated: memory.bytes_total }
    }
}

/// The real payloads of a kind beside the repository that read to something, with the headers that its table gives.
fn real(kind: &'static Kind) -> Vec<Payload> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join(format!("tests/it/sources/{}.toml", kind.name))).unwrap_or_default();
    let table: toml::Table = table.parse().unwrap();
    let folder = table.get("folder").and_then(toml::Value::as_str).unwrap_or(kind.name);
    let folder: PathBuf = root.join("../shared/alerts").join(folder);
    let fields = |case: &toml::Value, name: &str| {
        let pairs = case.get(name).and_then(toml::Value::as_table).into_iter().flatten();
        pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default())).collect()
    };
    let payloads = table.iter().filter_map(|(name, case)| {
        let body = std::fs::read(folder.join(name)).ok()?;
        Some(Payload { name: name.clone(), headers: fields(case, "headers"), query: fields(case, "query"), body })
    });
    payloads.filter(|payload| payload.read(kind, None).is_ok()).collect()
}

/// The mapping that the page of the custom kind gives.
fn mapping() -> Arc<Mapping> {
    let block = kinds::CUSTOM.manual.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let block = block.replace("{name}", "custom").replace("{secret}", "env:X");
    let text = format!("{}\n{block}", firebell::demo::EXAMPLE);
    let now = "2026-02-04T01:45:00Z".parse().unwrap();
    let (config, _) = firebell::config::parse(&text, Path::new(""), &BTreeMap::new(), now).unwrap();
    config.sources[&SourceName::from("custom")].mapping.clone().unwrap()
}

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mapping = mapping();
    let mut slow = 0;
    println!("| kind | payload | bytes | µs | allocations | bytes allocated |");
    println!("|---|---|---:|---:|---:|---:|");
    for kind in kinds::ALL.iter().filter(|kind| asked.is_empty() || asked.iter().any(|name| name == kind.name)) {
        let mapping = (*kind == kinds::CUSTOM).then_some(&*mapping);
        let own = [Some(kind.samples.fires), kind.samples.resolves].into_iter().flatten();
        let own = ["its sample", "its sample's end"].into_iter().zip(own);
        let mut payloads: Vec<Payload> = own.map(|(name, sample)| Payload::of(name, &sample)).collect();
        payloads.extend(real(kind));
        let largest =
            payloads.iter().enumerate().max_by_key(|(_, payload)| payload.body.len()).map(|(at, _)| at).unwrap();
        for (at, payload) in payloads.iter().enumerate().filter(|(at, _)| *at == 0 || *at == largest) {
            assert!(payload.read(kind, mapping).is_ok(), "{}: {} reads to something", kind.name, payload.name);
            let cost = payload.cost(kind, mapping);
            let is_slow = MOST < cost.time;
            slow += usize::from(is_slow);
            println!(
                "| {} | {}{} | {} | {:.1}{} | {} | {} |",
                kind.name,
                payload.name,
                if at == largest { ", the largest" } else { "" },
                payload.body.len(),
                cost.time.as_nanos() as f64 / 1000.0,
                if is_slow { " **too slow**" } else { "" },
                cost.allocations,
                cost.allocated,
            );
        }
    }
    if 0 < slow {
        println!("\n{slow} of them take longer than {} µs.", MOST.as_micros());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
