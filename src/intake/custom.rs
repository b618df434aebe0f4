//! Any JSON at all, read by expressions that the configuration gives.
//!
//! An expression sees `body`, `headers`, `query`, `source`, and `item`: one of the list that `each` names, or the whole
//! body. What comes to nothing (`null`, an empty text) is absent; so is a field that is not there, except in what
//! every alert must have.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category, Signal};
use crate::domain::expression::Expression;
use crate::intake::delivery::{Delivery, Fields};
use crate::intake::{Misfit, Reading, time, words};

/// The names that an expression may use.
pub const NAMES: [&str; 5] = ["body", "item", "headers", "query", "source"];

/// How a payload reads.
#[derive(Debug)]
pub struct Mapping {
    /// The list whose items are the alerts; without it the body is one.
    pub each: Option<Expression>,
    /// Which items are alerts; without it all are.
    pub only: Option<Expression>,
    /// What is the same trouble over all its deliveries.
    pub fingerprint: Expression,
    /// One line.
    pub title: Expression,
    /// `firing`, `acknowledged`, `resolved` or `info`; `true` is firing, `false` resolved. Without it, firing.
    pub status: Option<Expression>,
    /// `normal`, `no_data`, `suspected` or `test`.
    pub signal: Option<Expression>,
    /// The source's own word.
    pub severity: Option<Expression>,
    /// One of our categories.
    pub category: Option<Expression>,
    /// More than the title.
    pub description: Option<Expression>,
    /// The service.
    pub service: Option<Expression>,
    /// A map of labels.
    pub labels: Option<Expression>,
    /// Single labels.
    pub label: BTreeMap<String, Expression>,
    /// An address, or a list of them.
    pub links: Option<Expression>,
    /// When it began.
    pub started_at: Option<Expression>,
    /// When it ended.
    pub ended_at: Option<Expression>,
    /// When the source said so.
    pub said_at: Option<Expression>,
    /// What belongs to one incident.
    pub group: Option<Expression>,
}

impl Mapping {
    /// Reads a delivery. Items that a mapping fails on are named with the key that failed; they cost the others nothing.
    pub fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
        let body = value_of(&delivery.document()?);
        let mut context = Expression::context();
        context.add_variable_from_value("body", body.clone());
        context.add_variable_from_value("headers", value_of_fields(delivery.headers));
        context.add_variable_from_value("query", value_of_fields(delivery.query));
        context.add_variable_from_value("source", delivery.source.as_str().to_owned());
        let items = match &self.each {
            None => vec![body],
            Some(each) => match evaluate("each", each, &context)? {
                cel::Value::List(items) => items.to_vec(),
                _ => return Err(failed("each", each, "it is no list")),
            },
        };
        Reading::of_items(items, |item| {
            let mut context = context.new_inner_scope();
            context.add_variable_from_value("item", item);
            self.alert(delivery, &context)
        })
    }

    fn alert(&self, delivery: &Delivery<'_>, context: &cel::Context<'_, '_>) -> Result<Option<Alert>, Misfit> {
        if let Some(only) = &self.only {
            match evaluate("only", only, context)? {
                cel::Value::Bool(true) => (),
                cel::Value::Bool(false) => return Ok(None),
                _ => return Err(failed("only", only, "it says neither yes nor no")),
            }
        }
        let must = |key: &str, expression: &Expression| {
            text(&evaluate(key, expression, context)?).ok_or_else(|| failed(key, expression, "it is empty"))
        };
        let may = |expression: &Option<Expression>| text(&maybe(expression, context));
        let status = match &self.status {
            None => AlertStatus::Firing,
            Some(status) => match evaluate("status", status, context)? {
                cel::Value::Bool(true) => AlertStatus::Firing,
                cel::Value::Bool(false) => AlertStatus::Resolved,
                value => parsed("status", status, &text(&value).unwrap_or_default())?,
            },
        };
        let said = |key: &str, expression: &Option<Expression>| match (expression, may(expression)) {
            (Some(expression), Some(word)) => Ok(Some((key.to_owned(), expression.text().to_owned(), word))),
            _ => Ok::<_, Misfit>(None),
        };
        let signal = match (&self.signal, said("signal", &self.signal)?) {
            (Some(expression), Some((_, _, word))) => parsed::<Signal>("signal", expression, &word)?,
            _ => Signal::Normal,
        };
        let category = match (&self.category, may(&self.category)) {
            (Some(expression), Some(word)) => Some(parsed::<Category>("category", expression, &word)?),
            _ => None,
        };
        let vendor_severity = may(&self.severity);
        let moment = |expression: &Option<Expression>| may(expression).as_deref().and_then(time::read);
        let mut labels = labels(&maybe(&self.labels, context));
        for (name, expression) in &self.label {
            labels.extend(text(&maybe_of(expression, context)).map(|value| (name.clone(), value)));
        }
        let links = match maybe(&self.links, context) {
            cel::Value::List(links) => links.iter().filter_map(text).collect(),
            value => text(&value).into_iter().collect(),
        };
        Ok(Some(Alert {
            signal,
            description: may(&self.description),
            severity: vendor_severity
                .as_deref()
                .and_then(|word| word.parse::<AlertSeverity>().ok().or_else(|| words::severity(word))),
            vendor_severity,
            category,
            service: may(&self.service),
            labels,
            links,
            started_at: moment(&self.started_at),
            ended_at: moment(&self.ended_at).filter(|_| status == AlertStatus::Resolved),
            said_at: moment(&self.said_at),
            group: may(&self.group),
            ..Alert::new(delivery.source, must("fingerprint", &self.fingerprint)?, status, must("title", &self.title)?)
        }))
    }
}

fn evaluate(key: &str, expression: &Expression, context: &cel::Context<'_, '_>) -> Result<cel::Value, Misfit> {
    expression.evaluate(context).map_err(|error| failed(key, expression, &error))
}

fn maybe(expression: &Option<Expression>, context: &cel::Context<'_, '_>) -> cel::Value {
    expression.as_ref().map_or(cel::Value::Null, |expression| maybe_of(expression, context))
}

fn maybe_of(expression: &Expression, context: &cel::Context<'_, '_>) -> cel::Value {
    expression.evaluate(context).unwrap_or(cel::Value::Null)
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    key: &str,
    expression: &Expression,
    word: &str,
) -> Result<T, Misfit> {
    word.parse().map_err(|error: T::Err| failed(key, expression, &error.to_string()))
}

fn failed(key: &str, expression: &Expression, why: &str) -> Misfit {
    Misfit::Other(format!("the mapping of `{key}`, `{}`, fails: {why}", expression.text()))
}

fn text(value: &cel::Value) -> Option<String> {
    let text = match value {
        cel::Value::String(text) => text.trim().to_owned(),
        cel::Value::Int(number) => number.to_string(),
        cel::Value::UInt(number) => number.to_string(),
        cel::Value::Float(number) => number.to_string(),
        cel::Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn labels(value: &cel::Value) -> BTreeMap<String, String> {
    match value {
        cel::Value::Map(map) => {
            map.map.iter().filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// JSON as expressions see it: a whole number is an `int` as long as it is one.
fn value_of(json: &Json) -> cel::Value {
    match json {
        Json::Null => cel::Value::Null,
        Json::Bool(flag) => cel::Value::Bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), ..) => cel::Value::Int(whole),
            (None, Some(whole), _) => cel::Value::UInt(whole),
            (None, None, number) => cel::Value::Float(number.unwrap_or_default()),
        },
        Json::String(text) => cel::Value::String(Arc::new(text.clone())),
        Json::Array(items) => cel::Value::List(Arc::new(items.iter().map(value_of).collect())),
        Json::Object(map) => {
            let map: HashMap<String, cel::Value> =
                map.iter().map(|(name, value)| (name.clone(), value_of(value))).collect();
            map.into()
        }
    }
}

fn value_of_fields(fields: &Fields) -> cel::Value {
    let map: HashMap<String, String> =
        fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    map.into()
}
