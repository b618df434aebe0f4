//! What changed between two texts.

use similar::{ChangeTag, TextDiff};

use crate::render::{escape, limits};

/// The least room in which a difference still tells something, in characters.
const LEAST: usize = 60;

/// The difference from `before` to `after` as a block, line by line, in no more than `room` characters; `None` when
/// there is no room for it, or no difference.
pub(super) fn block(before: &str, after: &str, room: usize) -> Option<String> {
    if before == after || room < LEAST {
        return None;
    }
    let diff = TextDiff::from_lines(before, after);
    let mut lines = String::new();
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let text = change.value().trim_end_matches('\n');
        // What did not change and is empty only takes room.
        if sign == ' ' && text.trim().is_empty() {
            continue;
        }
        lines.push_str(&format!("{sign} {text}\n"));
    }
    let (open, close) = ("```diff\n", "\n```");
    let inside = limits::cut(escape::fenced(&lines).trim_end(), room - open.len() - close.len());
    Some(format!("{open}{inside}{close}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_line_by_line() {
        let block = block("One\n\nTwo\nThree", "One\n\n2\nThree", 400);
        assert_eq!(block.as_deref(), Some("```diff\n  One\n- Two\n+ 2\n  Three\n```"));
    }

    #[test]
    fn a_block_keeps_its_bounds() {
        assert_eq!(block("a", "a", 400), None);
        assert_eq!(block("a", "b", 20), None);
        let long = block("a", &"```x\n".repeat(300), 200).expect("there is room");
        assert!(limits::length(&long) <= 200 && long.ends_with("\n```"));
        assert_eq!(long.matches("```").count(), 2);
    }
}
