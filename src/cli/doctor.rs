//! `firebell doctor`.

use clap::Args;

use crate::cli::{ConfigFile, Ended, load, print};
use crate::clock::real_time;
use crate::config::Config;
use crate::discord::client::{self, Credentials, StandIn};
use crate::discord::doctor::{Places, examine};
use crate::domain::duration;
use crate::store::Db;

/// Tries everything the bot depends on: configuration, database, clock, token, permissions by name. Says what each
/// missing thing costs.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    file: ConfigFile,
}

/// What was found, as it is printed.
#[derive(Default)]
struct Report {
    missing: usize,
}

impl Report {
    fn good(&self, what: &str, found: &str) {
        print::line(format_args!("✓ {what}: {found}"));
    }

    fn bad(&mut self, what: &str, problem: &str, cost: &str, cure: &str) {
        self.missing += 1;
        print::line(format_args!("✗ {what}: {problem}\n    cost: {cost}\n    cure: {cure}"));
    }
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<Ended> {
        let (config, warnings) = match load(&self.file) {
            Ok(loaded) => loaded,
            Err(ended) => return Ok(ended),
        };
        let mut report = Report::default();
        report.good("configuration", &format!("{} warnings; see `firebell check`", warnings.len()));
        database(&config, &mut report).await;
        discord(&config, &mut report).await?;
        if report.missing == 0 {
            print::line("all is there");
            return Ok(Ended::Well);
        }
        print::line(format_args!("{} missing", report.missing));
        Ok(Ended::Badly)
    }
}

async fn database(config: &Config, report: &mut Report) {
    let Some(url) = &config.database.url else {
        return report.bad("database", "database.url is not set", "nothing can be kept", "set what it refers to");
    };
    let db = match Db::connect(url.expose()).await {
        Ok(db) => db,
        Err(error) => {
            let problem = chain(&error);
            return report.bad("database", &problem, "nothing can be kept", "see that it runs and lets us in");
        }
    };
    report.good("database", db.kind());
    match db.pending_migrations().await {
        Ok(pending) if pending.is_empty() => report.good("tables", "up to date"),
        Ok(pending) => report.bad(
            "tables",
            &format!("lacking {}", pending.join(", ")),
            "`serve --no-migrate` does not start",
            "run `firebell migrate`, or `firebell serve`, which does it by itself",
        ),
        Err(error) => report.bad("tables", &chain(&error), "nothing can be kept", "see the database's own log"),
    }
    match db.time().await.map(|theirs| (theirs - real_time()).abs()) {
        Ok(apart) if apart <= chrono::Duration::seconds(2) => {
            report.good("clock", &format!("{} ms from the database's", apart.num_milliseconds()));
        }
        Ok(apart) => report.bad(
            "clock",
            &format!("{} ms from the database's", apart.num_milliseconds()),
            "two processes may do the same work",
            "set both machines by NTP",
        ),
        Err(error) => report.bad("clock", &chain(&error), "it cannot be compared", "see the database's own log"),
    }
    if let Ok(mut tx) = db.read().await
        && let Ok(count) = tx.count_set_aside().await
        && 0 < count
    {
        report.bad(
            "inbox",
            &format!("{count} alerts could not be digested and are set aside"),
            "they opened no incident",
            "look at the table `set_aside` and tell the project what they are",
        );
    }
    refused(&db, report).await;
    heartbeats(config, &db, report).await;
}

async fn refused(db: &Db, report: &mut Report) {
    let Ok(mut tx) = db.read().await else { return };
    if let Ok(count) = tx.count_refused().await
        && 0 < count
    {
        report.bad(
            "payloads",
            &format!("{count} could not be read and are kept"),
            "what they held opened no incident, and most senders do not try again",
            "`firebell refused` lists them with their reasons, and takes them in once they can be read",
        );
    }
}

async fn heartbeats(config: &Config, db: &Db, report: &mut Report) {
    let Ok(mut tx) = db.read().await else { return };
    for (name, source) in &config.sources {
        let Some(every) = source.every else { continue };
        let known = tx.heartbeat(name).await.ok().flatten();
        let what = format!("heartbeat {name}");
        let last = match known.as_ref().and_then(|known| known.heard_at) {
            Some(at) => format!("last call {}", at.format("%Y-%m-%d %H:%M UTC")),
            None => "no call yet".to_owned(),
        };
        match known {
            Some(known) if known.is_firing => report.bad(
                &what,
                &format!("it says that it failed, or fell silent; {last}"),
                "its alert fires",
                "see why whoever must call does not, or fails",
            ),
            _ => report.good(&what, &format!("{last}, expected every {}", duration::format(every))),
        }
    }
}

async fn discord(config: &Config, report: &mut Report) -> anyhow::Result<()> {
    let Some(token) = &config.discord.token else {
        report.bad("token", "discord.token is not set", "nobody hears of anything", "set what it refers to");
        return Ok(());
    };
    let stand_in = match &config.discord.stand_in {
        Some(stand_in) => Some(StandIn { address: stand_in.address, ca: std::fs::read(&stand_in.ca)? }),
        None => None,
    };
    let credentials = Credentials { token: token.expose().to_owned(), guild: config.discord.guild.0, stand_in };
    let http = client::http(&credentials)?;
    let places = Places {
        category: config.discord.incidents_category,
        announcements: config.discord.announcements,
        operators: config.discord.operators,
    };
    for check in examine(&http, config.discord.guild, places).await {
        match check.found {
            Ok(found) => report.good(&check.what, &found),
            Err(missing) => report.bad(&check.what, &missing.problem, missing.cost, missing.cure),
        }
    }
    Ok(())
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
