//! `auth = { header = …, … }`: how a source signs that signs in a way of its own.

use std::borrow::Cow;

use crate::intake::signature::{Encoding, Hash, Part, Signature};

use super::section::Field;
use super::shape;

/// The way that the table says; `None` when there is no table.
pub(super) fn read(field: &Field<'_>, refused: &str) -> Option<Signature> {
    let section = field.table()?;
    let header = section.field("header").require(shape::text, refused, "\"X-Signature\"");
    let word = |name: &'static str, words: &[(&str, usize)]| {
        let field = section.field(name);
        let text = field.read(shape::text, refused)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            field.error(format!("`{text}` is not known here"), refused, format!("write one of {}", known.join(", ")));
        }
        found
    };
    let hash = match word("hash", &[("sha256", 0), ("sha1", 1)]) {
        Some(1) => Hash::Sha1,
        _ => Hash::Sha256,
    };
    let encoding = match word("encoding", &[("hex", 0), ("base64", 1)]) {
        Some(1) => Encoding::Base64,
        _ => Encoding::Hex,
    };
    let prefix = section.field("prefix").read(shape::text, refused).unwrap_or_default();
    let separator = section.field("separator").read(shape::text, refused).and_then(|text| text.chars().next());
    let timestamp = section.field("timestamp").read(shape::text, refused);
    let signed_field = section.field("signed");
    let signed = signed_field.read(shape::text, refused).unwrap_or_else(|| "{body}".to_owned());
    let signed = parts(&signed).unwrap_or_else(|problem| {
        signed_field.error(
            problem,
            refused,
            "write what is signed with `{body}`, `{address}` and `{header:NAME}` in it, such as `{header:X-Time}.{body}`",
        );
        vec![Part::Body]
    });
    if let Some(name) = &timestamp
        && !signed.iter().any(|part| matches!(part, Part::Header(header) if header.eq_ignore_ascii_case(name)))
    {
        section.field("timestamp").error(
            format!("the time in `{name}` is not among what is signed"),
            "whoever overhears a request could send it again with another time",
            format!("put `{{header:{name}}}` into `signed`, or leave `timestamp` out"),
        );
    }
    section.done();
    Some(Signature {
        name: Cow::Borrowed("signature"),
        header: header.unwrap_or_default().into(),
        hash,
        encoding,
        prefix: prefix.into(),
        separator,
        signed: signed.into(),
        timestamp: timestamp.map(Cow::Owned),
    })
}

/// `{header:X-Time}.{body}` as the parts that are signed. The body must be one of them.
fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, after) = rest.split_at(start);
        let end = after.find('}').ok_or_else(|| format!("`{after}` has no end"))?;
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned().into()));
        }
        parts.push(match &after[1..end] {
            "body" => Part::Body,
            "address" => Part::Address,
            "sorted_form" => Part::SortedForm,
            other => match other.strip_prefix("header:").filter(|name| !name.is_empty()) {
                Some(name) => Part::Header(name.to_owned().into()),
                None => return Err(format!("`{{{other}}}` is not known here")),
            },
        });
        rest = &after[end + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned().into()));
    }
    match parts.iter().any(|part| matches!(part, Part::Body | Part::SortedForm)) {
        true => Ok(parts),
        false => Err("the body is not among what is signed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_read_from_a_template() {
        let header = |name: &'static str| Part::Header(name.into());
        let cases = [
            ("{body}", vec![Part::Body]),
            ("{header:X-Time}.{body}", vec![header("X-Time"), Part::Text(".".into()), Part::Body]),
            (
                "v0:{address}{sorted_form}!",
                vec![Part::Text("v0:".into()), Part::Address, Part::SortedForm, Part::Text("!".into())],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parts(text), Ok(expected), "{text}");
        }
        for bad in ["", "body", "{header:X-Time}", "{body", "{bodies}", "{header:}{body}"] {
            assert!(parts(bad).is_err(), "{bad}");
        }
    }
}
