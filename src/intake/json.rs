//! Documents as senders really write them: odd JSON and forms are read, hostile ones are refused with the reason.
//!
//! Odd, and read: a byte-order mark, doubled keys (the last counts), numbers as texts, whole numbers that no double
//! holds (as texts of all their digits), forms. Hostile, and refused: what is not UTF-8, nesting beyond 128, half a
//! surrogate pair, numbers beyond a double. The size is the caller's to limit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::DeserializeSeed;
use serde_json::Value;

use crate::domain::Timestamp;
use crate::intake::{Misfit, partial, time};

/// The most digits of a whole number that is left a number; an `i64` holds them all.
const DIGITS: usize = 18;
/// How much of a value an error repeats, in characters.
const QUOTED: usize = 40;

/// Reads JSON.
pub fn parse(body: &[u8]) -> Result<Value, Misfit> {
    serde_json::from_str(&with_long_numbers_as_texts(text(body)?)).map_err(|error| Misfit::NotJson(error.to_string()))
}

/// Reads these fields of an object and passes over the others.
pub fn parse_fields(body: &[u8], names: &[&str]) -> Result<Value, Misfit> {
    let text = with_long_numbers_as_texts(text(body)?);
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    partial::Fields(names)
        .deserialize(&mut deserializer)
        .and_then(|fields| deserializer.end().map(|()| fields))
        .map_err(|error| Misfit::NotJson(error.to_string()))
}

fn text(body: &[u8]) -> Result<&str, Misfit> {
    std::str::from_utf8(without_mark(body))
        .map_err(|error| Misfit::NotJson(format!("it is not UTF-8 from byte {} on", error.valid_up_to())))
}

/// A body without the byte-order mark that some senders put first.
pub fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Puts quotation marks around whole numbers that would lose digits as doubles.
fn with_long_numbers_as_texts(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if !has_long_run_of_digits(bytes) {
        return Cow::Borrowed(text);
    }
    let mut changed: Option<String> = None;
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = after_text(bytes, at),
            b'-' | b'0'..=b'9' => {
                let start = at;
                at += 1;
                while bytes.get(at).is_some_and(|byte| byte.is_ascii_digit() || b".eE+-".contains(byte)) {
                    at += 1;
                }
                let number = &text[start..at];
                let digits = number.strip_prefix('-').unwrap_or(number);
                let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
                if is_whole && DIGITS < digits.len() {
                    let changed = changed.get_or_insert_with(|| String::with_capacity(text.len() + 16));
                    changed.push_str(&text[copied..start]);
                    changed.push('"');
                    changed.push_str(number);
                    changed.push('"');
                    copied = at;
                }
            }
            _ => at += 1,
        }
    }
    match changed {
        None => Cow::Borrowed(text),
        Some(mut changed) => {
            changed.push_str(&text[copied..]);
            Cow::Owned(changed)
        }
    }
}

/// Whether more than `DIGITS` of them stand side by side anywhere, in a text or not, which hardly any payload has. A run of so many
/// cannot lie between two of the places that are looked at.
fn has_long_run_of_digits(bytes: &[u8]) -> bool {
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    (0..bytes.len()).step_by(DIGITS + 1).any(|at| {
        let (before, after) = bytes.split_at(at);
        let after = after.iter().take_while(is_digit).count();
        0 < after && DIGITS < before.iter().rev().take_while(is_digit).count() + after
    })
}

/// The place after the text that begins at `at`.
fn after_text(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    // Most of a payload is within texts, so what ends them is looked for many bytes at a time.
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'\\', b'"', rest)) {
        at += found;
        match bytes[at] {
            b'"' => return at + 1,
            _ => at += 2,
        }
    }
    bytes.len()
}

/// Reads a form as an object of texts; the last of a name counts. A form whose only field is JSON is that JSON.
pub fn parse_form(body: &[u8]) -> Result<Value, Misfit> {
    let pairs: serde_json::Map<String, Value> = url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect();
    of_fields(pairs)
}

/// The fields of a form as an object of texts, or the JSON that the only field is.
pub fn of_fields(pairs: serde_json::Map<String, Value>) -> Result<Value, Misfit> {
    if let [(_, Value::String(only))] = pairs.iter().collect::<Vec<_>>()[..]
        && only.trim_start().starts_with(['{', '['])
    {
        return parse(only.as_bytes());
    }
    if pairs.is_empty() {
        return Err(Misfit::Other("the form is empty".to_owned()));
    }
    Ok(Value::Object(pairs))
}

/// A value, and where it stands in the document, so that an error can say it.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// The value.
    pub value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    /// The whole document.
    pub fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// What stands at `path`: `event.data.id` for objects in one another, `a.0` for the first of a list. A key that has
    /// dots itself is found as it is. `null` is absent.
    pub fn get(&self, path: &str) -> Option<Node<'a>> {
        let value = at(self.value, path)?;
        Some(Node { value, path: self.path_of(path) })
    }

    /// What must stand at `path`.
    pub fn need(&self, path: &str) -> Result<Node<'a>, Misfit> {
        self.get(path).ok_or_else(|| self.missing(path))
    }

    /// The text at `path`, or the number or flag as a text; blank is absent.
    pub fn maybe(&self, path: &str) -> Option<String> {
        scalar(at(self.value, path)?)
    }

    /// The text that must stand at `path`.
    pub fn text(&self, path: &str) -> Result<String, Misfit> {
        match at(self.value, path) {
            None => Err(self.missing(path)),
            Some(value @ (Value::Object(_) | Value::Array(_))) => {
                Err(self.wrong(path, format!("is {}, not a text", kind_of(value))))
            }
            Some(value) => scalar(value).ok_or_else(|| self.wrong(path, "is empty")),
        }
    }

    /// The first text that stands at one of these paths.
    pub fn first(&self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.maybe(path))
    }

    /// The first text that stands at one of these paths; one must.
    pub fn first_text(&self, paths: &[&str]) -> Result<String, Misfit> {
        self.first(paths).ok_or_else(|| match paths {
            [] => Misfit::Other("nothing was looked for".to_owned()),
            [path, ..] => self.missing(path),
        })
    }

    /// What the text at `path` stands for; a word that is not among `words` is refused, whatever its case.
    pub fn word<T: Copy>(&self, path: &str, words: &[(&str, T)]) -> Result<T, Misfit> {
        let text = self.text(path)?;
        words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(path, format!("is {:?}, none of {}", quoted(&text), known.join(", ")))
        })
    }

    /// The moment at `path`, in any of the ways in which senders write one; absent when it is in none of them, since an
    /// alert whose time cannot be read is an alert all the same.
    pub fn moment(&self, path: &str) -> Option<Timestamp> {
        time::of(at(self.value, path)?)
    }

    /// The items of the list at `path`; none when it is absent or no list.
    pub fn items(&self, path: &str) -> Vec<Node<'a>> {
        match at(self.value, path) {
            Some(Value::Array(items)) => {
                let path = self.path_of(path);
                items
                    .iter()
                    .enumerate()
                    .map(|(index, value)| Node { value, path: format!("{path}[{index}]") })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// The items of the list that must stand at `path`; an empty path is the value itself.
    pub fn list(&self, path: &str) -> Result<Vec<Node<'a>>, Misfit> {
        match at(self.value, path) {
            None => Err(self.missing(path)),
            Some(Value::Array(_)) => Ok(self.items(path)),
            Some(other) => Err(self.wrong(path, format!("is {}, not a list", kind_of(other)))),
        }
    }

    /// The texts at `path`: a list's, or those of a text that is divided by commas.
    pub fn texts(&self, path: &str) -> Vec<String> {
        match at(self.value, path) {
            Some(Value::Array(items)) => items.iter().filter_map(scalar).collect(),
            Some(value) => scalar(value).map_or_else(Vec::new, |text| {
                text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
            }),
            None => Vec::new(),
        }
    }

    /// The object at `path` as labels: texts, numbers and flags, each under its name.
    pub fn pairs(&self, path: &str) -> BTreeMap<String, String> {
        match at(self.value, path) {
            Some(Value::Object(map)) => {
                map.iter().filter_map(|(name, value)| Some((name.clone(), scalar(value)?))).collect()
            }
            _ => BTreeMap::new(),
        }
    }

    /// The values of the object at `path`, whatever their names; none when it is absent or no object.
    pub fn values(&self, path: &str) -> Vec<Node<'a>> {
        match at(self.value, path) {
            Some(Value::Object(map)) => {
                let path = self.path_of(path);
                map.iter().map(|(name, value)| Node { value, path: format!("{path}.{name}") }).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        self.value.is_object()
    }

    /// The fault that `path` is missing.
    pub fn missing(&self, path: &str) -> Misfit {
        Misfit::Missing { field: self.path_of(path) }
    }

    /// The fault that what stands at `path` is wrong: `is "odd", none of …`.
    pub fn wrong(&self, path: &str, problem: impl Into<String>) -> Misfit {
        Misfit::Wrong { field: self.path_of(path), problem: problem.into() }
    }

    fn path_of(&self, path: &str) -> String {
        match (self.path.is_empty(), path.is_empty()) {
            (true, _) => path.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{path}", self.path),
        }
    }
}

fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let step = |value: &'a Value, key: &str| match value {
        Value::Object(map) => map.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    };
    let found = match path {
        "" => Some(value),
        path => step(value, path).or_else(|| path.split('.').try_fold(value, step)),
    };
    found.filter(|value| !value.is_null())
}

/// A text, number or flag as a text without blanks around it; blank is absent.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a flag",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The beginning of a text, for errors.
pub fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn odd_json_is_read() {
        let cases = [
            ("\u{feff}{\"a\": 1}", json!({"a": 1})),
            (r#"{"a": 1, "a": [2]}"#, json!({"a": [2]})),
            (r#"{"a": 123456789012345678901234567890}"#, json!({"a": "123456789012345678901234567890"})),
            (
                r#"[-1234567890123456789, 123456789012345678]"#,
                json!(["-1234567890123456789", 123_456_789_012_345_678_i64]),
            ),
            (
                r#"{"1234567890123456789012": "\"12345678901234567890", "x": 1.5e3}"#,
                json!({"1234567890123456789012": "\"12345678901234567890", "x": 1500.0}),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_long_number_is_a_text_wherever_it_stands() {
        for digits in 1..=2 * DIGITS + 3 {
            for (before, sign) in (0..=2 * DIGITS + 3).flat_map(|before| [(before, ""), (before, "-")]) {
                let number = format!("{sign}{}", "7".repeat(digits));
                let text = format!("[{}{number}]", " ".repeat(before));
                let value = parse(text.as_bytes()).unwrap();
                assert_eq!(value[0].as_str(), (DIGITS < digits).then_some(number.as_str()), "{text}");
            }
        }
    }

    #[test]
    fn fields_are_what_they_are_in_the_whole() {
        let body = br#"{"a": 1, "b": {"c": ["]"]}, "\u0064": 12345678901234567890, "a": [2], "e": null}"#;
        assert_eq!(
            parse_fields(body, &["a", "d", "e", "f"]),
            Ok(json!({"a": [2], "d": "12345678901234567890", "e": null}))
        );
        assert_eq!(parse_fields(b"{}", &["a"]), Ok(json!({})));
        for body in [&b"{"[..], b"[]", b"{} {}", b"{\"a\": [}", b"{\"b\": [}", b"\xff", b""] {
            assert!(
                matches!(parse_fields(body, &["a"]), Err(Misfit::NotJson(_))),
                "{:?}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn hostile_json_is_refused() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let cases: [&[u8]; 10] = [
            b"",
            b"{",
            b"\xff\xfe{\x00}",
            b"\"\xc3\x28\"",
            b"{\"a\": 1e999}",
            b"\"\\ud800\"",
            b"\"\\udc00\\ud800\"",
            b"00000000000000000000000001",
            b"{\"a\": \"",
            deep.as_bytes(),
        ];
        for body in cases {
            assert!(matches!(parse(body), Err(Misfit::NotJson(_))), "{:?}", body.get(..30));
        }
    }

    #[test]
    fn a_form_is_an_object_and_may_carry_json() {
        assert_eq!(parse_form(b"a=1&b=x%20y&a=2"), Ok(json!({"a": "2", "b": "x y"})));
        assert_eq!(parse_form(b"payload=%7B%22a%22%3A1%7D"), Ok(json!({"a": 1})));
        assert!(parse_form(b"").is_err());
    }

    #[test]
    fn a_fault_names_its_place() {
        let value = json!({"event": {"data": {"status": "odd", "id": "", "list": [{"a": null}]}}, "a.b": "dotted"});
        let root = Node::root(&value);
        assert_eq!(root.maybe("a.b").as_deref(), Some("dotted"));
        let data = root.need("event.data").unwrap();
        let faults = [
            root.text("event.data.title").unwrap_err(),
            data.text("id").unwrap_err(),
            data.word("status", &[("on", 1), ("off", 0)]).unwrap_err(),
            data.list("list").unwrap()[0].text("a").unwrap_err(),
            data.list("id").unwrap_err(),
            root.text("event").unwrap_err(),
        ];
        let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        `event.data.title` is missing
        `event.data.id` is empty
        `event.data.status` is "odd", none of on, off
        `event.data.list[0].a` is missing
        `event.data.id` is a text, not a list
        `event` is an object, not a text
        "#);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_a_value_or_a_reason(body: Vec<u8>) {
            let _ = parse(&body);
            let _ = parse_form(&body);
        }

        #[test]
        fn what_serde_reads_is_read(text in r#"[\[\]{},:"\\0-9a-e.+ -]{0,40}"#) {
            if serde_json::from_str::<Value>(&text).is_ok() {
                proptest::prop_assert!(parse(text.as_bytes()).is_ok());
            }
        }
    }
}
