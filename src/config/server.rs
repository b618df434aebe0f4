//! `[server]`: where Firebell listens, and how it is reached.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::network::Network;
use super::secret::{Keyring, Secret};
use super::section::Section;
use super::shape;

/// Where the server listens when the file does not say: on this machine only.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// The largest body of a request, in MiB, when the file does not say.
const BODY_LIMIT_MIB: u32 = 4;
/// The largest body that may be asked for: a request is held in memory while it is read.
const BODY_LIMIT_MIB_MOST: u32 = 64;
/// How long a request may take when the file does not say.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The web server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Under which address others reach it, without a slash at the end.
    pub public_url: Option<String>,
    /// The largest body of a request, in bytes.
    pub body_limit: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// The proxies whose word on the caller's address is taken.
    pub trusted_proxies: Vec<Network>,
    /// Who has one of these may read `/api`; with none, nobody may.
    pub api_tokens: Vec<Secret>,
}

pub(super) fn read(file: &Section<'_>, keyring: &Keyring<'_>) -> Server {
    let section = file.section("server");
    let server = Server {
        listen: section
            .field("listen")
            .read(shape::address, "no alert would arrive where its sender posts it")
            .unwrap_or(LISTEN),
        public_url: public_url(&section),
        body_limit: body_limit(&section),
        request_timeout: request_timeout(&section),
        trusted_proxies: trusted_proxies(&section),
        api_tokens: api_tokens(&section, keyring),
    };
    section.done();
    server
}

fn public_url(section: &Section<'_>) -> Option<String> {
    let field = section.field("public_url");
    if !field.is_there() {
        field.warning(
            "the public address of this server is not known",
            "the addresses to give to alert senders cannot be printed, and cards cannot link to pages of this server",
            "write `public_url = \"https://firebell.example.org\"`",
        );
    }
    let url = field.read(shape::text, "links would lead nowhere")?;
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_plain = |host: &&str| {
        !host.is_empty() && !host.starts_with('/') && !host.contains(|c: char| c.is_whitespace() || "?#@".contains(c))
    };
    if host.filter(is_plain).is_none() {
        field.error(
            format!("`{url}` is not the address of a server"),
            "links would lead nowhere",
            "write it with `https://` or `http://`, and without a query: \"https://firebell.example.org\"",
        );
        return None;
    }
    Some(url.trim_end_matches('/').to_owned())
}

fn body_limit(section: &Section<'_>) -> usize {
    let field = section.field("body_limit_mib");
    let mib = field.read(shape::count, "requests would not be limited as is meant").unwrap_or(BODY_LIMIT_MIB);
    if !(1..=BODY_LIMIT_MIB_MOST).contains(&mib) {
        field.error(
            format!("{mib} MiB is not a useful limit"),
            if mib == 0 { "every alert would be refused with 413" } else { "a few requests could fill the memory" },
            format!("write a number from 1 to {BODY_LIMIT_MIB_MOST}"),
        );
    }
    usize::try_from(mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024)
}

fn request_timeout(section: &Section<'_>) -> Duration {
    let field = section.field("request_timeout");
    let Some(span) = field.read(shape::span, "requests would not be limited as is meant") else {
        return REQUEST_TIMEOUT;
    };
    match span.to_std() {
        Ok(timeout) if !timeout.is_zero() => timeout,
        _ => {
            field.error("no time at all is left for a request", "every request would fail", "write \"30s\"");
            REQUEST_TIMEOUT
        }
    }
}

fn trusted_proxies(section: &Section<'_>) -> Vec<Network> {
    let mut networks = Vec::new();
    for (field, text) in
        section.field("trusted_proxies").list(shape::text, "the proxy's word on who calls would not be taken")
    {
        match text.parse::<Network>() {
            Ok(network) => {
                if network.is_everything() {
                    field.warning(
                        format!("`{text}` trusts everyone"),
                        "any caller can pretend to call from elsewhere and escape the limits on callers",
                        "name only the addresses of your own proxies",
                    );
                }
                networks.push(network);
            }
            Err(error) => field.error(
                error.to_string(),
                "the proxy's word on who calls would not be taken",
                "write an address or a range, not a host's name",
            ),
        }
    }
    networks
}

fn api_tokens(section: &Section<'_>, keyring: &Keyring<'_>) -> Vec<Secret> {
    const NOBODY: &str = "requests to /api would be refused with 401";
    let field = section.field("api_tokens");
    let items = field.items();
    if field.is_empty() {
        field.warning(
            "there is no token for the API",
            NOBODY,
            "write `api_tokens = [\"env:FIREBELL_API_TOKEN\"]`, if somebody is to read it",
        );
    }
    items.iter().filter_map(|item| keyring.read(item, NOBODY)).collect()
}
