//! The file as tables and keys: what was asked for is known, and what nobody asked for is reported.
//!
//! The file is not deserialised into structs, because that stops at the first value of the wrong shape and drops the
//! rest of its table; here each key is read by itself and every problem is found in one run.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::{Table, Value};

use super::finding::Findings;
use super::nearby;
use super::shape::{self, Shape};

/// The longest name of a person, a team, a rota and so on.
const NAME_LIMIT: usize = 40;

/// A table of the file. Each key that is asked for becomes a known one; [`Section::done`] reports the others.
pub(super) struct Section<'a> {
    key: String,
    table: Option<&'a Table>,
    asked: RefCell<BTreeSet<&'static str>>,
    findings: &'a Findings,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(table: &'a Table, findings: &'a Findings) -> Self {
        Self::new(String::new(), Some(table), findings)
    }

    fn new(key: String, table: Option<&'a Table>, findings: &'a Findings) -> Self {
        Self { key, table, asked: RefCell::default(), findings }
    }

    /// Where the table stands in the file.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The key that `name` has, or would have, in this table.
    pub(super) fn key_of(&self, name: &str) -> String {
        if self.key.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key) }
    }

    /// Where to report what is found.
    pub(super) fn findings(&self) -> &'a Findings {
        self.findings
    }

    /// One key of the table, there or not.
    pub(super) fn field(&self, name: &'static str) -> Field<'a> {
        self.asked.borrow_mut().insert(name);
        let value = self.table.and_then(|table| table.get(name));
        Field { key: self.key_of(name), value, findings: self.findings }
    }

    /// A table in this one; empty when it is left out.
    pub(super) fn section(&self, name: &'static str) -> Section<'a> {
        let field = self.field(name);
        let table = field.as_table();
        Section::new(field.key, table, self.findings)
    }

    /// The tables under `name`, by their own names: `[people.ana]`, `[people.ben]`.
    pub(super) fn named(&self, name: &'static str) -> Vec<(String, Section<'a>)> {
        let mut sections = Vec::new();
        for (name, field) in self.field(name).entries() {
            if is_a_name(&name) {
                let table = field.as_table();
                sections.push((name, Section::new(field.key, table, self.findings)));
            } else {
                self.findings.error(
                    field.key,
                    format!("`{name}` cannot be a name"),
                    "what stands under it would not be used",
                    format!("use up to {NAME_LIMIT} letters, digits, `-` and `_`, beginning with a letter or digit"),
                );
            }
        }
        sections
    }

    /// The tables of the list `name`: `[[triage]]`, `[[triage]]`.
    pub(super) fn sections(&self, name: &'static str) -> Vec<Section<'a>> {
        let items = self.field(name).items();
        items
            .into_iter()
            .map(|field| {
                let table = field.as_table();
                Section::new(field.key, table, self.findings)
            })
            .collect()
    }

    /// Reports every key that was not asked for.
    pub(super) fn done(self) {
        let asked = self.asked.borrow();
        for name in self.table.into_iter().flat_map(Table::keys).filter(|name| !asked.contains(name.as_str())) {
            self.findings.error(
                self.key_of(name),
                format!("`{name}` is not a key that is known here"),
                "what is meant by it would not happen",
                nearby::cure(name, asked.iter().copied()),
            );
        }
    }
}

/// Whether a text can be the name of a person, a team and so on. A colon is left out: it divides `person:dana`.
fn is_a_name(text: &str) -> bool {
    text.chars().count() <= NAME_LIMIT
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// One key of the file, or one item of a list, there or not.
pub(super) struct Field<'a> {
    key: String,
    value: Option<&'a Value>,
    findings: &'a Findings,
}

impl<'a> Field<'a> {
    /// Whether the file has it.
    pub(super) fn is_there(&self) -> bool {
        self.value.is_some()
    }

    /// Whether it is left out, or is a list of nothing.
    pub(super) fn is_empty(&self) -> bool {
        match self.value {
            None => true,
            Some(value) => value.as_array().is_some_and(Vec::is_empty),
        }
    }

    /// The value, when it is there; when it does not have the shape, `cost` follows and the file is refused.
    pub(super) fn read<T>(&self, shape: Shape<T>, cost: &str) -> Option<T> {
        match shape(self.value?) {
            Ok(value) => Some(value),
            Err(misshapen) => {
                self.error(misshapen.problem, cost, misshapen.cure);
                None
            }
        }
    }

    /// The value; when it is left out, `cost` follows and the file is refused. `example` is what could stand there.
    pub(super) fn require<T>(&self, shape: Shape<T>, cost: &str, example: &str) -> Option<T> {
        if !self.is_there() {
            let name = self.key.rsplit('.').next().unwrap_or(&self.key);
            self.error(format!("`{name}` is missing"), cost, format!("write `{name} = {example}`"));
        }
        self.read(shape, cost)
    }

    /// The items of a list; none when it is left out.
    pub(super) fn items(&self) -> Vec<Field<'a>> {
        let items = match self.value {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.error(
                    format!("{} stands where a list is needed", shape::kind_of(other)),
                    "nothing that is written here would count",
                    "put it into brackets: `[…]`",
                );
                return Vec::new();
            }
        };
        items
            .iter()
            .enumerate()
            .map(|(index, value)| Field {
                key: format!("{}[{index}]", self.key),
                value: Some(value),
                findings: self.findings,
            })
            .collect()
    }

    /// The keys of a table, each with its value; none when it is left out.
    pub(super) fn entries(&self) -> Vec<(String, Field<'a>)> {
        self.as_table()
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                let key = format!("{}.{name}", self.key);
                (name.clone(), Field { key, value: Some(value), findings: self.findings })
            })
            .collect()
    }

    /// Each item of a list that has the shape, with its place in the file; for one that has not, `cost` follows.
    pub(super) fn list<T>(&self, shape: Shape<T>, cost: &str) -> Vec<(Field<'a>, T)> {
        self.items().into_iter().filter_map(|item| item.read(shape, cost).map(|value| (item, value))).collect()
    }

    /// The value as a section of its own, when it is a table.
    pub(super) fn table(&self) -> Option<Section<'a>> {
        match self.value? {
            Value::Table(table) => Some(Section::new(self.key.clone(), Some(table), self.findings)),
            _ => None,
        }
    }

    /// The value as a table, reported when it is something else.
    fn as_table(&self) -> Option<&'a Table> {
        match self.value? {
            Value::Table(table) => Some(table),
            other => {
                self.error(
                    format!("{} stands where a table is needed", shape::kind_of(other)),
                    "nothing that is written here would count",
                    format!("begin a table with `[{}]`", self.key),
                );
                None
            }
        }
    }

    /// The file is refused for what stands here.
    pub(super) fn error(&self, problem: impl Into<String>, consequence: impl Into<String>, cure: impl Into<String>) {
        self.findings.error(self.key.as_str(), problem, consequence, cure);
    }

    /// What stands here costs something.
    pub(super) fn warning(&self, problem: impl Into<String>, consequence: impl Into<String>, cure: impl Into<String>) {
        self.findings.warning(self.key.as_str(), problem, consequence, cure);
    }
}
