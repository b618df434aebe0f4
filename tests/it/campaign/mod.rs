//! The campaign: the main story, once for each fault point, kind of fault and database, with the program as a process of
//! its own that really dies.
//!
//! `cargo test --test it -- campaign` strikes each point once, with kinds and databases in turn;
//! `FIREBELL_CAMPAIGN=whole` strikes every point with every kind on both databases, the first time it is passed and a
//! later one. `FIREBELL_CAMPAIGN=settle.commit.after` strikes the points whose names hold that text.

mod held;
mod stage;
mod story;
mod worker;

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use firebell::fault::Point;

use crate::support::TestDatabase;
use stage::Stage;

/// How many stories are told at once; they wait more than they compute.
const AT_ONCE: usize = 5;
/// How long one story may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The process dies.
    Kill,
    /// Before the work: it fails. After it: it is done, and its answer is lost.
    Error,
    /// It takes longer than a lease lasts.
    Delay,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Kill, Self::Error, Self::Delay];

    const fn task(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Error => "error",
            Self::Delay => "delay:2000",
        }
    }

    fn word(self, point: Point) -> &'static str {
        match self {
            Self::Kill => "killed",
            Self::Error if point.name().ends_with(".after") => "answer lost",
            Self::Error => "error",
            Self::Delay => "delay",
        }
    }
}

/// One story to be told.
#[derive(Debug, Clone, Copy)]
struct Case {
    point: Point,
    kind: Kind,
    postgres: bool,
    /// How many times the point is passed before it strikes.
    after: u32,
}

impl Case {
    fn failpoints(&self) -> String {
        let first = if self.after == 0 { String::new() } else { format!("{}*off->", self.after) };
        format!("{}={first}1*return({})", self.point.name(), self.kind.task())
    }

    /// How it went: `Ok(false)` when the point was not passed so often.
    fn run(self) -> Result<bool, String> {
        let told = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let database =
                    if self.postgres { TestDatabase::postgres().await.unwrap() } else { TestDatabase::sqlite() };
                let told = async {
                    let mut stage = Stage::set(database, &self.failpoints()).await;
                    story::tell(&mut stage).await;
                    held::check(&mut stage).await;
                    stage.was_struck()
                };
                tokio::time::timeout(PATIENCE, told).await.expect("the story did not end")
            })
        });
        told.join().map_err(|panic| words(&*panic))
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// What is to be told: everything, or each point once in turn.
fn cases(postgres: bool) -> Vec<Case> {
    let wanted = std::env::var("FIREBELL_CAMPAIGN").unwrap_or_default();
    let databases: &[bool] = if postgres { &[false, true] } else { &[false] };
    let mut cases = Vec::new();
    for (number, &point) in Point::ALL.iter().enumerate() {
        let is_whole = wanted == "whole" || (!wanted.is_empty() && point.name().contains(&wanted));
        if !is_whole && !wanted.is_empty() {
            continue;
        }
        if !is_whole {
            let kind = Kind::ALL[(number / 2 + number) % 3];
            cases.push(Case { point, kind, postgres: databases[number / 2 % databases.len()], after: 0 });
            continue;
        }
        for kind in Kind::ALL {
            for &postgres in databases {
                for after in [0, 3] {
                    cases.push(Case { point, kind, postgres, after });
                }
            }
        }
    }
    cases
}

#[test]
fn whatever_breaks_at_any_point_the_promises_hold() {
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let postgres = runtime.block_on(TestDatabase::postgres()).is_some();
    let waiting = Mutex::new(cases(postgres));
    let ended = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().pop();
                    let Some(case) = next else { return };
                    let result = case.run();
                    ended.lock().unwrap().push((case, result));
                }
            });
        }
    });
    let ended = ended.into_inner().unwrap();
    let (table, broken) = table(&ended);
    let text = format!("{table}{} stories in {} s\n", ended.len(), begun.elapsed().as_secs());
    // Written past the test harness, which keeps the output of tests that pass to itself.
    let _ = std::io::stderr().write_all(text.as_bytes());
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// Points by kind of fault and database, and what did not hold.
fn table(ended: &[(Case, Result<bool, String>)]) -> (String, Vec<String>) {
    let mut table = String::new();
    let mut broken = Vec::new();
    let _ = writeln!(table, "\n{:26}{:13}{:10}{:10}", "fault point", "fault", "SQLite", "PostgreSQL");
    for &point in Point::ALL {
        for kind in Kind::ALL {
            let cell = |postgres: bool| {
                let of_cell: Vec<_> = ended
                    .iter()
                    .filter(|(case, _)| case.point == point && case.kind == kind && case.postgres == postgres)
                    .collect();
                let struck = of_cell.iter().filter(|(_, result)| *result == Ok(true)).count();
                match (of_cell.len(), of_cell.iter().any(|(_, result)| result.is_err())) {
                    (0, _) => "",
                    (_, true) => "BROKEN",
                    _ if struck == 0 => "NOT MET",
                    (1, _) => "held",
                    _ if struck == 1 => "held 1×",
                    _ => "held 2×",
                }
            };
            let (sqlite, postgres) = (cell(false), cell(true));
            if !sqlite.is_empty() || !postgres.is_empty() {
                let _ = writeln!(table, "{:26}{:13}{sqlite:10}{postgres:10}", point.name(), kind.word(point));
            }
        }
    }
    for (case, result) in ended {
        match result {
            Err(reason) => broken.push(format!("{case:?}: {reason}")),
            // The first time at least, each point must be met, or its story proves nothing.
            Ok(false) if case.after == 0 => broken.push(format!("{case:?}: the story does not come by this point")),
            Ok(_) => (),
        }
    }
    (table, broken)
}
