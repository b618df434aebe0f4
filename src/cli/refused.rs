//! `firebell refused`.

use std::io::Write;

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use crate::cli::{ConfigFile, Ended, load, print};
use crate::clock::real_time;
use crate::config::Config;
use crate::domain::Timestamp;
use crate::domain::id::SourceName;
use crate::intake::again::Manner;
use crate::intake::delivery::Delivery;
use crate::intake::{self, Reading, kinds};
use crate::store::inbox::Written;
use crate::store::refused::{KEPT_OF_A_SOURCE, Refusal, Refused as Kept};
use crate::store::{Db, StoreError};

/// Lists what sources sent that could not be read, with the reasons. With a reference it prints the payload as it came,
/// ready for a file and `firebell explain`. With `--retry` the payloads are read again by the configuration as it is now:
/// what can be read is taken in as if it had just come, and the rest stays.
#[derive(Debug, Args)]
pub struct Refused {
    /// Which; the references that the list, the sender's answer and the operators' channel give.
    references: Vec<String>,
    /// Take in what can be read by now: these, or all.
    #[arg(long)]
    retry: bool,
    /// Only those of this source.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// List in JSON.
    #[arg(long, conflicts_with = "retry")]
    json: bool,
    #[command(flatten)]
    file: ConfigFile,
}

/// A line of the list as JSON.
#[derive(Serialize)]
struct Listed<'a> {
    reference: &'a str,
    source: &'a str,
    received_at: Timestamp,
    reason: &'a str,
    bytes: Option<u64>,
    times: u64,
}

impl Refused {
    pub(super) async fn run(self) -> anyhow::Result<Ended> {
        let config = match load(&self.file) {
            Ok((config, _)) => config,
            Err(ended) => return Ok(ended),
        };
        let db = super::open(&config).await?;
        let ended = self.look(&config, &db).await;
        db.close().await;
        ended
    }

    async fn look(&self, config: &Config, db: &Db) -> anyhow::Result<Ended> {
        if self.retry {
            return self.take_in(config, db).await;
        }
        match self.references.as_slice() {
            [] => self.list(db).await,
            [reference] => show(db, reference).await,
            _ => bail!("one payload is shown at a time: name one reference"),
        }
    }

    async fn kept(&self, db: &Db) -> Result<Vec<Refusal>, StoreError> {
        let source = self.source.as_deref().map(SourceName::from);
        db.read().await?.refusals(source.as_ref()).await
    }

    async fn list(&self, db: &Db) -> anyhow::Result<Ended> {
        let kept = self.kept(db).await?;
        if self.json {
            let listed: Vec<Listed<'_>> = kept.iter().map(listed).collect();
            print::line(serde_json::to_string_pretty(&listed)?);
            return Ok(Ended::Well);
        }
        for refusal in &kept {
            let Refusal { reference, source, received_at, reason, length, times } = refusal;
            let at = received_at.format("%Y-%m-%d %H:%M:%S");
            let length = length.map_or(String::new(), |length| format!(", {length} bytes"));
            let times = if *times == 1 { String::new() } else { format!(", {times} times") };
            print::line(format_args!("{reference}  {at}  {source}{length}{times}\n    {reason}"));
        }
        match kept.len() {
            0 => print::line("nothing that was refused is kept"),
            _ => print::aside(format_args!(
                "\n`firebell refused REFERENCE` prints one, `--retry` takes in what can be read by now; kept are the latest \
                 {KEPT_OF_A_SOURCE} of each source, as long as retention.refused says"
            )),
        }
        Ok(Ended::Well)
    }

    async fn take_in(&self, config: &Config, db: &Db) -> anyhow::Result<Ended> {
        let references = match self.references.as_slice() {
            [] => self.kept(db).await?.into_iter().map(|refusal| refusal.reference).collect(),
            named => named.to_vec(),
        };
        let mut ended = Ended::Well;
        for reference in references {
            match again(config, db, &reference).await {
                Ok(taken) => print::line(format_args!("{reference}: {taken}")),
                Err(error) => {
                    ended = Ended::Badly;
                    print::line(format_args!("{reference}: {error:#}"));
                }
            }
        }
        Ok(ended)
    }
}

fn listed(refusal: &Refusal) -> Listed<'_> {
    Listed {
        reference: &refusal.reference,
        source: refusal.source.as_str(),
        received_at: refusal.received_at,
        reason: &refusal.reason,
        bytes: refusal.length,
        times: refusal.times,
    }
}

async fn find(db: &Db, reference: &str) -> anyhow::Result<Kept> {
    let found = db.read().await?.refused(reference).await?;
    found.with_context(|| format!("nothing is kept as {reference}: `firebell refused` lists what is"))
}

/// Prints a payload, its bytes as they came.
async fn show(db: &Db, reference: &str) -> anyhow::Result<Ended> {
    let kept = find(db, reference).await?;
    let Refusal { source, received_at, reason, .. } = &kept.refusal;
    print::aside(format_args!("{source}, {}: {reason}", received_at.format("%Y-%m-%d %H:%M:%S UTC")));
    if is_cut(&kept) {
        print::aside(format_args!("only its first {} bytes are kept", kept.body.len()));
    }
    let mut out = std::io::stdout().lock();
    out.write_all(&kept.body)?;
    out.flush()?;
    Ok(Ended::Well)
}

fn is_cut(kept: &Kept) -> bool {
    kept.refusal.length.is_some_and(|length| (kept.body.len() as u64) < length)
}

/// Reads a payload again and takes in what it holds; what became of it.
async fn again(config: &Config, db: &Db, reference: &str) -> anyhow::Result<String> {
    let kept = find(db, reference).await?;
    let name = &kept.refusal.source;
    let source =
        config.sources.get(name).with_context(|| format!("the configuration has no source {name} any more"))?;
    if is_cut(&kept) {
        bail!("only its first {} bytes are kept: have it sent again", kept.body.len());
    }
    let manner: Manner = serde_json::from_str(&kept.fields).context("how it came cannot be read")?;
    let (method, headers, query) = manner.into_parts();
    let delivery = Delivery {
        method,
        headers: &headers,
        query: &query,
        now: real_time(),
        mapping: source.mapping.as_deref(),
        ..Delivery::bare(name, &kept.body)
    };
    let Reading { alerts, rejected, .. } = intake::read(source.kind, &delivery).context("still refused")?;
    if source.kind == kinds::HEARTBEAT {
        bail!("a call that is late says nothing: let it call again");
    }
    // In one commit, so that it is neither lost nor taken in twice.
    let mut tx = db.begin().await?;
    if rejected.is_empty() && !tx.forget_refused(reference).await? {
        bail!("somebody else has just taken it in");
    }
    if !alerts.is_empty() {
        let alerts: Vec<Written> = alerts.iter().cloned().map(Written::new).collect::<Result<_, _>>()?;
        tx.append_to_inbox(&alerts, real_time()).await?;
    }
    tx.commit().await?;
    match rejected.first() {
        None => Ok(format!("taken in, {} alerts", alerts.len())),
        Some(first) => bail!(
            "{} alerts are taken in, and it is kept for item {}, which still is not: {}",
            alerts.len(),
            first.index,
            first.reason
        ),
    }
}
