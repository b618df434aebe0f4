//! Buttons and selects: five rows, five buttons or one select each, ids of their own.

use std::collections::BTreeSet;

use crate::model::{Component, Emoji, SelectKind, SelectOption};

use super::form::{Form, Given, Problems};

const ROWS: usize = 5;
const BUTTONS: usize = 5;
const OPTIONS: usize = 25;
const LINK: i64 = 5;

/// The field `components` of a message.
pub(crate) fn components(form: &mut Form<'_>) -> Given<Vec<Vec<Component>>> {
    let path = form.path("components");
    let problems = form.problems();
    form.objects("components", ROWS).and_then(|rows| {
        let rows: Vec<_> =
            rows.into_iter().enumerate().map(|(at, form)| row(form, &format!("{path}.{at}"), problems)).collect();
        let mut seen = BTreeSet::new();
        for custom_id in rows.iter().flatten().filter_map(Component::custom_id) {
            if !seen.insert(custom_id) {
                problems.add(&path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated");
            }
        }
        Some(rows)
    })
}

fn row(mut form: Form<'_>, path: &str, problems: &Problems) -> Vec<Component> {
    if form.number("type", 1..=1) == Given::Absent {
        form.missing("type");
    }
    form.accept(&["id"]);
    let parts = form.objects("components", BUTTONS).value().unwrap_or_default();
    let parts: Vec<_> = parts.into_iter().filter_map(component).collect();
    form.finish();
    let selects = parts.iter().filter(|part| matches!(part, Component::Select { .. })).count();
    if parts.is_empty() {
        let bounds = format!("Must be between 1 and {BUTTONS} in length.");
        problems.add(&format!("{path}.components"), "BASE_TYPE_BAD_LENGTH", bounds);
    } else if 0 < selects && 1 < parts.len() {
        problems.add(path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width");
    }
    parts
}

fn component(mut form: Form<'_>) -> Option<Component> {
    form.accept(&["id"]);
    let kind = form.number("type", 2..=8).value()?;
    let component = match SelectKind::from_number(kind) {
        Some(kind) => select(&mut form, kind),
        None if kind == 2 => button(&mut form),
        None => {
            form.problems().add(
                &form.path("type"),
                "UNION_TYPE_CHOICES",
                "Value of field \"type\" must be one of (2, 3, 5, 6, 7, 8).",
            );
            return None;
        }
    };
    form.finish();
    Some(component)
}

fn button(form: &mut Form<'_>) -> Component {
    let style = form.number("style", 1..=LINK).value();
    if style.is_none() {
        form.missing("style");
    }
    let is_link = style == Some(LINK);
    let custom_id = form.text("custom_id", 1..=100).value();
    let url = form.address("url").value();
    let label = form.text("label", 0..=80).value().unwrap_or_default();
    let emoji = emoji(form);
    let problems = form.problems();
    if label.is_empty() && emoji.is_none() {
        problems.add(&form.path("label"), "BUTTON_COMPONENT_INVALID", "A button must have a label or an emoji");
    }
    match (is_link, custom_id.is_some(), url.is_some()) {
        (true, false, true) | (false, true, false) => (),
        (true, ..) => {
            problems.add(&form.path("url"), "BUTTON_COMPONENT_INVALID_URL", "A link has a url and no custom id");
        }
        (false, ..) => problems.add(
            &form.path("custom_id"),
            "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED",
            "A custom id is required, and no url, unless the button is a link",
        ),
    }
    Component::Button {
        custom_id,
        label,
        style: style.and_then(|style| u8::try_from(style).ok()).unwrap_or(1),
        disabled: form.flag("disabled").value().unwrap_or(false),
        url,
        emoji,
    }
}

fn select(form: &mut Form<'_>, kind: SelectKind) -> Component {
    let small = |number: Option<i64>| number.and_then(|number| u8::try_from(number).ok()).unwrap_or(1);
    let custom_id = form.required_text("custom_id", 1..=100);
    let (min, max) = (form.number("min_values", 0..=25).value(), form.number("max_values", 1..=25).value());
    let options = if kind == SelectKind::Text { select_options(form) } else { Vec::new() };
    if small(max) < small(min) {
        form.problems().add(&form.path("min_values"), "SELECT_COMPONENT_BOUNDS", "The minimum is above the maximum");
    }
    form.accept(&["required"]);
    match kind {
        SelectKind::Channel => form.accept(&["channel_types", "default_values"]),
        SelectKind::Text => (),
        SelectKind::User | SelectKind::Role | SelectKind::Mentionable => form.accept(&["default_values"]),
    }
    Component::Select {
        custom_id,
        kind,
        placeholder: form.text("placeholder", 0..=150).value(),
        min: small(min),
        max: small(max),
        disabled: form.flag("disabled").value().unwrap_or(false),
        options,
    }
}

fn select_options(form: &mut Form<'_>) -> Vec<SelectOption> {
    let (path, problems) = (form.path("options"), form.problems());
    let options: Vec<_> =
        form.objects("options", OPTIONS).value().unwrap_or_default().into_iter().map(select_option).collect();
    if options.is_empty() {
        problems.add(&path, "BASE_TYPE_BAD_LENGTH", format!("Must be between 1 and {OPTIONS} in length."));
    }
    let values: BTreeSet<_> = options.iter().map(|option| option.value.as_str()).collect();
    if values.len() < options.len() {
        problems.add(&path, "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used");
    }
    options
}

fn select_option(mut form: Form<'_>) -> SelectOption {
    let option = SelectOption {
        label: form.required_text("label", 1..=100),
        value: form.required_text("value", 1..=100),
        description: form.text("description", 0..=100).value(),
        default: form.flag("default").value().unwrap_or(false),
        emoji: emoji(&mut form),
    };
    form.finish();
    option
}

fn emoji(form: &mut Form<'_>) -> Option<Emoji> {
    let mut inner = form.object("emoji").value()?;
    let emoji = Emoji { id: inner.id("id").value(), name: inner.text("name", 0..=32).value().unwrap_or_default() };
    inner.accept(&["animated"]);
    inner.finish();
    Some(emoji)
}
