//! Who may talk to the control port: pages that it served itself, and programs on this machine. A page of another site
//! cannot post here, nor read what is here under a name of its own that leads to loopback (DNS rebinding).

use axum::Json;
use axum::extract::Request;
use axum::http::header::{HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Refuses what is not from here.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    if let Err(reason) = check(request.method(), request.headers()) {
        return (StatusCode::FORBIDDEN, Json(json!({"error": reason}))).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn check(method: &Method, headers: &HeaderMap) -> Result<(), String> {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let host = text(HOST).ok_or("the request names no host")?;
    if !is_loopback(host) {
        return Err(format!("this is served under a name of this machine's loopback only, not as {host}"));
    }
    if let Some(site) = text(SEC_FETCH_SITE)
        && !["same-origin", "none"].contains(&site)
        // Somebody who follows a link from elsewhere may look, and do no more.
        && !(method == Method::GET && text(HeaderName::from_static("sec-fetch-mode")) == Some("navigate"))
    {
        return Err(format!("this is for the page that is served here, not for a {site} one"));
    }
    match text(ORIGIN) {
        Some(origin) if origin != format!("http://{host}") => {
            Err(format!("this is for the page that is served here, not for one of {origin}"))
        }
        _ => Ok(()),
    }
}

/// Whether a `Host` is loopback, with whatever port: a forwarded port is another one.
fn is_loopback(host: &str) -> bool {
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) && !host.ends_with(']') => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::{check, is_loopback};

    #[test]
    fn only_names_of_loopback_are_hosts_here() {
        for host in ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["example.org", "127.0.0.1.example.org:8080", "localhost.example.org", "", "10.0.0.1", "127.0.0.1:x"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let asked = |method: Method, headers: &[(&'static str, &'static str)]| {
            let headers: HeaderMap = [("host", "127.0.0.1:8080")]
                .iter()
                .chain(headers)
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            check(&method, &headers).is_ok()
        };
        assert!(asked(Method::POST, &[]), "a program on this machine");
        assert!(asked(Method::POST, &[("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")]));
        assert!(asked(Method::GET, &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")]));
        assert!(asked(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]), "a link");
        assert!(!asked(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        assert!(!asked(Method::POST, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(!asked(Method::POST, &[("sec-fetch-site", "same-site")]), "another port");
        assert!(!asked(Method::POST, &[("origin", "http://127.0.0.1:9090")]));
        assert!(!asked(Method::POST, &[("origin", "null")]));
    }
}
