//! Who is at the other end: the connection's address, or what a trusted proxy says it is.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// Says whether an address is that of a proxy whose `X-Forwarded-For` is believed.
pub type IsProxy = std::sync::Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// The address of whoever sent a request; `None` where the server was not told.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub Option<IpAddr>);

impl FromRequestParts<super::Web> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &super::Web) -> Result<Self, Self::Rejection> {
        let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let access = web.access();
        Ok(Self(connected.map(|address| behind_proxies(address, &parts.headers, &*access.is_proxy))))
    }
}

/// The first address, from the nearest on, that is no proxy of ours: what stands further left anybody can write.
fn behind_proxies(connected: IpAddr, headers: &HeaderMap, is_proxy: &dyn Fn(IpAddr) -> bool) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut claimed: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut address = connected;
    while is_proxy(address) {
        let Some(Ok(next)) = claimed.pop().map(str::parse) else { break };
        address = next;
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let is_proxy = |address: IpAddr| address.is_loopback() || address.to_string().starts_with("10.");
        let cases = [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("127.0.0.1", "1.2.3.4, nonsense", "127.0.0.1"),
        ];
        for (connected, forwarded, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            let found = behind_proxies(connected.parse().unwrap(), &headers, &is_proxy);
            assert_eq!(found.to_string(), expected, "{connected} {forwarded}");
        }
    }
}
