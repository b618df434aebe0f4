//! Forms that the bot opened.

use serde_json::{Value, json};

use crate::discord::Discord;
use crate::model::{Field, Id, Modal};
use crate::state::State;
use crate::state::interactions::{Answer, InteractionKind};

use super::begin::Act;
use super::{ActError, Reply};

impl Discord {
    /// Sends a form in, with its texts by the inputs' ids, and waits for the answer. What is not given keeps the
    /// text with which the input opened.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse, or no complete answer in time.
    pub async fn submit(&self, user: Id, modal: &Modal, values: Value) -> Result<Reply, ActError> {
        let id = self.change(|state| begin(state, user, modal.interaction, &values))?;
        self.reply_to(id).await
    }

    /// The form that an interaction opened.
    #[must_use]
    pub fn modal(&self, interaction: Id) -> Option<Modal> {
        self.read(|state| match state.interactions.get(&interaction)?.answer.as_ref()? {
            Answer::Modal(modal) => Some(modal.clone()),
            _ => None,
        })
    }
}

fn begin(state: &mut State, user: Id, opened_by: Id, values: &Value) -> Result<Id, ActError> {
    let open = state.interactions.get(&opened_by).filter(|it| it.user == user && !it.submitted).cloned();
    let open = open.ok_or(ActError::NoSuchForm(user))?;
    let Some(Answer::Modal(modal)) = &open.answer else { return Err(ActError::NoSuchForm(user)) };
    let by_id = |name: &String| modal.fields.iter().any(|field| field.custom_id == *name);
    if let Some(name) = values.as_object().and_then(|values| values.keys().find(|name| !by_id(name))) {
        return Err(ActError::UnknownOption { command: modal.title.clone(), option: name.clone() });
    }
    let mut rows = Vec::new();
    for field in &modal.fields {
        let text = filled(field, &values[field.custom_id.as_str()])?;
        let input = json!({"type": 4, "id": rows.len() * 2 + 2, "custom_id": field.custom_id, "value": text});
        rows.push(json!({"type": 1, "id": rows.len() * 2 + 1, "components": [input]}));
    }
    let id = state.begin(Act {
        kind: InteractionKind::Modal,
        user,
        channel: open.channel,
        what: format!("the form {:?}", modal.title),
        name: String::new(),
        is_menu: false,
        focused_kind: 0,
        pressed_on: open.pressed_on,
        opened_by: Some(open.origin.clone()),
        particulars: json!({"custom_id": modal.custom_id, "components": rows}),
    })?;
    if let Some(open) = state.interactions.get_mut(&opened_by) {
        open.submitted = true;
    }
    Ok(id)
}

fn filled(field: &Field, given: &Value) -> Result<String, ActError> {
    let refuse = |reason: String| ActError::WrongValue { name: field.label.clone(), value: given.to_string(), reason };
    let text = match given {
        Value::Null => field.value.clone().unwrap_or_default(),
        Value::String(text) => text.clone(),
        _ => return Err(refuse("an input takes text".to_owned())),
    };
    let length = text.chars().count();
    if text.is_empty() && field.required {
        return Err(refuse("it must be filled".to_owned()));
    }
    // An optional input may stay empty whatever its shortest text is.
    if !text.is_empty() && !(field.min..=field.max).contains(&length) {
        return Err(refuse(format!("it takes {} to {} characters, not {length}", field.min, field.max)));
    }
    Ok(text)
}
