//! Misbehaviour on request: what to do to which requests, and how often.

use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum TroubleKind {
    /// It is answered with this status and nothing done, with a `retry-after` in seconds where one is given.
    Status(u16, Option<f64>),
    /// It is answered with 429 and nothing done.
    RateLimited {
        /// After how many seconds it may be tried again.
        retry_after: f64,
        /// Whether the limit is that of all routes together.
        global: bool,
    },
    /// It waits this long, then is handled as usual.
    Stall(Duration),
    /// The work is done, then the line is cut without an answer.
    DropAnswer,
    /// It is answered with an error of Discord's and nothing done.
    Error {
        /// The HTTP status.
        status: u16,
        /// The code in the body.
        code: u32,
    },
}

/// Which requests are troubled, how and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble<'a> {
    /// The method, in capitals; none means any.
    pub method: Option<&'a str>,
    /// The path below `/api/v10`; a `*` stands for one part of it, a `**` at the end for all that follows.
    pub path: &'a str,
    /// How many requests it strikes; [`u32::MAX`] is as good as always.
    pub times: u32,
    /// What happens to them.
    pub kind: TroubleKind,
}

/// A trouble that waits for its requests.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    method: Option<String>,
    path: String,
    left: u32,
    kind: TroubleKind,
}

impl Pending {
    /// What it does, if it strikes for as long as it stands.
    pub fn standing(&self) -> Option<&TroubleKind> {
        // Each strike takes one from the count, so that it is never quite the number it began with.
        (u32::MAX / 2 < self.left).then_some(&self.kind)
    }
}

impl From<Trouble<'_>> for Pending {
    fn from(trouble: Trouble<'_>) -> Self {
        Self {
            method: trouble.method.map(str::to_uppercase),
            path: trouble.path.to_owned(),
            left: trouble.times,
            kind: trouble.kind,
        }
    }
}

/// What strikes this request, taken once from its count. The oldest trouble comes first.
pub(crate) fn strike(troubles: &mut Vec<Pending>, method: &str, path: &str) -> Option<TroubleKind> {
    let matches = |trouble: &Pending| {
        0 < trouble.left && trouble.method.as_deref().is_none_or(|own| own == method) && covers(&trouble.path, path)
    };
    let at = troubles.iter().position(matches)?;
    troubles[at].left -= 1;
    let kind = troubles[at].kind.clone();
    troubles.retain(|trouble| 0 < trouble.left);
    Some(kind)
}

fn covers(pattern: &str, path: &str) -> bool {
    let mut parts = path.trim_matches('/').split('/');
    for wanted in pattern.trim_matches('/').split('/') {
        match (wanted, parts.next()) {
            ("**", _) => return true,
            ("*", Some(_)) => (),
            (wanted, Some(part)) if wanted == part => (),
            _ => return false,
        }
    }
    parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::{Pending, Trouble, TroubleKind, covers, strike};

    #[test]
    fn a_star_covers_one_part_and_two_cover_the_rest() {
        assert!(covers("/channels/*/messages", "/channels/1/messages"));
        assert!(!covers("/channels/*/messages", "/channels/1/messages/2"));
        assert!(covers("/channels/**", "/channels/1/messages/2"));
        assert!(!covers("/channels/*", "/guilds/1"));
    }

    #[test]
    fn a_trouble_strikes_as_often_as_it_was_told() {
        let trouble = Trouble { method: Some("post"), path: "/a/*", times: 2, kind: TroubleKind::DropAnswer };
        let mut troubles = vec![Pending::from(trouble)];
        assert_eq!(strike(&mut troubles, "GET", "/a/1"), None);
        assert!(strike(&mut troubles, "POST", "/a/1").is_some());
        assert!(strike(&mut troubles, "POST", "/a/2").is_some());
        assert_eq!(strike(&mut troubles, "POST", "/a/3"), None);
    }
}
