//! Builds the one client: serenity's, with its rate limiter on, over an HTTP client of ours with time-outs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serenity::http::{Http, HttpBuilder};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one request may take on the wire; waiting for the rate limiter comes on top.
const REQUEST: Duration = Duration::from_secs(15);

/// A server on loopback that speaks Discord's protocol and takes Discord's place.
#[derive(Debug, Clone)]
pub struct StandIn {
    /// Where its REST interface listens, with TLS.
    pub address: SocketAddr,
    /// The certificate to trust, in PEM.
    pub ca: Vec<u8>,
}

/// What the client needs to know.
#[derive(Clone)]
pub struct Credentials {
    /// The bot's token.
    pub token: String,
    /// The guild that this process serves.
    pub guild: u64,
    /// What stands in for Discord, if something does.
    pub stand_in: Option<StandIn>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built")]
    Http(#[from] reqwest::Error),
    /// Discord does not let us in, or is not there.
    #[error("Discord cannot be reached with this token")]
    Discord(#[source] Box<serenity::Error>),
    /// The gateway that the stand-in named is not on loopback: the token would leave this machine.
    #[error("the stand-in names a gateway that is not on loopback: {0}")]
    GatewayElsewhere(String),
}

impl From<serenity::Error> for ClientError {
    fn from(error: serenity::Error) -> Self {
        Self::Discord(Box::new(error))
    }
}

/// Builds the client, to be shared by all that speak: its rate limiter must see every call.
pub fn http(credentials: &Credentials) -> Result<Arc<Http>, ClientError> {
    build(credentials).map(Arc::new)
}

/// Builds the client.
pub(super) fn build(credentials: &Credentials) -> Result<Http, ClientError> {
    let mut client = reqwest::Client::builder()
        .use_rustls_tls()
        .user_agent(concat!("DiscordBot (firebell, ", env!("CARGO_PKG_VERSION"), ")"))
        .connect_timeout(CONNECT)
        .timeout(REQUEST);
    if let Some(stand_in) = &credentials.stand_in {
        // `proxy` is not used: with the rate limiter on, serenity ignores it and the token goes to the real host.
        client = client
            .resolve("discord.com", stand_in.address)
            .add_root_certificate(reqwest::Certificate::from_pem(&stand_in.ca)?)
            .tls_built_in_root_certs(false)
            .no_proxy();
    }
    Ok(HttpBuilder::new(&credentials.token).client(client.build()?).build())
}

/// Refuses a gateway that is not where it should be: serenity falls back to the real one when it cannot ask.
pub fn check_gateway(url: &str, stand_in: Option<&StandIn>) -> Result<(), ClientError> {
    if stand_in.is_none() {
        return Ok(());
    }
    let authority = url.split("://").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if loopback { Ok(()) } else { Err(ClientError::GatewayElsewhere(host.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_whose_gateway_is_elsewhere_is_refused() {
        let stand_in = StandIn { address: ([127, 0, 0, 1], 1).into(), ca: Vec::new() };
        for url in ["ws://127.0.0.1:900/", "ws://localhost:1", "ws://[::1]:5/?v=10", "ws://127.0.0.1"] {
            assert!(check_gateway(url, Some(&stand_in)).is_ok(), "{url}");
        }
        for url in ["wss://gateway.discord.gg", "ws://127.0.0.1.example.com:80", "nonsense", ""] {
            assert!(check_gateway(url, Some(&stand_in)).is_err(), "{url}");
        }
        assert!(check_gateway("wss://gateway.discord.gg", None).is_ok());
    }
}
