//! Forms with parts (`multipart/form-data`, RFC 7578), of which few senders make use, and those for one field of text.

use serde_json::{Map, Value};

use crate::intake::Misfit;

/// The most parts that are looked at.
const PARTS: usize = 100;

/// The boundary that a content type names, if it is such a form.
pub fn boundary(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';').map(str::trim);
    if !parameters.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (!boundary.is_empty()).then_some(boundary)
}

/// The fields as texts by their names; the last of a name counts.
pub fn parse(body: &[u8], boundary: &str) -> Result<Map<String, Value>, Misfit> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Misfit::Other(format!("the form is not UTF-8 from byte {} on", error.valid_up_to())))?;
    let delimiter = format!("--{boundary}");
    let parts = text.split(delimiter.as_str()).skip(1).take_while(|part| !part.starts_with("--")).take(PARTS);
    let fields: Map<String, Value> = parts.filter_map(field).collect();
    if fields.is_empty() {
        return Err(Misfit::Other("the form has no field".to_owned()));
    }
    Ok(fields)
}

fn field(part: &str) -> Option<(String, Value)> {
    let (head, value) = part.split_once("\r\n\r\n")?;
    let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = disposition.split(';').find_map(|parameter| parameter.trim().strip_prefix("name="))?;
    let value = value.strip_suffix("\r\n").unwrap_or(value);
    Some((name.trim_matches('"').to_owned(), Value::from(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_form_with_parts_reads_to_its_fields() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{\"b\":\r\n1}\r\n--x\r\n\
                     content-disposition: form-data; name=\"c\"\r\nContent-Type: text/plain\r\n\r\n\r\n--x--\r\n";
        assert_eq!(Value::Object(parse(body, "x").unwrap()), json!({"a": "{\"b\":\r\n1}", "c": ""}));
        assert!(parse(b"", "x").is_err());
        assert!(parse(b"--x\r\n\r\nno name\r\n--x--", "x").is_err());
    }

    #[test]
    fn the_boundary_is_a_parameter_of_the_content_type() {
        assert_eq!(boundary("multipart/form-data; boundary=--------7"), Some("--------7"));
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), Some("a b"));
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary("application/json; boundary=x"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_fields_or_a_reason(body: Vec<u8>, text: String) {
            let _ = parse(&body, "x");
            let _ = parse(text.as_bytes(), "-");
            let _ = boundary(&text);
        }
    }
}
