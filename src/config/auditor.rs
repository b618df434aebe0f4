//! `[auditor]`: who notices when Firebell itself is not well.

use super::secret::{Keyring, Secret};
use super::section::Section;

/// The watch over Firebell itself.
#[derive(Debug, Clone)]
pub struct Auditor {
    /// The address that is called as long as all is well; a dead man's switch raises the alarm when the calls end.
    pub heartbeat_url: Option<Secret>,
}

pub(super) fn read(file: &Section<'_>, keyring: &Keyring<'_>) -> Auditor {
    const NOBODY: &str = "nobody would notice that Firebell itself is dead, stuck, or cut off";
    let section = file.section("auditor");
    let field = section.field("heartbeat_url");
    if !field.is_there() {
        field.warning(
            "there is no dead man's switch",
            NOBODY,
            "make a check at a service that raises the alarm when calls end, and write \
             `heartbeat_url = \"env:FIREBELL_HEARTBEAT_URL\"` in [auditor]",
        );
    }
    let url = field.is_there().then(|| keyring.read(&field, NOBODY)).flatten();
    let heartbeat_url = url.filter(|url| {
        let safe = is_safe_address(url.expose());
        if !safe {
            field.error(
                "what it refers to is not an address that may be called",
                NOBODY,
                "put an address there that begins with `https://`, or `http://` on this machine",
            );
        }
        safe
    });
    section.done();
    Auditor { heartbeat_url }
}

/// Whether an address may be called: what is said on the way is nobody else's to hear, unless it stays on this machine.
fn is_safe_address(url: &str) -> bool {
    let of = |rest: &str| rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return false;
    }
    if let Some(rest) = url.strip_prefix("https://") {
        return !of(rest).is_empty();
    }
    let Some(authority) = url.strip_prefix("http://").map(of) else { return false };
    let host = authority.rsplit_once(':').map_or(authority.as_str(), |(host, _)| host);
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_goes_over_tls_or_stays_on_this_machine() {
        for url in
            ["https://hc.example.com/ping/1-2", "http://127.0.0.1:9/x", "http://localhost/", "http://[::1]:80/?a"]
        {
            assert!(is_safe_address(url), "{url}");
        }
        for url in [
            "http://hc.example.com/ping",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com/",
            "http://example.com/@127.0.0.1",
            "https://",
            "https:///x",
            "ftp://localhost",
            "hc.example.com",
            "https://a b",
            "",
        ] {
            assert!(!is_safe_address(url), "{url}");
        }
    }
}
