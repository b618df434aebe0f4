//! A kind of source: all that Firebell knows of one vendor's webhook, as data and one function.

use std::fmt;

use crate::intake::auth::Scheme;
use crate::intake::delivery::{Delivery, Method};
use crate::intake::{Misfit, Reading};

/// A kind of source. Its file in `intake/kinds` states one, and nothing else stands anywhere.
pub struct Kind {
    /// The word in the configuration, on the command line, and of its files: `aws-health`.
    pub name: &'static str,
    /// The name that its vendor gives it.
    pub title: &'static str,
    /// What it sends, as the end of "expected …".
    pub expected: &'static str,
    /// How its vendor lets it prove itself, the default first. Beside these a source may use any scheme that needs
    /// nothing of the vendor; see [`Scheme::names`].
    pub proofs: &'static [Scheme],
    /// How it asks.
    pub methods: &'static [Method],
    /// The status that says "taken in", where its sender minds.
    pub accepted: u16,
    /// Payload to alerts. Any bytes at all give a reading or a reason.
    pub read: fn(&Delivery<'_>) -> Result<Reading, Misfit>,
    /// What it sends, in our own words: for `firebell source sample`, for stories, for benchmarks and for fuzzing.
    pub samples: Samples,
    /// The page of the manual, Markdown. `{address}`, `{name}` and `{secret}` stand for the source's address, its name
    /// in the configuration and its secret.
    pub manual: &'static str,
}

impl Kind {
    /// What most have: the secret itself, one POST, 202.
    pub const USUAL: Self = Self {
        name: "",
        title: "",
        expected: "",
        proofs: &[Scheme::Secret],
        methods: &[Method::Post],
        accepted: 202,
        read: |_| Ok(Reading::default()),
        samples: Samples { fires: Sample::json(""), resolves: None },
        manual: "",
    };

    /// How it proves itself where the configuration says nothing.
    pub fn proof(&self) -> &Scheme {
        self.proofs.first().unwrap_or(&Scheme::Secret)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Names are unique; a test holds it.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kind {}

/// One trouble as its sender tells it.
#[derive(Debug, Clone, Copy)]
pub struct Samples {
    /// It begins.
    pub fires: Sample,
    /// The same is over; `None` where the sender never says so.
    pub resolves: Option<Sample>,
}

/// A payload with the headers that reading it needs.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The body.
    pub body: &'static str,
    /// The headers.
    pub headers: &'static [(&'static str, &'static str)],
}

impl Sample {
    /// A body of JSON.
    pub const fn json(body: &'static str) -> Self {
        Self { body, headers: &[("content-type", "application/json")] }
    }

    /// A form.
    pub const fn form(body: &'static str) -> Self {
        Self { body, headers: &[("content-type", "application/x-www-form-urlencoded")] }
    }
}
