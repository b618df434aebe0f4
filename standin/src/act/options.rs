//! Options as a person fills them in: by name, checked against what the command registered.

use serde_json::{Map, Value, json};

use crate::check::form::snowflake;
use crate::model::Id;
use crate::state::State;
use crate::wire;

use super::ActError;

/// Below it is the sub-command itself, 1.
const SUB_COMMAND_GROUP: i64 = 2;
const STRING: i64 = 3;
const INTEGER: i64 = 4;
const BOOLEAN: i64 = 5;
const USER: i64 = 6;
const CHANNEL: i64 = 7;
const ROLE: i64 = 8;
const MENTIONABLE: i64 = 9;
const NUMBER: i64 = 10;

/// The option that is being typed.
#[derive(Clone, Copy)]
pub(super) struct Focus<'a> {
    pub option: &'a str,
    pub text: &'a str,
}

/// What a person filled in, in the shape of the event.
pub(super) struct Filled {
    pub options: Vec<Value>,
    pub resolved: Resolved,
    /// The kind of the option that is being typed; 0 without one.
    pub focused_kind: i64,
}

/// The people, roles and channels that values point to.
#[derive(Default)]
pub(super) struct Resolved {
    users: Map<String, Value>,
    members: Map<String, Value>,
    roles: Map<String, Value>,
    channels: Map<String, Value>,
}

impl Resolved {
    pub fn into_value(self) -> Value {
        let maps =
            [("users", self.users), ("members", self.members), ("roles", self.roles), ("channels", self.channels)];
        maps.into_iter()
            .filter(|(_, map)| !map.is_empty())
            .map(|(name, map)| (name.to_owned(), Value::Object(map)))
            .collect::<Map<_, _>>()
            .into()
    }

    /// Says whether there is such a person.
    pub fn add_user(&mut self, state: &State, id: Id) -> bool {
        let Some(member) = state.members.get(&id) else { return false };
        self.users.insert(id.to_string(), wire::user::user(member));
        if member.present {
            self.members.insert(id.to_string(), wire::user::partial_member(member));
        }
        true
    }

    /// Says whether there is such a role.
    pub fn add_role(&mut self, state: &State, id: Id) -> bool {
        let Some(role) = state.roles.get(&id) else { return false };
        self.roles.insert(id.to_string(), wire::guild::role(role));
        true
    }

    /// Says whether there is such a channel.
    pub fn add_channel(&mut self, state: &State, user: Id, id: Id) -> bool {
        let Some(channel) = state.channels.get(&id) else { return false };
        self.channels.insert(id.to_string(), wire::channel::partial(state, user, channel));
        true
    }
}

/// Fills in a command. `words` are the names of the sub-command (and its group) below it.
pub(super) fn fill(
    state: &State,
    user: Id,
    command: &str,
    registered: &[Value],
    words: &[&str],
    given: &Map<String, Value>,
    focus: Option<Focus<'_>>,
) -> Result<Filled, ActError> {
    let has_subs = registered.iter().any(|option| kind(option) <= SUB_COMMAND_GROUP);
    if let Some((word, rest)) = words.split_first() {
        let sub = registered.iter().find(|option| kind(option) <= SUB_COMMAND_GROUP && option["name"] == *word);
        let sub = sub.ok_or_else(|| ActError::UnknownCommand(format!("{command} {word}")))?;
        let command = format!("{command} {word}");
        let inner = fill(state, user, &command, list(sub, "options"), rest, given, focus)?;
        let shown = json!({"name": word, "type": kind(sub), "options": inner.options});
        return Ok(Filled { options: vec![shown], ..inner });
    }
    if has_subs {
        let names: Vec<_> = registered.iter().filter_map(|option| option["name"].as_str()).collect();
        return Err(ActError::UnknownCommand(format!("{command} (it needs one of: {})", names.join(", "))));
    }
    fill_leaf(state, user, command, registered, given, focus)
}

fn fill_leaf(
    state: &State,
    user: Id,
    command: &str,
    registered: &[Value],
    given: &Map<String, Value>,
    focus: Option<Focus<'_>>,
) -> Result<Filled, ActError> {
    let named = |name: &str| registered.iter().find(|option| option["name"] == name);
    let unknown = |name: &str| ActError::UnknownOption { command: command.to_owned(), option: name.to_owned() };
    if let Some(name) = given.keys().map(String::as_str).chain(focus.map(|f| f.option)).find(|n| named(n).is_none()) {
        return Err(unknown(name));
    }
    let mut filled = Filled { options: Vec::new(), resolved: Resolved::default(), focused_kind: 0 };
    for option in registered {
        let name = option["name"].as_str().unwrap_or_default();
        if let Some(focus) = focus.filter(|focus| focus.option == name) {
            if option["autocomplete"] != true {
                return Err(wrong(name, &json!(focus.text), "the option makes no suggestions"));
            }
            filled.focused_kind = kind(option);
            filled.options.push(json!({"name": name, "type": kind(option), "value": focus.text, "focused": true}));
            continue;
        }
        match given.get(name).filter(|value| !value.is_null()) {
            Some(value) => {
                let value = fit(state, user, option, value, &mut filled.resolved)?;
                filled.options.push(json!({"name": name, "type": kind(option), "value": value}));
            }
            // While typing, the rest of the form may still be empty.
            None if option["required"] == true && focus.is_none() => {
                return Err(ActError::MissingOption { command: command.to_owned(), option: name.to_owned() });
            }
            None => (),
        }
    }
    Ok(filled)
}

/// The value as the bot receives it.
fn fit(state: &State, user: Id, option: &Value, value: &Value, resolved: &mut Resolved) -> Result<Value, ActError> {
    let name = option["name"].as_str().unwrap_or_default();
    let refuse = |reason: &str| wrong(name, value, reason);
    let choices = list(option, "choices");
    if !choices.is_empty() {
        // A person picks what they read; a test may also name the value behind it.
        let chosen = choices.iter().find(|choice| choice["value"] == *value || choice["name"] == *value);
        let offered: Vec<_> = choices.iter().filter_map(|choice| choice["name"].as_str()).collect();
        let reason = format!("offered are: {}", offered.join(", "));
        return chosen.map(|choice| choice["value"].clone()).ok_or_else(|| refuse(&reason));
    }
    let fits = match kind(option) {
        STRING => {
            let length = value.as_str().ok_or_else(|| refuse("it takes text"))?.chars().count();
            let bound = |name: &str, default: u64| option[name].as_u64().unwrap_or(default);
            let length = u64::try_from(length).unwrap_or(u64::MAX);
            if !(bound("min_length", 0).max(1)..=bound("max_length", 6000)).contains(&length) {
                return Err(refuse("its length is out of bounds"));
            }
            true
        }
        INTEGER | NUMBER => {
            let number = value.as_f64().ok_or_else(|| refuse("it takes a number"))?;
            if kind(option) == INTEGER && !value.is_i64() && !value.is_u64() {
                return Err(refuse("it takes a whole number"));
            }
            let above = option["min_value"].as_f64().is_none_or(|min| min <= number);
            let below = option["max_value"].as_f64().is_none_or(|max| number <= max);
            if !above || !below {
                return Err(refuse("it is out of bounds"));
            }
            true
        }
        BOOLEAN => value.is_boolean(),
        kind => {
            let id = snowflake(value).ok_or_else(|| refuse("it takes an id"))?;
            let known = match kind {
                USER => resolved.add_user(state, id),
                ROLE => resolved.add_role(state, id),
                MENTIONABLE => resolved.add_user(state, id) || resolved.add_role(state, id),
                CHANNEL => fits_channel(state, option, id) && resolved.add_channel(state, user, id),
                _ => return Err(refuse("the stand-in does not play this type of option")),
            };
            return if known { Ok(json!(id.to_string())) } else { Err(refuse("there is none of this id to choose")) };
        }
    };
    if fits { Ok(value.clone()) } else { Err(refuse("it takes true or false")) }
}

fn fits_channel(state: &State, option: &Value, id: Id) -> bool {
    let kinds = list(option, "channel_types");
    let number = state.channels.get(&id).map(|channel| u64::from(channel.kind.number()));
    kinds.is_empty() || kinds.iter().any(|kind| kind.as_u64() == number)
}

fn kind(option: &Value) -> i64 {
    option["type"].as_i64().unwrap_or_default()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn wrong(name: &str, value: &Value, reason: &str) -> ActError {
    ActError::WrongValue { name: name.to_owned(), value: value.to_string(), reason: reason.to_owned() }
}
