//! `firebell rehearse`, in builds with fault points.

use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::app::{App, Options, Role};
use crate::cli::{ConfigFile, Ended, load, print};
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::telemetry;

/// How long what is under way may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(20);

/// Run the bot as `serve` does, with a clock that stands still and leases as short as a test wants them. Commands come
/// by standard input, one a line, each answered with a line: `pass SECONDS`, `rest`, `reload`, `stop`.
#[derive(Debug, Args)]
pub struct Rehearse {
    #[command(flatten)]
    file: ConfigFile,
    /// What this process does.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["web", "worker", "gateway"])]
    roles: Vec<Role>,
    /// Where the clock stands at first.
    #[arg(long)]
    at: Timestamp,
    /// How long a lease lasts, in milliseconds.
    #[arg(long, default_value_t = 1500)]
    lease: u64,
}

impl Rehearse {
    pub(super) async fn run(self) -> anyhow::Result<Ended> {
        let (config, _) = match load(&self.file) {
            Ok(loaded) => loaded,
            Err(ended) => return Ok(ended),
        };
        let clock = Clock::frozen(self.at);
        let options = Options {
            roles: self.roles.iter().copied().collect(),
            clock: clock.clone(),
            lease: Duration::from_millis(self.lease),
            // Its seconds pass when it is told so.
            edits_apart: Duration::ZERO,
            metrics: telemetry::count(),
            ..Options::default()
        };
        let app = App::start(config, options).await?;
        let address = app.address().map_or_else(String::new, |address| address.to_string());
        print::line(format_args!("ready {address}"));
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Some(line) = lines.next_line().await? {
            let answer = match line.split_once(' ').unwrap_or((&line, "")) {
                ("pass", seconds) => {
                    clock.advance(chrono::Duration::seconds(seconds.parse()?));
                    "ok".to_owned()
                }
                ("rest", _) => match tokio::time::timeout(PATIENCE, rest(&app)).await {
                    Ok(()) => "ok".to_owned(),
                    Err(_) => "busy".to_owned(),
                },
                ("reload", _) => match load(&self.file) {
                    Ok((config, _)) => match app.reload(config).await {
                        Ok(()) => "ok".to_owned(),
                        Err(error) => error.to_string(),
                    },
                    Err(_) => "the configuration has errors".to_owned(),
                },
                ("stop", _) => break,
                (other, _) => format!("no such command: {other}"),
            };
            print::line(answer);
        }
        app.stop().await;
        print::line("ok");
        Ok(Ended::Well)
    }
}

/// Waits until nothing is to be done now; a database that cannot be asked is asked again.
async fn rest(app: &App) {
    let mut calm = 0;
    while calm < 2 {
        calm = if app.is_idle().await.unwrap_or(false) { calm + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
}
