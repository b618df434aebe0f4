//! The load: a process of its own that posts alerts and says how they were answered.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::alerts::{Keys, Law, Wording};
use crate::http::{Address, Answer, Connection};
use crate::process::usage;

/// How many due times may wait for a connection that is busy; beyond it the receiver is lost anyway.
const DUE_AT_ONCE: usize = 1 << 16;
/// How often in a row a connection may break before it is given up.
const BREAKS: u32 = 50;

/// What to post, how, and for how long.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    pub to: Address,
    pub wording: Wording,
    pub law: Law,
    /// What keys begin with.
    pub prefix: String,
    pub connections: usize,
    /// Alerts in a request.
    pub batch: usize,
    /// Requests a second of an open loop, whose waiting counts from when each was due; `None`: as fast as answers come.
    pub rate: Option<f64>,
    /// What is posted this long before is not counted.
    pub warm: Duration,
    /// How long is counted.
    pub counted: Duration,
    /// To end after so many alerts, and to count them all.
    pub alerts: Option<u64>,
}

/// How it was answered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Answers {
    /// Alerts that were taken, a second.
    pub alerts_a_second: f64,
    /// Until the last counted answer.
    pub seconds: f64,
    /// Milliseconds from a request, or from when it was due, to its answer, of those that were taken.
    pub p50: f64,
    pub p99: f64,
    pub longest: f64,
    /// Alerts that were taken, those of the warm-up included.
    pub taken: u64,
    /// Requests by the status of their answer, those of the warm-up included.
    pub statuses: BTreeMap<u16, u64>,
    /// Answers 429 and 503 that do not say when to come back.
    pub silent: u64,
    /// Requests without an answer.
    pub broken: u64,
    /// Processor seconds that the load itself took.
    pub cpu: f64,
}

impl Answers {
    /// Requests that were turned away with a word on when to come back, or without.
    pub fn turned_away(&self) -> u64 {
        self.statuses.iter().filter(|(status, _)| **status == 503 || **status == 429).map(|(_, count)| count).sum()
    }

    /// Whether every request was taken.
    pub fn are_all_good(&self) -> bool {
        self.broken == 0 && self.statuses.keys().all(|status| (200..300).contains(status))
    }
}

impl Plan {
    /// Carries it out in a process of its own.
    pub async fn run(&self) -> anyhow::Result<Answers> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["load", &serde_json::to_string(self)?]).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.stderr(Stdio::inherit()).output()).await??;
        anyhow::ensure!(output.status.success(), "the load ended with {}", output.status);
        serde_json::from_slice(&output.stdout).context("the load said something else than its figures")
    }

    /// Carries it out here, on one thread.
    pub fn carry_out(self) -> anyhow::Result<Answers> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(LocalSet::new().block_on(&runtime, post(Rc::new(self))))
    }
}

struct Shared {
    keys: Keys,
    left: u64,
    answers: Answers,
    /// Microseconds.
    waits: Vec<u32>,
    last: Instant,
}

async fn post(plan: Rc<Plan>) -> Answers {
    let began = Instant::now();
    let shared = Rc::new(RefCell::new(Shared {
        keys: Keys::new(plan.law, &plan.prefix),
        left: plan.alerts.unwrap_or(u64::MAX),
        answers: Answers::default(),
        waits: Vec::with_capacity(1 << 20),
        last: began,
    }));
    let counts_from = if plan.alerts.is_some() { began } else { began + plan.warm };
    let ends = counts_from + plan.counted;
    let mut dues = plan.rate.map_or_else(Vec::new, |rate| keep_time(rate, plan.connections, began, ends));
    let connections: Vec<_> = (0..plan.connections)
        .map(|_| {
            let sender = Sender { plan: plan.clone(), shared: shared.clone(), counts_from, ends };
            tokio::task::spawn_local(sender.run(dues.pop()))
        })
        .collect();
    for connection in connections {
        let _ = connection.await;
    }
    let mut shared = shared.borrow_mut();
    let seconds = if plan.alerts.is_some() { shared.last - began } else { plan.counted }.as_secs_f64();
    let mut waits = std::mem::take(&mut shared.waits);
    waits.sort_unstable();
    let at = |share: f64| {
        let place = ((waits.len() as f64 * share).ceil() as usize).clamp(1, waits.len().max(1)) - 1;
        waits.get(place).map_or(f64::NAN, |wait| f64::from(*wait) / 1000.0)
    };
    Answers {
        alerts_a_second: (waits.len() * plan.batch) as f64 / seconds,
        seconds,
        p50: at(0.5),
        p99: at(0.99),
        longest: at(1.0),
        cpu: usage(std::process::id()).cpu,
        ..shared.answers.clone()
    }
}

struct Sender {
    plan: Rc<Plan>,
    shared: Rc<RefCell<Shared>>,
    counts_from: Instant,
    ends: Instant,
}

impl Sender {
    async fn run(self, mut dues: Option<mpsc::Receiver<Instant>>) {
        let plan = &self.plan;
        let mut connection = Connection::new(plan.to.at);
        let mut breaks = 0;
        while breaks < BREAKS {
            let due = match &mut dues {
                Some(dues) => match dues.recv().await {
                    Some(due) => due,
                    None => return,
                },
                None => Instant::now(),
            };
            if self.ends <= due {
                return;
            }
            let keys: Vec<String> = {
                let mut shared = self.shared.borrow_mut();
                let count = shared.left.min(plan.batch as u64);
                if count == 0 {
                    return;
                }
                shared.left -= count;
                (0..count).map(|_| shared.keys.next()).collect()
            };
            let request = plan.to.request(&plan.wording.body(&keys));
            let answer = connection.send(&request).await;
            let now = Instant::now();
            match answer {
                Ok(answer) => {
                    breaks = 0;
                    self.note(answer, keys.len() as u64, due, now);
                }
                Err(_) => {
                    breaks += 1;
                    self.shared.borrow_mut().answers.broken += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }

    /// Notes an answer that came `now` to a request with so many alerts.
    fn note(&self, answer: Answer, alerts: u64, due: Instant, now: Instant) {
        let mut shared = self.shared.borrow_mut();
        *shared.answers.statuses.entry(answer.status).or_default() += 1;
        let is_turned_away = matches!(answer.status, 429 | 503);
        shared.answers.silent += u64::from(is_turned_away && !answer.says_when);
        if !(200..300).contains(&answer.status) {
            return;
        }
        shared.answers.taken += alerts;
        // In an open loop whatever was due is counted, however late it was answered.
        let is_counted = match self.plan.rate {
            Some(_) => self.counts_from <= due,
            None => self.counts_from <= now && now <= self.ends,
        };
        if is_counted {
            shared.waits.push((now - due).as_micros().try_into().unwrap_or(u32::MAX));
            shared.last = now;
        }
    }
}

/// Tells each connection when its next request is due. On a thread of its own, since the runtime's timer is no finer than
/// a millisecond.
#[allow(clippy::disallowed_methods, reason = "the thread has nothing else to do")]
fn keep_time(rate: f64, connections: usize, began: Instant, ends: Instant) -> Vec<mpsc::Receiver<Instant>> {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..connections).map(|_| mpsc::channel(DUE_AT_ONCE)).unzip();
    std::thread::spawn(move || {
        for number in 0_u32.. {
            let due = began + Duration::from_secs_f64(f64::from(number) / rate);
            if ends <= due {
                return;
            }
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let sender: &mpsc::Sender<Instant> = &senders[number as usize % connections];
            if sender.blocking_send(due).is_err() {
                return;
            }
        }
    });
    receivers
}
