//! The text as TOML, or every place where it is none, by line and column.

use toml::Table;
use toml::de::DeTable;

use super::finding::{Finding, Level};

/// The file as a table.
pub(super) fn parse(text: &str) -> Result<Table, Vec<Finding>> {
    match text.parse::<Table>() {
        Ok(table) => Ok(table),
        Err(first) => {
            // The reading above stops at the first place; this one goes on behind it.
            let (_, all) = DeTable::parse_recoverable(text);
            let mut all = if all.is_empty() { vec![first] } else { all };
            all.sort_by_key(|error| error.span().map(|span| span.start));
            Err(all.iter().map(|error| finding(text, error)).collect())
        }
    }
}

/// The error without the line that it is in: that line may hold a secret.
fn finding(text: &str, error: &toml::de::Error) -> Finding {
    let at = error.span().map_or(0, |span| span.start);
    let (line, column) = line_and_column(text, at);
    Finding {
        level: Level::Error,
        key: format!("line {line}, column {column}"),
        problem: error.message().replace('\n', "; "),
        consequence: "the file cannot be read, and nothing in it counts".to_owned(),
        cure: "correct it there; the form of the file is described at https://toml.io".to_owned(),
    }
}

/// Both from 1, the column in characters.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_named_by_line_and_column() {
        let findings = parse("a = 1\nä = \nb = 2\nc = [1, 2\n").expect_err("this is not TOML");
        let keys: Vec<&str> = findings.iter().map(|finding| finding.key.as_str()).collect();
        assert!(2 <= keys.len() && keys[0].starts_with("line 2, "), "{keys:?}");
    }

    #[test]
    fn a_position_counts_characters() {
        assert_eq!(line_and_column("ab\nüx", 5), (2, 2));
        assert_eq!(line_and_column("", 9), (1, 1));
    }
}
