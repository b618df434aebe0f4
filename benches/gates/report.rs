//! The report: the machine, the gates, and the figures behind them.

use std::fmt::Write;

use crate::Bench;
use crate::stage::{Database, Subject};
use crate::table::{Line, thousands};

/// From how many cores of other work on a table is not to be believed.
const DISTURBED: f64 = 0.35;

/// The whole of it, in Markdown.
pub fn write(bench: &Bench, lines: &[Line]) -> String {
    let mut text = String::new();
    let held = lines.iter().filter(|line| line.is_held()).count();
    let _ = writeln!(text, "## Gates: {held} of {} held\n", lines.len());
    let _ = writeln!(text, "{}\n", circumstances(bench));
    text.push_str("| gate | what | measured | | must | aims |\n| --- | --- | ---: | --- | --- | --- |\n");
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    figures(bench, &mut text);
    text
}

fn circumstances(bench: &Bench) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory =
        memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0 / 1024.0;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut told = vec![format!(
        "Firebell {}, {cores} cores, {memory:.0} GiB, Linux {}, {} rounds of {:.0} s, {:.0} s in all.",
        env!("CARGO_PKG_VERSION"),
        kernel.trim(),
        bench.rounds,
        bench.counted.as_secs_f64(),
        bench.began.elapsed().as_secs_f64(),
    )];
    if !bench.stage.has(Subject::Firebell(Database::Postgres)) {
        told.push("PostgreSQL was absent.".to_owned());
    }
    if !bench.stage.has(Subject::Alertmanager) {
        told.push("Alertmanager was absent.".to_owned());
    }
    let foreign = bench.book.foreign();
    if DISTURBED < foreign {
        told.push(format!("**Disturbed**: other work took up to {foreign:.1} cores meanwhile."));
    }
    if bench.is_quick {
        told.push("**A look only** (`--quick`): too short to judge by.".to_owned());
    }
    told.join(" ")
}

fn figures(bench: &Bench, text: &mut String) {
    let book = &bench.book;
    text.push_str(
        "\n### Ingest\n\n| load | | alerts/s | p50 ms | p99 ms | longest ms | µs an alert, server + database | MiB, peak | stolen ms/s |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut entries: Vec<_> = book.entries().collect();
    entries.sort_by_key(|(subject, load)| (load.rate, load.batch, load.connections, load.law, *subject));
    for (subject, load) in entries {
        let of = |figure: fn(&crate::book::Round) -> f64| book.median(subject, load, figure);
        let how = match load.rate {
            Some(rate) => format!("{}/s", thousands(f64::from(rate))),
            None => format!("{} connections × {}", load.connections, load.batch),
        };
        let _ = writeln!(
            text,
            "| {}, {how} | {} | {} | {:.2} | {:.2} | {:.1} | {:.1} + {:.1} | {:.0}, {:.0} | {:.0} |",
            load.law.words(),
            subject.words(),
            thousands(of(|round| round.answers.alerts_a_second)),
            of(|round| round.answers.p50),
            of(|round| round.answers.p99),
            of(|round| round.answers.longest),
            of(|round| round.cpu),
            of(|round| round.database_cpu),
            of(|round| round.memory),
            of(|round| round.peak),
            of(|round| round.stolen),
        );
    }
}
