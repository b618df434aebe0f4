//! What is asked of Amazon: certificates of SNS, and confirmations of subscriptions.
//!
//! Only addresses that passed the rules of [`crate::intake::sns`] come here. No redirect is followed, an answer is
//! bounded in size and time, and a certificate is fetched once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::intake::sns;

/// How long an answer may take. SNS itself waits 15 s for ours.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest certificate, in bytes.
const CERTIFICATE: usize = 64 * 1024;
/// How many certificates are kept; Amazon has one or two for each of its Regions.
const KEPT: usize = 64;

/// Asks Amazon. Clones share what was fetched.
#[derive(Clone)]
pub struct Amazon {
    client: Option<reqwest::Client>,
    certificates: Arc<Mutex<HashMap<String, Arc<[u8]>>>>,
}

impl Default for Amazon {
    fn default() -> Self {
        Self::with(|client| client)
    }
}

impl Amazon {
    fn with(reach: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .https_only(true)
            .timeout(PATIENCE)
            .user_agent("Firebell");
        let client = reach(client).build();
        if let Err(error) = &client {
            tracing::error!(error = error as &dyn std::error::Error, "certificates of SNS cannot be fetched");
        }
        Self { client: client.ok(), certificates: Arc::default() }
    }

    /// One that finds every host at `address`, and trusts the authority `ca` (PEM) and no other. Tests have it, and no
    /// release.
    #[cfg(feature = "faults")]
    pub fn standing_at(address: std::net::SocketAddr, ca: &[u8]) -> reqwest::Result<Self> {
        let ca = reqwest::Certificate::from_pem(ca)?;
        Ok(Self::with(|client| {
            client
                .dns_resolver(Arc::new(Everywhere(address)))
                .add_root_certificate(ca)
                .tls_built_in_root_certs(false)
                .no_proxy()
        }))
    }

    /// The certificate at an address of Amazon's.
    pub async fn certificate(&self, address: &str) -> Result<Arc<[u8]>, String> {
        if let Some(known) = self.known().get(address) {
            return Ok(known.clone());
        }
        let mut response = self.ask(address).await?;
        let mut certificate = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
            certificate.extend_from_slice(&chunk);
            if CERTIFICATE < certificate.len() {
                return Err(format!("the certificate is larger than {CERTIFICATE} bytes"));
            }
        }
        // Whatever else stood there for a moment must not be what all messages are held against from then on.
        if !sns::is_certificate(&certificate) {
            return Err("what stands at its address is no certificate".to_owned());
        }
        let certificate: Arc<[u8]> = certificate.into();
        let mut known = self.known();
        if KEPT <= known.len() {
            known.clear();
        }
        known.insert(address.to_owned(), certificate.clone());
        Ok(certificate)
    }

    /// Confirms a subscription by asking for its address.
    pub async fn confirm(&self, address: &str) -> Result<(), String> {
        self.ask(address).await.map(|_| ())
    }

    async fn ask(&self, address: &str) -> Result<reqwest::Response, String> {
        let client = self.client.as_ref().ok_or("there is no client for HTTPS")?;
        let response = client.get(address).send().await.map_err(|error| cause(&error))?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(format!("Amazon answered {}", response.status())),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<[u8]>>> {
        self.certificates.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// An error without the address, which may carry a token.
fn cause(error: &reqwest::Error) -> String {
    match (error.is_timeout(), error.is_connect()) {
        (true, _) => "Amazon did not answer in time".to_owned(),
        (_, true) => "Amazon cannot be reached".to_owned(),
        _ => "Amazon's answer broke off".to_owned(),
    }
}

/// Finds every host at one address.
#[cfg(feature = "faults")]
struct Everywhere(std::net::SocketAddr);

#[cfg(feature = "faults")]
impl reqwest::dns::Resolve for Everywhere {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let found: reqwest::dns::Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(found)))
    }
}
