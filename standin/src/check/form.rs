//! Reading a JSON object field by field. What is wrong is collected, not thrown, so that one answer names all of it;
//! what was never asked for is reported as unknown.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::model::Id;
use crate::rest::error::{ApiError, FormErrors};

/// A field that may be missing, null or set: an edit treats the three differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given<T> {
    Absent,
    Null,
    Value(T),
}

impl<T> Given<T> {
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    pub fn and_then<U>(self, read: impl FnOnce(T) -> Option<U>) -> Given<U> {
        match self {
            Self::Absent => Given::Absent,
            Self::Null => Given::Null,
            Self::Value(value) => read(value).map_or(Given::Absent, Given::Value),
        }
    }

    /// Puts the value in place; null puts the empty value there, absence leaves what is.
    pub fn settle(self, place: &mut T)
    where
        T: Default,
    {
        match self {
            Self::Absent => (),
            Self::Null => *place = T::default(),
            Self::Value(value) => *place = value,
        }
    }
}

/// Everything wrong with one body.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<FormErrors>);

impl Problems {
    pub fn add(&self, path: &str, code: &str, message: impl Into<String>) {
        let message = message.into();
        let mut errors = self.0.borrow_mut();
        errors.lines.push(format!("{}: {message}", if path.is_empty() { "body" } else { path }));
        let mut place = &mut errors.tree;
        for part in path.split('.').filter(|part| !part.is_empty()) {
            let next = place.entry(part.to_owned()).or_insert_with(|| json!({}));
            match next {
                Value::Object(inner) => place = inner,
                // Only `_errors` holds something else, and no field is called that.
                _ => return,
            }
        }
        if let Value::Array(list) = place.entry("_errors").or_insert_with(|| json!([])) {
            list.push(json!({"code": code, "message": message}));
        }
    }

    pub fn too_long(&self, path: &str, max: usize) {
        self.add(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {max} or fewer in length."));
    }

    /// An error if there is anything wrong at all.
    pub fn finish(self) -> Result<(), ApiError> {
        let errors = self.0.into_inner();
        if errors.lines.is_empty() { Ok(()) } else { Err(ApiError::Form(errors)) }
    }

    /// One problem as a whole answer.
    pub fn one(path: &str, code: &str, message: impl Into<String>) -> ApiError {
        let problems = Self::default();
        problems.add(path, code, message);
        ApiError::Form(problems.0.into_inner())
    }
}

/// One object of a body.
#[derive(Debug)]
pub(crate) struct Form<'p> {
    path: String,
    fields: Map<String, Value>,
    problems: &'p Problems,
}

impl<'p> Form<'p> {
    /// None, and a problem, when it is no object.
    pub fn open(value: Value, path: &str, problems: &'p Problems) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self { path: path.to_owned(), fields, problems }),
            _ => {
                problems.add(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
                None
            }
        }
    }

    pub fn problems(&self) -> &'p Problems {
        self.problems
    }

    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Any value, unchecked.
    pub fn any(&mut self, name: &str) -> Given<Value> {
        match self.fields.remove(name) {
            None => Given::Absent,
            Some(Value::Null) => Given::Null,
            Some(value) => Given::Value(value),
        }
    }

    /// A text of so many characters.
    pub fn text(&mut self, name: &str, lengths: RangeInclusive<usize>) -> Given<String> {
        let (path, problems) = (self.path(name), self.problems);
        self.any(name).and_then(|value| {
            let Value::String(text) = value else {
                problems.add(&path, "STRING_TYPE_CONVERT", "Could not interpret value as string.");
                return None;
            };
            let length = text.chars().count();
            if *lengths.end() < length {
                problems.too_long(&path, *lengths.end());
            } else if length < *lengths.start() {
                let bounds = format!("Must be between {} and {} in length.", lengths.start(), lengths.end());
                problems.add(&path, "BASE_TYPE_BAD_LENGTH", bounds);
            }
            Some(text)
        })
    }

    /// A text that must be there.
    pub fn required_text(&mut self, name: &str, lengths: RangeInclusive<usize>) -> String {
        match self.text(name, lengths) {
            Given::Value(text) => text,
            Given::Absent | Given::Null => {
                self.missing(name);
                String::new()
            }
        }
    }

    pub fn flag(&mut self, name: &str) -> Given<bool> {
        let (path, problems) = (self.path(name), self.problems);
        self.any(name).and_then(|value| {
            if value.is_boolean() {
                return value.as_bool();
            }
            problems.add(&path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
            None
        })
    }

    pub fn number(&mut self, name: &str, range: RangeInclusive<i64>) -> Given<i64> {
        let (path, problems) = (self.path(name), self.problems);
        self.any(name).and_then(|value| {
            let Some(number) = value.as_i64() else {
                problems.add(&path, "NUMBER_TYPE_COERCE", format!("Value {value} is not int."));
                return None;
            };
            if !range.contains(&number) {
                let bounds = format!("int value should be between {} and {}.", range.start(), range.end());
                problems.add(&path, "NUMBER_TYPE_BOUNDS", bounds);
            }
            Some(number)
        })
    }

    /// A snowflake, as text or as a number.
    pub fn id(&mut self, name: &str) -> Given<Id> {
        let (path, problems) = (self.path(name), self.problems);
        self.any(name).and_then(|value| {
            let id = snowflake(&value);
            if id.is_none() {
                problems.add(&path, "NUMBER_TYPE_COERCE", format!("Value {value} is not snowflake."));
            }
            id
        })
    }

    /// Permission bits, as text or as a number.
    pub fn bits(&mut self, name: &str) -> Given<u64> {
        self.id(name)
    }

    /// A list of at most so many.
    pub fn list(&mut self, name: &str, max: usize) -> Given<Vec<Value>> {
        let (path, problems) = (self.path(name), self.problems);
        self.any(name).and_then(|value| {
            let Value::Array(items) = value else {
                problems.add(&path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
                return None;
            };
            if max < items.len() {
                problems.too_long(&path, max);
            }
            Some(items)
        })
    }

    /// Objects in a list of at most so many.
    pub fn objects(&mut self, name: &str, max: usize) -> Given<Vec<Form<'p>>> {
        let (path, problems) = (self.path(name), self.problems);
        self.list(name, max).and_then(|items| {
            let open = |(at, item)| Form::open(item, &format!("{path}.{at}"), problems);
            Some(items.into_iter().enumerate().filter_map(open).collect())
        })
    }

    /// An object inside this one.
    pub fn object(&mut self, name: &str) -> Given<Form<'p>> {
        let (path, problems) = (self.path(name), self.problems);
        self.any(name).and_then(|value| Form::open(value, &path, problems))
    }

    /// An address with a scheme that Discord follows.
    pub fn address(&mut self, name: &str) -> Given<String> {
        let (path, problems) = (self.path(name), self.problems);
        self.text(name, 1..=2048).and_then(|address| {
            if !["http://", "https://", "attachment://", "discord://"].iter().any(|scheme| address.starts_with(scheme))
            {
                problems.add(&path, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
            }
            Some(address)
        })
    }

    pub fn missing(&self, name: &str) {
        self.problems.add(&self.path(name), "BASE_TYPE_REQUIRED", "This field is required");
    }

    /// Fields that Discord knows and the stand-in does nothing with.
    pub fn accept(&mut self, names: &[&str]) {
        for name in names {
            self.fields.remove(*name);
        }
    }

    /// Reports what nobody asked for. Discord would shrug; here it is a misspelt field or one that does nothing.
    pub fn finish(self) {
        for name in self.fields.keys() {
            let path = self.path(name);
            self.problems.add(&path, "UNKNOWN_FIELD", "unknown field");
        }
    }
}

/// A snowflake out of JSON.
pub(crate) fn snowflake(value: &Value) -> Option<Id> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, Problems};
    use crate::rest::error::ApiError;
    use serde_json::json;

    #[test]
    fn every_wrong_field_is_named_at_its_place() {
        let problems = Problems::default();
        let body = json!({"name": 7, "embeds": [{}, {"title": "abcd"}], "nonsense": 1});
        let mut form = Form::open(body, "", &problems).expect("it is an object");
        form.text("name", 1..=3);
        for mut embed in form.objects("embeds", 10).value().unwrap_or_default() {
            embed.text("title", 1..=3);
            embed.finish();
        }
        form.finish();
        let Err(ApiError::Form(errors)) = problems.finish() else { panic!("three fields are wrong") };
        assert_eq!(errors.tree["embeds"]["1"]["title"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
        assert_eq!(errors.lines.len(), 3, "{:?}", errors.lines);
    }
}
