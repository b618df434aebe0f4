//! The gates of speed: what Firebell takes, against what is possible on the same machine in the same run.
//!
//! `cargo bench --bench gates` prints one Markdown table; `docs/measured.md` says what each line means.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench stops at what it did not expect, and has no readers")]

mod alerts;
mod book;
mod endurance;
mod floor;
mod growth;
mod http;
mod ingest;
mod load;
mod overload;
mod paging;
#[path = "../../tests/it/support/postgres.rs"]
#[allow(dead_code, reason = "tests also end it and start it again")]
mod postgres;
mod process;
#[path = "../../tests/it/support/program.rs"]
#[allow(dead_code, reason = "tests also rehearse")]
mod program;
mod report;
mod stage;
mod start;
mod storm;
mod table;

use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand, ValueEnum};

use book::Book;
use stage::Stage;

/// Measures Firebell against the least that a durable receiver must do, in one run on one machine, and prints a table.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Write the table into this file too.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Measure only these.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Measure>,
    /// How many seconds of each load are counted.
    #[arg(long, default_value_t = 3.0)]
    secs: f64,
    /// How many rounds loads, pages and bursts are run; the median counts, of pages all together.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// A look instead of a measurement: one round of a second each, and nothing that takes long.
    #[arg(long)]
    quick: bool,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What the bench starts itself as.
#[derive(Debug, Subcommand)]
enum Part {
    #[command(hide = true)]
    Load { plan: String },
    #[command(hide = true)]
    Floor { floor: String },
}

/// A part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// How fast alerts are taken in, and what it costs.
    Ingest,
    /// How long an answer takes at steady rates.
    Steady,
    /// Whether triage keeps up.
    Endurance,
    /// From an alert to the page.
    Paging,
    /// Ten thousand alerts at once.
    Storm,
    /// How long a start takes.
    Start,
    /// A million alerts stored; takes some minutes.
    Growth,
    /// A database that stands still.
    Overload,
}

impl Measure {
    /// Whether a look leaves it out.
    fn is_long(self) -> bool {
        matches!(self, Self::Growth | Self::Overload)
    }
}

/// What all measures share.
pub struct Bench {
    stage: Stage,
    book: Book,
    /// How long a load is counted.
    counted: Duration,
    rounds: u32,
    is_quick: bool,
    /// How many loads were run, so that no two have the same keys.
    runs: u32,
    began: Instant,
}

impl Bench {
    /// Says how far it is.
    fn tell(&self, what: impl Display) {
        let _ = writeln!(std::io::stderr(), "{:4.0} s  {what}", self.began.elapsed().as_secs_f64());
    }

    /// How many rounds there are of what needs so many to be known; a look makes do with fewer.
    fn rounds_at_least(&self, needed: u32) -> u32 {
        if self.is_quick { self.rounds } else { self.rounds.max(needed) }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match &arguments.part {
        Some(Part::Load { plan }) => {
            let answers = serde_json::from_str::<load::Plan>(plan)?.carry_out()?;
            writeln!(std::io::stdout(), "{}", serde_json::to_string(&answers)?)?;
            Ok(())
        }
        Some(Part::Floor { floor }) => serde_json::from_str::<floor::Floor>(floor)?.serve(),
        None => tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(arguments)),
    }
}

async fn measure(arguments: Arguments) -> anyhow::Result<()> {
    let secs = if arguments.quick { arguments.secs.min(1.0) } else { arguments.secs };
    let mut bench = Bench {
        stage: Stage::set().await?,
        book: Book::default(),
        counted: Duration::from_secs_f64(secs),
        rounds: if arguments.quick { 1 } else { arguments.rounds },
        is_quick: arguments.quick,
        runs: 0,
        began: Instant::now(),
    };
    let wanted: Vec<Measure> = match arguments.only.is_empty() {
        true => {
            Measure::value_variants().iter().copied().filter(|measure| !measure.is_long() || !bench.is_quick).collect()
        }
        false => arguments.only,
    };
    let mut lines = Vec::new();
    for measure in wanted {
        lines.extend(match measure {
            Measure::Ingest => ingest::measure(&mut bench).await?,
            Measure::Steady => ingest::measure_steady(&mut bench).await?,
            Measure::Endurance => endurance::measure(&mut bench).await?,
            Measure::Paging => paging::measure(&mut bench).await?,
            Measure::Storm => storm::measure(&mut bench).await?,
            Measure::Start => start::measure(&mut bench).await?,
            Measure::Growth => growth::measure(&mut bench).await?,
            Measure::Overload => overload::measure(&mut bench).await?,
        });
    }
    lines.sort_by_key(|line| line.gate.parse::<u32>().unwrap_or(0));
    let report = report::write(&bench, &lines);
    write!(std::io::stdout(), "{report}")?;
    if let Some(file) = arguments.out {
        std::fs::write(file, report)?;
    }
    Ok(())
}
