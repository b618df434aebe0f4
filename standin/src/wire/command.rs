//! Registered commands.

use serde_json::{Value, json};

use crate::state::State;
use crate::state::commands::{Command, CommandKind};

pub(crate) fn command(state: &State, command: &Command) -> Value {
    let mut shown = json!({
        "id": command.id.to_string(),
        "application_id": state.options.application.to_string(),
        "version": command.version.to_string(),
        "default_member_permissions": command.default_member_permissions.map(|bits| bits.to_string()),
        "type": command.kind.number(),
        "name": command.name,
        "description": command.description,
        "dm_permission": command.dm_permission,
        "contexts": command.contexts,
        "integration_types": command.integration_types.clone().unwrap_or_else(|| json!([0])),
        "nsfw": command.nsfw,
    });
    if command.kind == CommandKind::Slash {
        shown["options"] = json!(command.options.iter().cloned().map(without_nulls).collect::<Vec<_>>());
    }
    for (name, value) in [
        ("guild_id", command.guild.map(|id| json!(id.to_string()))),
        ("name_localizations", command.name_localizations.clone()),
        ("description_localizations", command.description_localizations.clone()),
    ] {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown
}

/// Discord answers with what was set, never with the nulls and empty lists by which a client said "nothing".
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, value)| {
                !(value.is_null() || is_optional_list(name) && value.as_array().is_some_and(Vec::is_empty))
            })
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn is_optional_list(name: &str) -> bool {
    matches!(name, "choices" | "channel_types" | "options")
}
