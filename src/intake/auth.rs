//! How a sender shows that it knows a source's secret: as a bearer token, as a Basic password, or as `?token=`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a request shows for itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `token` of the query.
    pub token: Option<&'a str>,
}

/// Whether the request shows one of `secrets`. All are compared, each in constant time, so that the time taken tells
/// neither how much of a guess was right nor which secret it was. No secrets: nobody is let in.
pub fn is_known<'s>(shown: Shown<'_>, secrets: impl IntoIterator<Item = &'s str>) -> bool {
    let Some(guess) = guess(shown) else { return false };
    let guess = Sha256::digest(guess.as_bytes());
    let mut known = subtle::Choice::from(0);
    for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
        known |= Sha256::digest(secret.as_bytes())[..].ct_eq(&guess[..]);
    }
    known.into()
}

fn guess(shown: Shown<'_>) -> Option<String> {
    if let Some(header) = shown.authorization {
        let (scheme, rest) = header.trim().split_once(' ')?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(rest.to_owned());
        }
        if scheme.eq_ignore_ascii_case("basic") {
            let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
            // Any user name will do: the source is named by the address.
            return decoded.split_once(':').map(|(_, password)| password.to_owned());
        }
        return None;
    }
    shown.token.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            // A wrong header is not helped by a right token: one of the two is not ours.
            (Some("Bearer wrong"), Some("let me: in"), false),
        ];
        for (authorization, token, expected) in cases {
            let shown = Shown { authorization, token };
            assert_eq!(is_known(shown, ["other", "let me: in"]), expected, "{shown:?}");
        }
    }

    #[test]
    fn a_source_without_a_secret_lets_nobody_in() {
        assert!(!is_known(Shown { authorization: None, token: Some("") }, [""]));
        assert!(!is_known(Shown { authorization: Some("Bearer x"), token: None }, []));
    }
}
