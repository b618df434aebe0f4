//! Commands as a bot registers them: names, lengths, order, and 8000 characters each.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::rest::error::ApiError;
use crate::state::commands::CommandKind;

use super::form::{Form, Given, Problems};

const OPTIONS: usize = 25;
const CHOICES: usize = 25;
const CHARACTERS: usize = 8000;

const SUB_COMMAND: i64 = 1;
const SUB_COMMAND_GROUP: i64 = 2;
const STRING: i64 = 3;
const INTEGER: i64 = 4;
const CHANNEL: i64 = 7;
const NUMBER: i64 = 10;

/// A checked command that is not registered yet.
#[derive(Clone, Debug)]
pub(crate) struct CommandDraft {
    pub kind: CommandKind,
    pub name: Option<String>,
    pub description: Option<String>,
    pub options: Given<Vec<Value>>,
    pub default_member_permissions: Given<u64>,
    pub dm_permission: Option<bool>,
    pub nsfw: Option<bool>,
    pub contexts: Given<Value>,
    pub integration_types: Given<Value>,
    pub name_localizations: Given<Value>,
    pub description_localizations: Given<Value>,
}

/// A change to a command whose kind is settled.
pub(crate) fn change(body: Value, kind: CommandKind) -> Result<CommandDraft, ApiError> {
    one(body, Some(kind))
}

pub(crate) fn new(body: Value) -> Result<CommandDraft, ApiError> {
    one(body, None)
}

fn one(body: Value, changing: Option<CommandKind>) -> Result<CommandDraft, ApiError> {
    let problems = Problems::default();
    let draft = Form::open(body, "", &problems).map(|form| read(form, changing));
    problems.finish()?;
    draft.ok_or(ApiError::InvalidJson)
}

/// All commands of an application in one place, replacing what was there.
pub(crate) fn all(body: Value) -> Result<Vec<CommandDraft>, ApiError> {
    let Value::Array(items) = body else {
        return Err(Problems::one("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"));
    };
    let problems = Problems::default();
    let open = |(at, item): (usize, Value)| Form::open(item, &at.to_string(), &problems);
    let drafts: Vec<_> = items.into_iter().enumerate().filter_map(open).map(|form| read(form, None)).collect();
    let mut seen = BTreeSet::new();
    for (at, draft) in drafts.iter().enumerate() {
        if !seen.insert((draft.kind.number(), draft.name.clone())) {
            let message = "Application command names must be unique";
            problems.add(&format!("{at}.name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", message);
        }
    }
    problems.finish()?;
    for kind in [CommandKind::Slash, CommandKind::UserMenu, CommandKind::MessageMenu] {
        if kind.limit() < drafts.iter().filter(|draft| draft.kind == kind).count() {
            return Err(ApiError::TooManyCommands(kind.limit()));
        }
    }
    Ok(drafts)
}

fn read(mut form: Form<'_>, changing: Option<CommandKind>) -> CommandDraft {
    let kind = match changing {
        Some(kind) => kind,
        None => form.number("type", 1..=3).value().and_then(CommandKind::from_number).unwrap_or(CommandKind::Slash),
    };
    let name = match changing {
        Some(_) => form.text("name", 1..=32).value(),
        None => Some(form.required_text("name", 1..=32)),
    };
    if let Some(name) = name.as_deref().filter(|_| kind == CommandKind::Slash) {
        check_name(&form, name);
    }
    let description = match kind {
        CommandKind::Slash if changing.is_none() => Some(form.required_text("description", 1..=100)),
        CommandKind::Slash => form.text("description", 1..=100).value(),
        // Menus have none; clients send an empty one.
        CommandKind::UserMenu | CommandKind::MessageMenu => form.text("description", 0..=0).value(),
    };
    let (raw_path, problems) = (form.path("options"), form.problems());
    let options = form.list("options", OPTIONS);
    if let Given::Value(items) = &options {
        check_options(items, &raw_path, 0, problems);
        if kind != CommandKind::Slash && !items.is_empty() {
            problems.add(&raw_path, "APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED", "Menus cannot have options");
        }
        let texts = [name.as_deref(), description.as_deref()];
        let own: usize = texts.into_iter().flatten().map(|text| text.chars().count()).sum();
        if CHARACTERS < own + items.iter().map(characters).sum::<usize>() {
            let message = "Command exceeds maximum size (8000)";
            problems.add(&raw_path, "APPLICATION_COMMAND_TOO_LARGE", message);
        }
    }
    let draft = CommandDraft {
        kind,
        name,
        description,
        options,
        default_member_permissions: form.bits("default_member_permissions"),
        dm_permission: form.flag("dm_permission").value(),
        nsfw: form.flag("nsfw").value(),
        contexts: form.any("contexts"),
        integration_types: form.any("integration_types"),
        name_localizations: form.any("name_localizations"),
        description_localizations: form.any("description_localizations"),
    };
    form.accept(&["id", "handler", "default_permission"]);
    form.finish();
    draft
}

fn check_name(form: &Form<'_>, name: &str) {
    let fits = |c: char| c == '-' || c == '_' || c == '\'' || c.is_alphanumeric() && !c.is_uppercase();
    if !name.chars().all(fits) {
        form.problems().add(
            &form.path("name"),
            "APPLICATION_COMMAND_INVALID_NAME",
            "Command name is invalid: lower-case letters, digits, - and _ only",
        );
    }
}

fn check_options(items: &[Value], path: &str, depth: u8, problems: &Problems) {
    let mut names = BTreeSet::new();
    let mut optional_seen = false;
    let mut kinds = BTreeSet::new();
    for (at, item) in items.iter().enumerate() {
        let path = format!("{path}.{at}");
        let Some(mut form) = Form::open(item.clone(), &path, problems) else { continue };
        let name = form.required_text("name", 1..=32);
        check_name(&form, &name);
        form.required_text("description", 1..=100);
        let required = form.flag("required").value().unwrap_or(false);
        let Some(kind) = form.number("type", 1..=11).value() else {
            form.missing("type");
            continue;
        };
        kinds.insert(kind <= SUB_COMMAND_GROUP);
        check_particulars(&mut form, kind, depth);
        if required && optional_seen {
            let message = "Required options must be placed before non-required options";
            problems.add(&path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
        }
        optional_seen |= !required;
        if !names.insert(name) {
            let message = "Command option names must be unique";
            problems.add(&path, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message);
        }
        form.accept(&["name_localizations", "description_localizations"]);
        form.finish();
    }
    if 1 < kinds.len() {
        let message = "Sub-command and sub-command group option types are mutually exclusive to all other types";
        problems.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
    }
}

fn check_particulars(form: &mut Form<'_>, kind: i64, depth: u8) {
    let problems = form.problems();
    if kind <= SUB_COMMAND_GROUP {
        let deepest = if kind == SUB_COMMAND { 1 } else { 0 };
        if deepest < depth {
            problems.add(&form.path("type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Nested too deeply");
        }
        let path = form.path("options");
        let inner = form.list("options", OPTIONS).value().unwrap_or_default();
        let only_sub_commands = inner.iter().all(|item| item["type"].as_i64() == Some(SUB_COMMAND));
        if kind == SUB_COMMAND_GROUP && !only_sub_commands {
            problems.add(&path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "A group holds sub-commands only");
        }
        if kind == SUB_COMMAND && inner.iter().any(|item| item["type"].as_i64().is_some_and(|kind| kind <= 2)) {
            problems.add(&path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "A sub-command holds no sub-commands");
        }
        check_options(&inner, &path, depth + 1, problems);
    } else if let Given::Value(inner) = form.list("options", OPTIONS)
        && !inner.is_empty()
    {
        problems.add(&form.path("options"), "UNKNOWN_FIELD", "only sub-commands have options");
    }
    let autocomplete = form.flag("autocomplete").value().unwrap_or(false);
    let choices = check_choices(form, kind);
    if autocomplete && (choices || !matches!(kind, STRING | INTEGER | NUMBER)) {
        let message = "Autocomplete is for texts and numbers without choices";
        problems.add(&form.path("autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", message);
    }
    match kind {
        STRING => {
            form.number("min_length", 0..=6000);
            form.number("max_length", 1..=6000);
        }
        INTEGER | NUMBER => form.accept(&["min_value", "max_value"]),
        CHANNEL => form.accept(&["channel_types"]),
        _ => (),
    }
    // Clients that build options from one struct send the fields of other kinds empty.
    for name in ["min_length", "max_length", "min_value", "max_value", "channel_types"] {
        if let Given::Value(value) = form.any(name)
            && value.as_array().is_none_or(|list| !list.is_empty())
        {
            problems.add(&form.path(name), "UNKNOWN_FIELD", "not for this type of option");
        }
    }
}

/// Says whether there are any.
fn check_choices(form: &mut Form<'_>, kind: i64) -> bool {
    let (path, problems) = (form.path("choices"), form.problems());
    let choices = form.objects("choices", CHOICES).value().unwrap_or_default();
    let there_are = !choices.is_empty();
    if there_are && !matches!(kind, STRING | INTEGER | NUMBER) {
        problems.add(&path, "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "Choices are for texts and numbers");
    }
    for choice in choices {
        self::choice(choice, kind);
    }
    there_are
}

/// A choice, as registered or as suggested while typing; `kind` is that of its option.
pub(crate) fn choice(mut form: Form<'_>, kind: i64) -> crate::model::Choice {
    let name = form.required_text("name", 1..=100);
    let value = form.any("value").value().unwrap_or(Value::Null);
    let fits = match kind {
        STRING => value.as_str().is_some_and(|text| (1..=100).contains(&text.chars().count())),
        INTEGER => value.is_i64(),
        NUMBER => value.is_number(),
        _ => false,
    };
    if !fits {
        form.problems().add(&form.path("value"), "CHOICE_TYPE_CONVERT", "The value does not fit the option");
    }
    form.accept(&["name_localizations"]);
    form.finish();
    crate::model::Choice { name, value }
}

/// Discord counts the names and descriptions of the command, its options and its choices, and the choices' values.
fn characters(option: &Value) -> usize {
    let count = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
    let inner = |name: &str| option[name].as_array().map_or(0, |items| items.iter().map(characters).sum());
    count(&option["name"])
        + count(&option["description"])
        + count(&option["value"])
        + inner("options")
        + inner("choices")
}
