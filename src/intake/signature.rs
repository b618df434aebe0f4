//! Signed requests: an HMAC over what was sent, in the ways in which senders write it.
//!
//! A way is data, so that a source's file states its own and the configuration can state others. All secrets and all
//! signatures of a request are tried, each compared in constant time.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use ring::hmac;
use subtle::ConstantTimeEq;

use crate::domain::Timestamp;
use crate::intake::auth::Denied;
use crate::intake::delivery::Delivery;

/// How far a signed time may be from ours.
pub const WINDOW: Duration = Duration::minutes(5);
/// How many signatures of one request are looked at.
const SIGNATURES: usize = 16;

/// How the digest is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// Either, told by the length of what was sent.
    ByLength,
}

/// How the digest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// In hexadecimal digits of either case.
    Hex,
    /// In Base64.
    Base64,
}

/// A part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The body as it came.
    Body,
    /// The value of a header.
    Header(Cow<'static, str>),
    /// Always the same.
    Text(Cow<'static, str>),
    /// The whole address, as the sender knows it.
    Address,
    /// The fields of a form by their names, name and value one after the other.
    SortedForm,
}

/// One way to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What the configuration calls it; a source's own is `signature`.
    pub name: Cow<'static, str>,
    /// The header that carries the signature.
    pub header: Cow<'static, str>,
    /// How the digest is made.
    pub hash: Hash,
    /// How the digest is written.
    pub encoding: Encoding,
    /// What stands before each signature; others are another version's and are passed over.
    pub prefix: Cow<'static, str>,
    /// What divides several signatures in one header.
    pub separator: Option<char>,
    /// What is signed.
    pub signed: Cow<'static, [Part]>,
    /// The signed header with the time in seconds since 1970. A request from outside [`WINDOW`] is refused.
    pub timestamp: Option<Cow<'static, str>>,
}

impl Signature {
    /// SHA-256 in hexadecimal over the body, in `header`: the way of most.
    pub const fn of_body(header: &'static str) -> Self {
        Self {
            name: Cow::Borrowed("signature"),
            header: Cow::Borrowed(header),
            hash: Hash::Sha256,
            encoding: Encoding::Hex,
            prefix: Cow::Borrowed(""),
            separator: None,
            signed: Cow::Borrowed(&[Part::Body]),
            timestamp: None,
        }
    }

    /// Whether one of `secrets` signed the delivery.
    pub fn verify<'s>(
        &self,
        delivery: &Delivery<'_>,
        secrets: impl IntoIterator<Item = &'s str>,
    ) -> Result<(), Denied> {
        let header = delivery.headers.get(&self.header);
        let header = header.ok_or_else(|| self.denied(format!("the header {} is missing", self.header)))?;
        if let Some(name) = &self.timestamp {
            self.check_time(delivery.headers.get(name), name, delivery.now)?;
        }
        let shown: Vec<Vec<u8>> = match self.separator {
            Some(separator) => header.split(separator).take(SIGNATURES).filter_map(|text| self.decode(text)).collect(),
            None => self.decode(header).into_iter().collect(),
        };
        if shown.is_empty() {
            return Err(self.denied(format!("the header {} holds no signature that is known here", self.header)));
        }
        let mut known = subtle::Choice::from(0);
        for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
            for shown in &shown {
                let Some(algorithm) = self.algorithm(shown.len()) else { continue };
                let expected = self.digest(algorithm, secret, delivery)?;
                known |= expected.as_ref().ct_eq(shown);
            }
        }
        if known.into() {
            return Ok(());
        }
        Err(self.denied("the signature is wrong".to_owned()))
    }

    /// The header with the signature of a delivery whose other headers stand already.
    pub fn sign(&self, delivery: &Delivery<'_>, secret: &str) -> Result<(String, String), Denied> {
        let algorithm = match self.hash {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 | Hash::ByLength => hmac::HMAC_SHA256,
        };
        let digest = self.digest(algorithm, secret, delivery)?;
        let text = match self.encoding {
            Encoding::Hex => hex::encode(digest.as_ref()),
            Encoding::Base64 => STANDARD.encode(digest.as_ref()),
        };
        Ok((self.header.to_string(), format!("{}{text}", self.prefix)))
    }

    /// The headers that must stand before it can be signed, with values for a delivery made at `now`.
    pub fn signed_headers(&self, now: Timestamp) -> Vec<(String, String)> {
        let value = |name: &str| match &self.timestamp {
            Some(timestamp) if timestamp == name => now.timestamp().to_string(),
            _ => format!("firebell-{}", now.timestamp_micros()),
        };
        let named = self.signed.iter().filter_map(|part| match part {
            Part::Header(name) => Some((name.to_string(), value(name))),
            _ => None,
        });
        named.collect()
    }

    fn check_time(&self, value: Option<&str>, name: &str, now: Timestamp) -> Result<(), Denied> {
        let signed_at = value
            .and_then(|text| text.trim().parse::<i64>().ok())
            .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))
            .ok_or_else(|| self.denied(format!("the header {name} does not hold a time in seconds since 1970")))?;
        if WINDOW < (now - signed_at).abs() {
            return Err(Denied {
                reason: format!("the time in the header {name} is more than five minutes from now"),
                cure: "send it when it is signed, and compare the clocks of both machines".to_owned(),
            });
        }
        Ok(())
    }

    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        let text = text.trim().strip_prefix(self.prefix.as_ref())?;
        match self.encoding {
            Encoding::Hex => hex::decode(text).ok(),
            Encoding::Base64 => STANDARD.decode(text).ok(),
        }
    }

    fn algorithm(&self, length: usize) -> Option<hmac::Algorithm> {
        match (self.hash, length) {
            (Hash::Sha1 | Hash::ByLength, 20) => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            (Hash::Sha256 | Hash::ByLength, 32) => Some(hmac::HMAC_SHA256),
            _ => None,
        }
    }

    fn digest(&self, algorithm: hmac::Algorithm, secret: &str, delivery: &Delivery<'_>) -> Result<hmac::Tag, Denied> {
        let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, &key(secret)));
        for part in self.signed.iter() {
            match part {
                Part::Body => context.update(delivery.body),
                Part::Text(text) => context.update(text.as_bytes()),
                Part::Address => context.update(delivery.address.as_bytes()),
                Part::Header(name) => {
                    let value = delivery.headers.get(name);
                    let value = value.ok_or_else(|| self.denied(format!("the header {name} is missing")))?;
                    context.update(value.as_bytes());
                }
                Part::SortedForm => {
                    let mut fields: Vec<_> = url::form_urlencoded::parse(delivery.body).collect();
                    fields.sort();
                    for (name, value) in fields {
                        context.update(name.as_bytes());
                        context.update(value.as_bytes());
                    }
                }
            }
        }
        Ok(context.sign())
    }

    fn denied(&self, reason: String) -> Denied {
        Denied { reason, cure: format!("sign with the secret that is configured here; the header is {}", self.header) }
    }
}

/// Standard Webhooks write their keys as `whsec_` and Base64; every other secret is the key itself.
fn key(secret: &str) -> Cow<'_, [u8]> {
    secret
        .strip_prefix("whsec_")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .map_or(Cow::Borrowed(secret.as_bytes()), Cow::Owned)
}

/// The way of <https://www.standardwebhooks.com>, which any source may be configured for.
pub const STANDARD_WEBHOOKS: Signature = Signature {
    name: Cow::Borrowed("standard-webhooks"),
    header: Cow::Borrowed("webhook-signature"),
    hash: Hash::Sha256,
    encoding: Encoding::Base64,
    prefix: Cow::Borrowed("v1,"),
    separator: Some(' '),
    signed: Cow::Borrowed(&[
        Part::Header(Cow::Borrowed("webhook-id")),
        Part::Text(Cow::Borrowed(".")),
        Part::Header(Cow::Borrowed("webhook-timestamp")),
        Part::Text(Cow::Borrowed(".")),
        Part::Body,
    ]),
    timestamp: Some(Cow::Borrowed("webhook-timestamp")),
};
