//! The names that the file gives, and who refers to them: a reference to nothing is found, and so is what nothing uses.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::{Table, Value};

use super::nearby;
use super::section::Field;
use super::shape;

/// The names of one kind, such as all people.
pub(super) struct Names {
    /// The kind as people read it: "person".
    kind: &'static str,
    declared: BTreeSet<String>,
    used: RefCell<BTreeSet<String>>,
}

impl Names {
    /// The names of the tables under `section` of the file.
    fn of(file: &Table, section: &str, kind: &'static str) -> Self {
        let declared = file.get(section).and_then(Value::as_table).map(|table| table.keys().cloned().collect());
        Self { kind, declared: declared.unwrap_or_default(), used: RefCell::default() }
    }

    /// The name that `field` holds, noted as used; reported when it is left out, or when the file does not give it,
    /// with what it would cost.
    pub(super) fn referred(&self, field: &Field<'_>, cost: &str) -> Option<String> {
        let example = self.declared.first().map_or("…", String::as_str);
        self.known(field, &field.require(shape::text, cost, &format!("\"{example}\""))?, cost)
    }

    /// The same for a name that was already taken out of `field`.
    pub(super) fn known(&self, field: &Field<'_>, name: &str, cost: &str) -> Option<String> {
        if self.declared.contains(name) {
            self.used.borrow_mut().insert(name.to_owned());
            return Some(name.to_owned());
        }
        field.error(format!("there is no {} `{name}` in this file", self.kind), cost, self.cure(name));
        None
    }

    /// What to write in place of a name that is not given.
    pub(super) fn cure(&self, name: &str) -> String {
        nearby::cure(name, self.declared.iter().map(String::as_str))
    }

    /// Whether the file gives the name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.declared.contains(name)
    }

    /// The only name there is.
    pub(super) fn only(&self) -> Option<&str> {
        match self.declared.len() {
            1 => self.declared.first().map(String::as_str),
            _ => None,
        }
    }

    /// Whether something refers to the name.
    pub(super) fn is_used(&self, name: &str) -> bool {
        self.used.borrow().contains(name)
    }
}

/// The names of every kind that something refers to.
pub(super) struct AllNames {
    pub(super) people: Names,
    pub(super) teams: Names,
    pub(super) rotas: Names,
    pub(super) policies: Names,
    pub(super) gates: Names,
}

impl AllNames {
    /// The names that the file gives.
    pub(super) fn of(file: &Table) -> Self {
        Self {
            people: Names::of(file, "people", "person"),
            teams: Names::of(file, "teams", "team"),
            rotas: Names::of(file, "rotas", "rota"),
            policies: Names::of(file, "policies", "policy"),
            gates: Names::of(file, "gates", "gate"),
        }
    }
}
