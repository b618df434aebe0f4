//! A scripted game day, as written: steps, one after the other, with what is expected of them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// A game day.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What it is about.
    pub title: String,
    /// When it begins.
    pub starts: DateTime<Utc>,
    /// What happens.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
    /// Where payload files are looked for.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// One step. It does one thing; what it expects is looked at when all has come to rest after it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Tells the reader what goes on.
    pub tell: Option<String>,
    /// Posts a payload: a file beside the script.
    pub alert: Option<String>,
    /// The source that posts it.
    pub source: Option<String>,
    /// The status that the hook answers; 202 when left out.
    pub status: Option<u16>,
    /// Lets time pass: `5m`.
    pub pass: Option<String>,
    /// Who acts, by the key in the configuration.
    pub who: Option<String>,
    /// Where: `room`, `INC-2`, `direct`, `announcements`, `operators`, `public`; the room when left out.
    pub at: Option<String>,
    /// Runs a slash command: `/incident severity`.
    pub command: Option<String>,
    /// Its options.
    pub options: Option<toml::Table>,
    /// Presses the newest button of this name.
    pub press: Option<String>,
    /// On a message that has this text in it.
    pub on: Option<String>,
    /// Fills in the form that opens.
    pub form: Option<toml::Table>,
    /// Writes a message.
    pub says: Option<String>,
    /// Uses the message menu of this name on the newest message that has `on` in it.
    pub menu: Option<String>,
    /// What the private answer has in it.
    pub answer: Vec<String>,
    /// What must be read somewhere now.
    pub expect: Vec<Expectation>,
}

/// What must be read, or must not.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Where, as in [`Step::at`]; `direct:ana` for a person's direct messages.
    pub at: String,
    /// Texts that one message there has in it, all of them.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Texts that no message there has in it.
    #[serde(default)]
    pub never: Vec<String>,
    /// How many messages stand there.
    pub messages: Option<usize>,
}

impl Script {
    /// Reads a script.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut script: Self =
            toml::from_str(&text).with_context(|| format!("{} is not a game day", file.display()))?;
        script.folder = file.parent().unwrap_or(Path::new("")).to_owned();
        Ok(script)
    }
}
