//! Makes what people and alerts wrote harmless: no formatting, no mention, no masked link, no hidden character.

use std::fmt;

use serde::Serialize;

use crate::render::limits;

/// Keeps `@everyone` and `@here` from being read as mentions; backslashes do not.
const BREAK: char = '\u{200b}';

/// The longest address that is worth its place on a card, in characters.
const LINK_LIMIT: usize = 300;
/// The longest host that is shown in a link, in characters.
const LINK_HOST: usize = 60;

/// Text that may stand in a message as it is: built by `render`, or escaped.
///
/// A template writes it with three braces, and every other value with two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Markup(String);

impl Markup {
    /// Takes what was built here from escaped parts.
    pub(super) fn built(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `text` on one line, escaped, in no more than `limit` characters.
    pub(super) fn line(text: &str, limit: usize) -> Self {
        Self(discord_within(&one_line(text), limit))
    }

    /// `text` with its line breaks, escaped, in no more than `limit` characters.
    pub(super) fn lines(text: &str, limit: usize) -> Self {
        Self(discord_within(text.trim(), limit))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Markup> for String {
    fn from(markup: Markup) -> Self {
        markup.0
    }
}

/// Escapes `text` for Discord. Addresses stay readable, in angle brackets, in which Discord shows no preview.
pub fn discord(text: &str) -> String {
    pieces(text).into_iter().map(|(piece, _)| piece).collect()
}

/// Escapes `text` for Discord in no more than `limit` characters; a cut is marked, and breaks no escape.
pub fn discord_within(text: &str, limit: usize) -> String {
    limits::cut_pieces(pieces(text).into_iter(), limit)
}

/// `text` without characters that are not seen or that turn the line around; line breaks and tabs stay.
pub fn visible(text: &str) -> String {
    let unified = text.replace("\r\n", "\n");
    let breaks = |character| matches!(character, '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{b}' | '\u{c}');
    unified
        .chars()
        .map(|character| if breaks(character) { '\n' } else { character })
        .filter(|character| matches!(character, '\n' | '\t') || !is_hidden(*character))
        .collect()
}

/// `text` without hidden characters, on one line.
pub fn one_line(text: &str) -> String {
    visible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` for the inside of a code block, which it cannot end.
pub fn fenced(text: &str) -> String {
    visible(text).replace('`', &format!("`{BREAK}"))
}

/// Escapes one line of plain text for Markdown as code hosts and editors read it.
pub fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// An address that may stand in a message: no preview, no mask. `None` when it is not one of the web.
pub fn link(address: &str) -> Option<Markup> {
    let address = visible(address);
    let (_, rest) = address.trim().split_once("://").filter(|(scheme, _)| is_web(scheme))?;
    (!rest.is_empty()).then(|| Markup(format!("<{}>", safe_address(address.trim()))))
}

/// An address as a link that reads as its host, which it cannot hide. `None` when it is not one of the web, or too long
/// to be shown.
pub fn host_link(address: &str) -> Option<Markup> {
    let link = link(address)?;
    let host = link.as_str().trim_matches(['<', '>']).split_once("://")?.1;
    let host = host.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    let shown = Markup::line(host, LINK_HOST);
    (limits::length(link.as_str()) <= LINK_LIMIT).then(|| Markup(format!("[{shown}]({link})")))
}

/// Characters that are not seen, or that change how their neighbours are read.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The escaped text in pieces that must not be broken, each with the characters of the text that it stands for.
fn pieces(text: &str) -> Vec<(String, usize)> {
    let text = visible(text);
    let mut pieces = Vec::with_capacity(text.len());
    let mut rest = text.as_str();
    let mut at_line_start = true;
    while let Some(character) = rest.chars().next() {
        if let Some(address) = leading_address(rest) {
            pieces.push((format!("<{}>", safe_address(address)), address.chars().count()));
            rest = &rest[address.len()..];
            at_line_start = false;
            continue;
        }
        if at_line_start && character.is_ascii_digit() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, after) = rest.split_at(digits);
            pieces.extend(number.chars().map(|digit| (String::from(digit), 1)));
            rest = after;
            if let Some(after) = rest.strip_prefix(['.', ')']) {
                pieces.push((format!("\\{}", &rest[..1]), 1));
                rest = after;
            }
            at_line_start = false;
            continue;
        }
        rest = &rest[character.len_utf8()..];
        let piece = match character {
            '\\' | '*' | '_' | '~' | '|' | '`' | '<' | '[' | ']' => format!("\\{character}"),
            '>' | '#' | '-' | '+' if at_line_start => format!("\\{character}"),
            // Of addresses that are not the web's, or no addresses at all.
            ':' if rest.starts_with("//") => "\\:".to_owned(),
            '@' if begins_with_a_crowd(rest) => format!("@{BREAK}"),
            _ => String::from(character),
        };
        pieces.push((piece, 1));
        at_line_start = character == '\n' || (at_line_start && character.is_whitespace());
    }
    pieces
}

fn begins_with_a_crowd(text: &str) -> bool {
    ["everyone", "here"].iter().any(|crowd| text.get(..crowd.len()).is_some_and(|t| t.eq_ignore_ascii_case(crowd)))
}

/// The web address that `text` begins with.
fn leading_address(text: &str) -> Option<&str> {
    let after = ["https://", "http://"]
        .iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))?
        .len();
    let ends = |character: char| {
        character.is_whitespace()
            || matches!(character, '<' | '>' | '"' | '\'' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '\\' | '`' | '*')
    };
    let end = text[after..].find(ends).map_or(text.len(), |end| after + end);
    let address = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?']);
    (after < address.len()).then_some(address)
}

/// The address with everything encoded that a chat could read as its own.
fn safe_address(address: &str) -> String {
    let mut safe = String::with_capacity(address.len());
    for character in address.chars() {
        let harmless = character.is_ascii_alphanumeric()
            || matches!(
                character,
                '-' | '.' | '_' | '~' | ':' | '/' | '?' | '#' | '!' | '$' | '&' | '+' | ',' | ';' | '=' | '%'
            );
        if harmless {
            safe.push(character);
        } else {
            let mut buffer = [0; 4];
            for byte in character.encode_utf8(&mut buffer).bytes() {
                safe.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    safe
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    /// What Discord would act upon, once escapes and bracketed addresses are taken away.
    // Discord's lists are numbered in ASCII only.
    static ACTIVE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?im)[*_~|`<\[\]]|@everyone|@here|^\s*(>|#|-|\+|[0-9]+[.)])|://").expect("a pattern")
    });
    static HARMLESS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\\[\\*_~|`<>\[\]#:.)+-]|<https?://[\w.~:/?#!$&+,;=%-]+>").expect("a pattern")
    });

    /// Whether a chat would find nothing in `escaped` to act upon.
    pub fn is_inert(escaped: &str) -> bool {
        !ACTIVE.is_match(&HARMLESS.replace_all(escaped, "\u{fffc}"))
    }

    #[test]
    fn what_is_written_stays_readable_and_inert() {
        let table = [
            ("plain text, 3.5% worse (twice)", "plain text, 3.5% worse (twice)"),
            ("fraud_score *up*", r"fraud\_score \*up\*"),
            ("hi @everyone @here a@b.c", "hi @\u{200b}everyone @\u{200b}here a@b.c"),
            ("@\u{200b}everyone", "@\u{200b}everyone"),
            ("<@1> <@&2> <#3> <:x:4> <t:1:R>", r"\<@1> \<@&2> \<#3> \<:x:4> \<t:1:R>"),
            ("[free](https://evil.example/a)", r"\[free\](<https://evil.example/a>)"),
            ("see https://a.example/x_y.", "see <https://a.example/x_y>."),
            ("# big\n> said\n- one\n1. two\n-# small", "\\# big\n\\> said\n\\- one\n1\\. two\n\\-# small"),
            ("```rm```||boo||~~no~~", r"\`\`\`rm\`\`\`\|\|boo\|\|\~\~no\~\~"),
            ("a\u{202e}b\u{200d}c\u{0}d\re", "abcd\ne"),
            ("{{lead}} {{{raw}}}", "{{lead}} {{{raw}}}"),
        ];
        for (text, escaped) in table {
            assert_eq!(discord(text), escaped);
            assert!(is_inert(escaped), "{escaped}");
        }
    }

    #[test]
    fn a_cut_breaks_no_escape() {
        assert_eq!(discord_within("********************", 30), r"\*\*\*\*\*\*… (+14 characters)");
        assert_eq!(discord_within("https://a.example/very-long-indeed x", 24), "… (+36 characters)");
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        assert_eq!(link("https://a.example/d/(x)").map(String::from), Some("<https://a.example/d/%28x%29>".to_owned()));
        assert_eq!(link("javascript:alert(1)"), None);
        assert_eq!(link("https://"), None);
    }

    #[test]
    fn a_code_block_cannot_be_ended() {
        assert!(!fenced("a```b````c").contains("```"));
    }

    proptest! {
        #[test]
        fn escaped_text_is_inert(text in r"(?s)([\\*_~|`<>\[\]()@#\-+:/1.\n ]|everyone|here|https://|http://|[a-z]|\PC|.){0,60}") {
            let escaped = discord(&text);
            prop_assert!(is_inert(&escaped), "{escaped}");
        }

        #[test]
        fn cut_text_is_inert_and_fits(text in r"(?s)([\\*_<@\[\n ]|https://a.b|[a-z]){0,60}", limit in 0_usize..90) {
            let escaped = discord_within(&text, limit);
            prop_assert!(limits::length(&escaped) <= limit);
            prop_assert!(is_inert(&escaped), "{escaped}");
        }

        #[test]
        fn a_fence_holds(text in "(?s)(`|[a-z]|\u{200b}){0,20}") {
            prop_assert!(!fenced(&text).contains("```"));
        }
    }
}
