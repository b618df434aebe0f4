//! Buttons and selects of messages.

use serde_json::{Value, json};

use crate::discord::Discord;
use crate::model::{Component, Id, Message, SelectKind};
use crate::state::State;
use crate::state::interactions::InteractionKind;

use super::begin::Act;
use super::options::Resolved;
use super::{ActError, Reply};

impl Discord {
    /// Presses a button, by what the bot receives, and waits for the answer.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse, or no complete answer in time.
    pub async fn press(&self, user: Id, channel: Id, message: Id, custom_id: &str) -> Result<Reply, ActError> {
        let id = self.change(|state| {
            let found = state.message_seen_by(user, channel, message)?;
            let button = found.parts().find(|part| part.custom_id() == Some(custom_id));
            let button = usable_button(found, button, custom_id)?;
            begin_press(state, user, channel, message, &button)
        })?;
        self.reply_to(id).await
    }

    /// Presses a button, by what people read on it, and waits for the answer.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse, or no complete answer in time.
    pub async fn press_label(&self, user: Id, channel: Id, message: Id, label: &str) -> Result<Reply, ActError> {
        let id = self.change(|state| {
            let found = state.message_seen_by(user, channel, message)?;
            let button =
                found.parts().find(|part| matches!(part, Component::Button { label: own, .. } if own == label));
            let button = usable_button(found, button, label)?;
            begin_press(state, user, channel, message, &button)
        })?;
        self.reply_to(id).await
    }

    /// Chooses from a select and waits for the answer. For people, roles and channels the values are ids.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse, or no complete answer in time.
    pub async fn choose(
        &self,
        user: Id,
        channel: Id,
        message: Id,
        custom_id: &str,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Reply, ActError> {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        let id = self.change(|state| {
            let found = state.message_seen_by(user, channel, message)?;
            let select = found.parts().find(|part| part.custom_id() == Some(custom_id));
            let particulars = chosen(state, user, found, select, custom_id, &values)?;
            begin(state, user, channel, message, custom_id, particulars)
        })?;
        self.reply_to(id).await
    }
}

/// What the bot receives when the button is pressed.
fn usable_button(message: &Message, button: Option<&Component>, name: &str) -> Result<String, ActError> {
    match button {
        None => Err(unknown(message, name)),
        Some(Component::Button { custom_id: Some(custom_id), disabled: false, .. }) => Ok(custom_id.clone()),
        Some(_) => Err(ActError::Disabled(name.to_owned())),
    }
}

fn begin_press(state: &mut State, user: Id, channel: Id, message: Id, custom_id: &str) -> Result<Id, ActError> {
    let particulars = json!({"custom_id": custom_id, "component_type": 2, "id": 0});
    begin(state, user, channel, message, custom_id, particulars)
}

fn begin(
    state: &mut State,
    user: Id,
    channel: Id,
    message: Id,
    custom_id: &str,
    particulars: Value,
) -> Result<Id, ActError> {
    state.begin(Act {
        kind: InteractionKind::Component,
        user,
        channel,
        what: format!("a press on {custom_id:?}"),
        name: String::new(),
        is_menu: false,
        focused_kind: 0,
        pressed_on: Some(message),
        opened_by: None,
        particulars,
    })
}

fn chosen(
    state: &State,
    user: Id,
    message: &Message,
    select: Option<&Component>,
    name: &str,
    values: &[String],
) -> Result<Value, ActError> {
    let select = select.ok_or_else(|| unknown(message, name))?;
    let Component::Select { kind, min, max, disabled: false, options, .. } = select else {
        return Err(ActError::Disabled(name.to_owned()));
    };
    let refuse = |value: &Value, reason: &str| ActError::WrongValue {
        name: name.to_owned(),
        value: value.to_string(),
        reason: reason.to_owned(),
    };
    if !(usize::from(*min)..=usize::from(*max)).contains(&values.len()) {
        return Err(refuse(&json!(values), &format!("between {min} and {max} are to be chosen")));
    }
    let mut resolved = Resolved::default();
    for value in values {
        let id = value.parse().unwrap_or_default();
        let known = match kind {
            SelectKind::Text => options.iter().any(|option| option.value == *value),
            SelectKind::User => resolved.add_user(state, id),
            SelectKind::Role => resolved.add_role(state, id),
            SelectKind::Mentionable => resolved.add_user(state, id) || resolved.add_role(state, id),
            SelectKind::Channel => resolved.add_channel(state, user, id),
        };
        if !known {
            return Err(refuse(&json!(value), "it is not offered"));
        }
    }
    let mut particulars = json!({"custom_id": name, "component_type": kind.number(), "id": 0, "values": values});
    if *kind != SelectKind::Text {
        particulars["resolved"] = resolved.into_value();
    }
    Ok(particulars)
}

fn unknown(message: &Message, name: &str) -> ActError {
    let shown = |part: &Component| match part {
        Component::Button { label, custom_id, .. } => format!("{label:?} ({})", custom_id.as_deref().unwrap_or("link")),
        Component::Select { custom_id, .. } => custom_id.clone(),
    };
    let present = message.parts().map(shown).collect::<Vec<_>>().join(", ");
    ActError::UnknownComponent { name: name.to_owned(), present }
}
