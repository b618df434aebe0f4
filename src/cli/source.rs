//! `firebell source`.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::cli::{ConfigFile, Ended, load, on_runtime, print};
use crate::clock::real_time;
use crate::config::{Config, did_you_mean};
use crate::domain::id::SourceName;
use crate::intake::delivery::{Delivery, Fields};
use crate::intake::drill;
use crate::intake::kind::{Kind, Sample};
use crate::intake::kinds;

/// How long the server may take to answer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Sets up a source of alerts, and tries it.
#[derive(Debug, Subcommand)]
pub enum Source {
    /// Print how a kind of source is set up, with the address filled in.
    Add(Add),
    /// Print what a kind of source sends, or send it to the running server as a drill.
    Sample(SampleOf),
}

/// Prints the page of the manual on a kind of source, with the address, the name and the secret's variable filled in.
#[derive(Debug, Args)]
pub struct Add {
    /// The kind of source.
    #[arg(value_name = "KIND")]
    kind: String,
    /// What it will be called; the kind's name if not given.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    file: ConfigFile,
}

/// Prints a realistic payload of a kind of source. With `--send` it is posted to the running server as its sender would,
/// proof and all: the whole way is tried, to the page on somebody's telephone. What comes of it is marked as a drill.
#[derive(Debug, Args)]
pub struct SampleOf {
    /// The kind of source.
    #[arg(value_name = "KIND")]
    kind: String,
    /// The end of the trouble, in place of its beginning.
    #[arg(long)]
    resolved: bool,
    /// Post it to the running server.
    #[arg(long)]
    send: bool,
    /// Which source of the configuration sends it; the one named as the kind if not given.
    #[arg(long)]
    name: Option<String>,
    /// Where the server is, if not where the configuration has it listen.
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    #[command(flatten)]
    file: ConfigFile,
}

impl Source {
    pub(super) fn run(self) -> anyhow::Result<Ended> {
        match self {
            Self::Add(add) => Ok(add.run()),
            Self::Sample(sample) => sample.run(),
        }
    }
}

impl Add {
    fn run(self) -> Ended {
        let Some(kind) = kind(&self.kind) else { return Ended::Misused };
        let name = self.name.as_deref().unwrap_or(kind.name);
        let server = self
            .file
            .config
            .exists()
            .then(|| load(&self.file).ok())
            .flatten()
            .and_then(|(config, _)| config.server.public_url);
        if server.is_none() {
            print::aside("server.public_url is not known, so the address below begins with a stand-in for it\n");
        }
        let server = server.as_deref().unwrap_or("https://YOUR-SERVER");
        let variable = name.to_ascii_uppercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let page = kind
            .manual
            .replace("{address}", &format!("{server}/hooks/{name}"))
            .replace("{name}", name)
            .replace("{secret}", &format!("env:FIREBELL_{variable}_SECRET"));
        print::text(page);
        Ended::Well
    }
}

impl SampleOf {
    fn run(self) -> anyhow::Result<Ended> {
        let Some(kind) = kind(&self.kind) else { return Ok(Ended::Misused) };
        let sample = match (self.resolved, &kind.samples.resolves) {
            (false, _) => &kind.samples.fires,
            (true, Some(resolves)) => resolves,
            (true, None) => bail!("{} never says that a trouble is over", kind.title),
        };
        if !self.send {
            print::text(sample.body);
            return Ok(Ended::Well);
        }
        let config = match load(&self.file) {
            Ok((config, _)) => config,
            Err(ended) => return Ok(ended),
        };
        let name = SourceName::from(self.name.as_deref().unwrap_or(kind.name));
        on_runtime(send(&config, &name, kind, sample, self.to.as_deref()))
    }
}

async fn send(
    config: &Config,
    name: &SourceName,
    kind: &'static Kind,
    sample: &Sample,
    to: Option<&str>,
) -> anyhow::Result<Ended> {
    let Some(source) = config.sources.get(name).filter(|source| source.kind == kind) else {
        let alike = config.sources.iter().filter(|(_, source)| source.kind == kind);
        let alike: Vec<&str> = alike.map(|(name, _)| name.as_str()).collect();
        let cure = match alike.as_slice() {
            [] => format!("`firebell source add {}` says how to add one", kind.name),
            _ => format!("name one with --name: {}", alike.join(", ")),
        };
        bail!("the configuration has no source `{name}` of the kind {}: {cure}", kind.name);
    };
    let here = format!("http://{}", config.server.listen);
    let path = format!("/hooks/{name}");
    let address = format!("{}{path}", to.unwrap_or(&here).trim_end_matches('/'));
    // What is signed is the address as senders know it.
    let known_as = format!("{}{path}", config.server.public_url.as_deref().unwrap_or("https://localhost"));
    let own = sample.headers.iter().copied().chain([(drill::HEADER, "yes")]);
    let headers: Fields = own.clone().collect();
    let now = real_time();
    let delivery =
        Delivery { headers: &headers, address: &known_as, now, ..Delivery::bare(name, sample.body.as_bytes()) };
    let secret = source.secrets.first().map_or("", |secret| secret.expose());
    let proof = source
        .proof
        .prove(&delivery, secret, now)
        .map_err(|denied| anyhow::anyhow!("{}: {}", denied.reason, denied.cure))?;
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let mut request = client.post(&address).body(sample.body);
    for (header, value) in own.chain(proof.headers.iter().map(|(header, value)| (header.as_str(), value.as_str()))) {
        request = request.header(header, value);
    }
    if let Some(token) = &proof.token {
        request = request.query(&[("token", token)]);
    }
    let answer =
        request.send().await.with_context(|| format!("{address} does not answer: is `firebell serve` running?"))?;
    let status = answer.status();
    print::line(format_args!("{address} answered {status}"));
    print::line(answer.text().await.unwrap_or_default());
    Ok(if status.is_success() { Ended::Well } else { Ended::Badly })
}

fn kind(text: &str) -> Option<&'static Kind> {
    let kind = kinds::named(text);
    if kind.is_none() {
        let cure = did_you_mean(text, kinds::ALL.iter().map(|kind| kind.name));
        print::aside(format_args!("error: `{text}` is not a kind of source: {cure}"));
    }
    kind
}
