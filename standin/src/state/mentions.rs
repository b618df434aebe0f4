//! Whom a text pings: what it names, and what its sender allowed.

use std::collections::BTreeSet;

use crate::model::Id;

/// What a sender allowed a message to ping. Discord's default, without the field, is everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub all_users: bool,
    pub all_roles: bool,
    pub everyone: bool,
    pub users: Vec<Id>,
    pub roles: Vec<Id>,
    pub replied_user: bool,
}

impl Default for Allowed {
    fn default() -> Self {
        Self {
            all_users: true,
            all_roles: true,
            everyone: true,
            users: Vec::new(),
            roles: Vec::new(),
            replied_user: true,
        }
    }
}

/// Whom a text names, before permissions and the sender's wishes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    pub users: BTreeSet<Id>,
    pub roles: BTreeSet<Id>,
    pub everyone: bool,
}

impl Named {
    /// Reads a message's content. Code and escaped mentions name nobody.
    pub fn read(content: &str) -> Self {
        let text = without_code(content);
        let mut named = Self::default();
        for (at, _) in text.match_indices("<@") {
            if text[..at].ends_with('\\') {
                continue;
            }
            let rest = &text[at + 2..];
            let Some((inside, _)) = rest.split_once('>') else { continue };
            if let Some(role) = inside.strip_prefix('&') {
                named.roles.extend(role.parse::<Id>().ok());
            } else {
                named.users.extend(inside.trim_start_matches('!').parse::<Id>().ok());
            }
        }
        named.everyone = ["@everyone", "@here"]
            .iter()
            .any(|word| text.match_indices(word).any(|(at, _)| !text[..at].ends_with('\\')));
        named
    }
}

/// Leaves out code blocks and inline code; an unclosed backtick is ordinary text.
fn without_code(content: &str) -> String {
    let mut text = content.to_owned();
    for fence in ["```", "`"] {
        let mut kept = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(fence) {
            let Some((_, following)) = after.split_once(fence) else { break };
            kept.push_str(before);
            kept.push(' ');
            rest = following;
        }
        kept.push_str(rest);
        text = kept;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn people_roles_and_everyone_are_named_by_their_marks() {
        let named = Named::read("<@1> <@!2> <@&3> @here and <#4>");
        assert_eq!(named, Named { users: [1, 2].into(), roles: [3].into(), everyone: true });
    }

    #[test]
    fn code_and_escaped_marks_name_nobody() {
        let named = Named::read("`<@1>` ```\n@everyone <@2>``` \\<@3> \\@everyone");
        assert_eq!(named, Named::default());
    }

    #[test]
    fn a_zero_width_space_takes_the_force_out_of_everyone() {
        assert!(!Named::read("@\u{200b}everyone").everyone);
    }
}
