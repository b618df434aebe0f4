//! Forms that the bot opens, and the suggestions it makes while a person types.

use serde_json::Value;

use super::Id;

/// One text input of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What the bot receives.
    pub custom_id: String,
    /// What people read.
    pub label: String,
    /// 1 for one line, 2 for a paragraph.
    pub style: u8,
    /// Whether it must be filled.
    pub required: bool,
    /// How many characters it takes at least.
    pub min: usize,
    /// How many characters it takes at most.
    pub max: usize,
    /// What is in it when the form opens.
    pub value: Option<String>,
    /// What it shows while empty.
    pub placeholder: Option<String>,
}

/// A form that the bot opened for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modal {
    /// The interaction that opened it.
    pub interaction: Id,
    /// What the bot receives.
    pub custom_id: String,
    /// Its heading.
    pub title: String,
    /// Its inputs.
    pub fields: Vec<Field>,
}

/// One suggestion for an option, or one of the values it is limited to.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What people read.
    pub name: String,
    /// What the bot receives.
    pub value: Value,
}
