//! `firebell migrate`.

use anyhow::Context;
use clap::Args;

use crate::cli::{ConfigFile, Ended, load, print};
use crate::store::Db;

/// Brings the database's tables up to date.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    file: ConfigFile,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

impl Migrate {
    pub(super) async fn run(self) -> anyhow::Result<Ended> {
        let config = match load(&self.file) {
            Ok((config, _)) => config,
            Err(ended) => return Ok(ended),
        };
        let url = config.database.url.context("database.url is not set")?;
        let db = Db::connect(url.expose()).await?;
        let pending = db.pending_migrations().await?;
        if pending.is_empty() {
            print::line("the tables are up to date");
            return Ok(Ended::Well);
        }
        for migration in &pending {
            print::line(format_args!("{} {migration}", if self.dry_run { "would apply" } else { "applying" }));
        }
        if !self.dry_run {
            db.migrate().await.context("cannot bring the database up to date")?;
        }
        Ok(Ended::Well)
    }
}
