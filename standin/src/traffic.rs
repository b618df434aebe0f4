//! What went over the wire, kept for checks against Discord's own API description.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

/// Which way a gateway frame went, seen from the stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the bot.
    In,
    /// To the bot.
    Out,
}

/// One exchange. As JSON it is one line: `{"t":"rest",…}` or `{"t":"gateway",…}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum Traffic {
    /// A request and its answer.
    Rest {
        /// The method, in capitals.
        method: String,
        /// The path below `/api/v10`.
        path: String,
        /// What followed the question mark, without it.
        query: String,
        /// The JSON of the request; for an upload that of its `payload_json`; null without one.
        req: Value,
        /// The status of the answer; 0 when the line was cut instead.
        status: u16,
        /// The JSON of the answer; null without one.
        resp: Value,
    },
    /// A frame of the gateway, without the token.
    Gateway {
        /// Which way it went.
        dir: Direction,
        /// The frame.
        frame: Value,
    },
}

/// Keeps the traffic, on request in a file too, and counts what clients are judged by.
#[derive(Debug)]
pub(crate) struct Recorder {
    keeping: bool,
    kept: Vec<Traffic>,
    file: Option<BufWriter<File>>,
    requests: Recent,
    edits: BTreeMap<String, Recent>,
    limited: usize,
}

/// What arrived within the last second, and the most that ever did.
#[derive(Debug, Default)]
struct Recent {
    arrived: VecDeque<Instant>,
    most: usize,
}

impl Recent {
    fn count(&mut self, now: Instant) {
        while self.arrived.front().is_some_and(|first| Duration::from_secs(1) <= now - *first) {
            self.arrived.pop_front();
        }
        self.arrived.push_back(now);
        self.most = self.most.max(self.arrived.len());
    }
}

impl Recorder {
    pub fn new(keeping: bool) -> Self {
        Self { keeping, kept: Vec::new(), file: None, requests: Recent::default(), edits: BTreeMap::new(), limited: 0 }
    }

    pub fn kept(&self) -> &[Traffic] {
        &self.kept
    }

    /// Writes what was kept and what is to come to a file, one JSON object a line.
    pub fn record_to(&mut self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for traffic in &self.kept {
            write_line(&mut file, traffic)?;
        }
        file.flush()?;
        self.file = Some(file);
        Ok(())
    }

    pub fn gateway(&mut self, dir: Direction, frame: &Value) {
        if self.keeping || self.file.is_some() {
            self.keep(Traffic::Gateway { dir, frame: frame.clone() });
        }
    }

    /// Counts a request when it arrives.
    pub fn request_arrived(&mut self, method: &str, path: &str) {
        let now = Instant::now();
        self.requests.count(now);
        // PATCH /channels/{channel}/messages/{message}
        if method == "PATCH" && path.contains("/channels/") && path.contains("/messages/") {
            self.edits.entry(path.to_owned()).or_default().count(now);
        }
    }

    /// Keeps a request once it is answered.
    pub fn request_answered(&mut self, traffic: Traffic) {
        if matches!(traffic, Traffic::Rest { status: 429, .. }) {
            self.limited += 1;
        }
        self.keep(traffic);
    }

    pub fn busiest_second(&self) -> usize {
        self.requests.most
    }

    pub fn most_edits(&self) -> usize {
        self.edits.values().map(|recent| recent.most).max().unwrap_or(0)
    }

    pub fn limited(&self) -> usize {
        self.limited
    }

    fn keep(&mut self, traffic: Traffic) {
        if let Some(file) = self.file.as_mut()
            && let Err(error) = write_line(file, &traffic).and_then(|()| file.flush())
        {
            tracing::error!(%error, "cannot write to the record, it ends here");
            self.file = None;
        }
        if self.keeping {
            self.kept.push(traffic);
        }
    }
}

fn write_line(file: &mut impl Write, traffic: &Traffic) -> io::Result<()> {
    serde_json::to_writer(&mut *file, traffic)?;
    file.write_all(b"\n")
}
