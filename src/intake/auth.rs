//! How a sender proves that it knows a source's secret, by the scheme that the configuration names or the kind has.
//!
//! Any secret of a source will do, so that one can give way to the next. Comparisons take constant time, so that the
//! time taken tells neither how much of a guess was right nor which secret it was.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::Timestamp;
use crate::intake::delivery::Delivery;
use crate::intake::kind::Kind;
use crate::intake::signature::{STANDARD_WEBHOOKS, Signature};

/// Why a sender is not let in, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Denied {
    /// What is wrong or missing.
    pub reason: String,
    /// The cure.
    pub cure: String,
}

/// How a sender proves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// The secret itself: as a bearer token, as a Basic password, or as `?token=`.
    Secret,
    /// `Authorization: Bearer SECRET`.
    Bearer,
    /// `Authorization: Basic`, with the secret as password and any name.
    Basic,
    /// `?token=SECRET` in the address.
    Token,
    /// The secret itself in this header.
    Header(Cow<'static, str>),
    /// An HMAC over what was sent.
    Signature(Signature),
    /// The signature of an SNS message, and a topic that the configuration allows.
    Sns,
}

impl Scheme {
    /// What the configuration calls it.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Secret => "secret".into(),
            Self::Bearer => "bearer".into(),
            Self::Basic => "basic".into(),
            Self::Token => "token".into(),
            Self::Header(name) => format!("header:{name}").into(),
            Self::Signature(signature) => signature.name.clone(),
            Self::Sns => "sns".into(),
        }
    }

    /// The scheme of this name: one of the kind's own, or one that every source may use.
    pub fn named(text: &str, kind: &Kind) -> Option<Self> {
        if let Some(own) = kind.proofs.iter().find(|scheme| scheme.name() == text) {
            return Some(own.clone());
        }
        Some(match text {
            "secret" => Self::Secret,
            "bearer" => Self::Bearer,
            "basic" => Self::Basic,
            "token" => Self::Token,
            "standard-webhooks" => Self::Signature(STANDARD_WEBHOOKS),
            _ => {
                let name = text.strip_prefix("header:")?;
                let is_header = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
                (!name.is_empty() && name.bytes().all(is_header)).then(|| Self::Header(name.to_owned().into()))?
            }
        })
    }

    /// The names that a source of this kind may use.
    pub fn names(kind: &Kind) -> Vec<Cow<'static, str>> {
        let own = kind.proofs.iter().map(Scheme::name);
        let mut names: Vec<Cow<'static, str>> = own.collect();
        for name in ["secret", "bearer", "basic", "token", "header:NAME", "standard-webhooks"] {
            if !names.iter().any(|known| known == name) {
                names.push(name.into());
            }
        }
        names
    }

    /// Whether the delivery proves itself by one of `secrets`. No secrets: nobody is let in. What SNS signed is
    /// verified by [`crate::intake::sns`], since it needs a certificate.
    pub fn check(&self, delivery: &Delivery<'_>, secrets: &[String]) -> Result<(), Denied> {
        let secrets = || secrets.iter().map(String::as_str);
        let shown = match self {
            Self::Signature(signature) => return signature.verify(delivery, secrets()),
            Self::Secret => match delivery.headers.get("authorization") {
                // A wrong header is not helped by a right token: one of the two is not ours.
                Some(authorization) => secret_in(authorization),
                None => token(delivery),
            },
            Self::Bearer => delivery.headers.get("authorization").and_then(bearer),
            Self::Basic => delivery.headers.get("authorization").and_then(basic),
            Self::Token => token(delivery),
            Self::Header(name) => delivery.headers.get(name).map(|value| value.trim().to_owned()),
            Self::Sns => None,
        };
        if shown.is_some_and(|shown| is_known(&shown, secrets())) {
            return Ok(());
        }
        let way = match self {
            Self::Secret => "as a bearer token, as a Basic password, or as ?token=".to_owned(),
            Self::Bearer => "as a bearer token: `Authorization: Bearer …`".to_owned(),
            Self::Basic => "as a Basic password, with any user name".to_owned(),
            Self::Token => "as ?token= in the address".to_owned(),
            Self::Header(name) => format!("in the header {name}"),
            Self::Signature(_) | Self::Sns => "with a signature".to_owned(),
        };
        let (reason, cure) = ("the secret is wrong or missing".to_owned(), format!("send the source's secret {way}"));
        Err(Denied { reason, cure })
    }

    /// What a sender adds to its headers, and to the query of its address, to prove itself. Of SNS's signature nothing
    /// can be made here: only Amazon has the key.
    pub fn prove(&self, delivery: &Delivery<'_>, secret: &str, now: Timestamp) -> Result<Proof, Denied> {
        let mut proof = Proof::default();
        match self {
            Self::Secret | Self::Bearer => {
                proof.headers.push(("authorization".to_owned(), format!("Bearer {secret}")));
            }
            Self::Basic => {
                let encoded = STANDARD.encode(format!("firebell:{secret}"));
                proof.headers.push(("authorization".to_owned(), format!("Basic {encoded}")));
            }
            Self::Token => proof.token = Some(secret.to_owned()),
            Self::Header(name) => proof.headers.push((name.to_string(), secret.to_owned())),
            Self::Signature(signature) => {
                proof.headers = signature.signed_headers(now);
                let all = delivery.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
                let headers = all.chain(proof.headers.iter().cloned()).collect();
                let signed = signature.sign(&Delivery { headers: &headers, ..delivery.clone() }, secret)?;
                proof.headers.push(signed);
            }
            Self::Sns => {
                return Err(Denied {
                    reason: "only Amazon can sign for SNS".to_owned(),
                    cure: "publish to the topic, or set `auth = \"secret\"` for a source to try".to_owned(),
                });
            }
        }
        Ok(proof)
    }
}

/// What a sender adds to prove itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The `token` of the query.
    pub token: Option<String>,
}

/// Whether a text is one of `secrets`; all are compared.
pub fn is_known<'s>(shown: &str, secrets: impl IntoIterator<Item = &'s str>) -> bool {
    let shown = Sha256::digest(shown.as_bytes());
    let mut known = subtle::Choice::from(0);
    for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
        known |= Sha256::digest(secret.as_bytes())[..].ct_eq(&shown[..]);
    }
    known.into()
}

/// The secret in an `Authorization` header: a bearer token, or the password of Basic. Any user name will do, since a
/// source is named by its address.
pub fn secret_in(authorization: &str) -> Option<String> {
    bearer(authorization).or_else(|| basic(authorization))
}

/// The token in the query; `access_token` is what CloudEvents (and RFC 6750) calls it.
fn token(delivery: &Delivery<'_>) -> Option<String> {
    delivery.query.get("token").or_else(|| delivery.query.get("access_token")).map(str::to_owned)
}

fn bearer(authorization: &str) -> Option<String> {
    let (scheme, rest) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim().to_owned())
}

fn basic(authorization: &str) -> Option<String> {
    let (scheme, rest) = authorization.trim().split_once(' ')?;
    let encoded = scheme.eq_ignore_ascii_case("basic").then(|| rest.trim())?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::Fields;

    fn check(scheme: &Scheme, headers: &[(&str, &str)], token: Option<&str>, secrets: &[&str]) -> bool {
        let headers: Fields = headers.iter().copied().collect();
        let query: Fields = token.iter().map(|token| ("token", *token)).collect();
        let source = "s".into();
        let delivery = Delivery { headers: &headers, query: &query, ..Delivery::bare(&source, b"{}") };
        scheme.check(&delivery, &secrets.iter().map(|secret| (*secret).to_owned()).collect::<Vec<_>>()).is_ok()
    }

    #[test]
    fn a_secret_is_taken_in_each_of_the_three_ways() {
        let basic = format!("Basic {}", STANDARD.encode("anybody:let me: in"));
        let cases = [
            (Some("Bearer let me: in"), None, true),
            (Some("bearer   let me: in "), None, true),
            (Some(basic.as_str()), None, true),
            (None, Some("let me: in"), true),
            (None, None, false),
            (Some("Bearer "), None, false),
            (Some("Bearer let me: i"), None, false),
            (Some("Bearer let me: in!"), None, false),
            (Some("Digest let me: in"), None, false),
            (Some("Basic %%%"), None, false),
            (Some("Bearer wrong"), Some("let me: in"), false),
        ];
        for (authorization, token, expected) in cases {
            let headers: Vec<(&str, &str)> = authorization.iter().map(|value| ("authorization", *value)).collect();
            let known = check(&Scheme::Secret, &headers, token, &["other", "let me: in"]);
            assert_eq!(known, expected, "{authorization:?} {token:?}");
        }
    }

    #[test]
    fn a_narrower_scheme_takes_its_own_way_only() {
        let basic = format!("Basic {}", STANDARD.encode("x:secret"));
        let shown = [
            ("bearer", vec![("authorization", "Bearer secret")], None),
            ("basic", vec![("authorization", basic.as_str())], None),
            ("token", vec![], Some("secret")),
            ("header:X-Key", vec![("x-key", "secret")], None),
        ];
        for (scheme, ..) in &shown {
            for (way, headers, token) in &shown {
                let named = Scheme::named(scheme, crate::intake::kinds::ALERTMANAGER).unwrap();
                assert_eq!(check(&named, headers, *token, &["secret"]), scheme == way, "{scheme} by {way}");
            }
        }
    }

    #[test]
    fn a_source_without_a_secret_lets_nobody_in() {
        for secrets in [&[""][..], &[]] {
            assert!(!check(&Scheme::Secret, &[], Some(""), secrets));
            assert!(!check(&Scheme::Secret, &[("authorization", "Bearer x")], None, secrets));
            assert!(!check(&Scheme::Header("x-key".into()), &[("x-key", "")], None, secrets));
            let signature = Scheme::Signature(Signature::of_body("x-signature"));
            assert!(!check(&signature, &[("x-signature", "00")], None, secrets));
        }
    }

    #[test]
    fn what_we_prove_we_take() {
        let kind = crate::intake::kinds::ALERTMANAGER;
        for name in ["secret", "bearer", "basic", "token", "header:X-Key", "standard-webhooks"] {
            let scheme = Scheme::named(name, kind).unwrap();
            let source = "s".into();
            let delivery = Delivery::bare(&source, b"{}");
            let proof = scheme.prove(&delivery, "whsec_c2VjcmV0", delivery.now).unwrap();
            let headers = proof.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>();
            assert!(check(&scheme, &headers, proof.token.as_deref(), &["old", "whsec_c2VjcmV0"]), "{name}");
            assert!(!check(&scheme, &headers, proof.token.as_deref(), &["whsec_c2VjcmV1"]), "{name}");
        }
    }
}
