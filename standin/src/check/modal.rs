//! Forms that the bot opens: one to five rows with one text input each.

use std::collections::BTreeSet;

use crate::model::{Field, Id, Modal};

use super::form::{Form, Given};

const ROWS: usize = 5;
const LONGEST: usize = 4000;

/// The `data` of a callback that opens a form.
pub(crate) fn modal(mut form: Form<'_>, interaction: Id) -> Modal {
    let custom_id = form.required_text("custom_id", 1..=100);
    let title = form.required_text("title", 1..=45);
    let (path, problems) = (form.path("components"), form.problems());
    let rows = form.objects("components", ROWS).value().unwrap_or_default();
    let fields: Vec<_> = rows.into_iter().flat_map(row).collect();
    if fields.is_empty() {
        problems.add(&path, "BASE_TYPE_BAD_LENGTH", format!("Must be between 1 and {ROWS} in length."));
    }
    let ids: BTreeSet<_> = fields.iter().map(|field| field.custom_id.as_str()).collect();
    if ids.len() < fields.len() {
        problems.add(&path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated");
    }
    form.finish();
    Modal { interaction, custom_id, title, fields }
}

fn row(mut form: Form<'_>) -> Vec<Field> {
    if form.number("type", 1..=1) == Given::Absent {
        form.missing("type");
    }
    form.accept(&["id"]);
    let (path, problems) = (form.path("components"), form.problems());
    let inputs = form.objects("components", 1).value().unwrap_or_default();
    if inputs.is_empty() {
        problems.add(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 1 in length.");
    }
    form.finish();
    inputs.into_iter().map(field).collect()
}

fn field(mut form: Form<'_>) -> Field {
    let bound = |given: Option<i64>| given.and_then(|number| usize::try_from(number).ok());
    form.accept(&["id"]);
    if form.number("type", 4..=4) == Given::Absent {
        form.missing("type");
    }
    let style = form.number("style", 1..=2).value();
    if style.is_none() {
        form.missing("style");
    }
    let field = Field {
        custom_id: form.required_text("custom_id", 1..=100),
        label: form.required_text("label", 1..=45),
        style: if style == Some(2) { 2 } else { 1 },
        required: form.flag("required").value().unwrap_or(true),
        min: bound(form.number("min_length", 0..=4000).value()).unwrap_or(0),
        max: bound(form.number("max_length", 1..=4000).value()).unwrap_or(LONGEST),
        value: form.text("value", 0..=LONGEST).value(),
        placeholder: form.text("placeholder", 0..=100).value(),
    };
    let length = field.value.as_ref().filter(|value| !value.is_empty()).map(|value| value.chars().count());
    if field.max < field.min || length.is_some_and(|length| !(field.min..=field.max).contains(&length)) {
        form.problems().add(&form.path("value"), "TEXT_INPUT_BOUNDS", "The text or the bounds contradict each other");
    }
    form.finish();
    field
}
