//! What a message may carry, by the way it comes in.

use serde_json::Value;

use crate::model::{Component, Embed, Id};
use crate::rest::error::ApiError;
use crate::state::mentions::Allowed;

use super::form::{Form, Given, Problems, snowflake};
use super::{component, embed};

const CONTENT: usize = 2000;
const NONCE: usize = 25;
const FILES: usize = 10;
/// The flag by which a client asks for the second kind of components, which the stand-in does not play.
const COMPONENTS_V2: i64 = 1 << 15;
/// What a sender may set: no embeds, for one person, no notification.
const SETTABLE: i64 = (1 << 2) | (1 << 6) | (1 << 12);

/// By which way a message comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Create,
    Edit,
    Answer,
    Followup,
    AnswerEdit,
}

/// A file that is kept or described, by its number in the upload or its id.
#[derive(Clone, Debug)]
pub(crate) struct FileNote {
    pub id: Id,
    pub filename: Option<String>,
    pub description: Option<String>,
}

/// A checked message that is not yet one.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub content: Given<String>,
    pub embeds: Given<Vec<Embed>>,
    pub components: Given<Vec<Vec<Component>>>,
    pub allowed: Allowed,
    pub files: Given<Vec<FileNote>>,
    pub flags: Given<u64>,
    pub nonce: Option<Value>,
    pub enforce_nonce: bool,
    pub reply_to: Option<Reply>,
    pub tts: bool,
}

/// The message that is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    pub message: Id,
    /// Whether it is an error that it is gone.
    pub must_exist: bool,
}

/// Reads a whole body.
pub(crate) fn draft(body: Value, way: Way) -> Result<Draft, ApiError> {
    let problems = Problems::default();
    let draft = Form::open(body, "", &problems).map(|form| read(form, way));
    problems.finish()?;
    draft.ok_or(ApiError::InvalidJson)
}

/// Reads an object inside a body, such as the `data` of a callback.
pub(crate) fn read(mut form: Form<'_>, way: Way) -> Draft {
    let draft = Draft {
        content: form.text("content", 0..=CONTENT),
        embeds: embed::embeds(&mut form),
        components: component::components(&mut form),
        allowed: form.object("allowed_mentions").value().map(allowed).unwrap_or_default(),
        files: form.objects("attachments", FILES).and_then(|files| Some(files.into_iter().map(file).collect())),
        flags: flags(&mut form),
        nonce: if way == Way::Create { nonce(&mut form) } else { None },
        enforce_nonce: way == Way::Create && form.flag("enforce_nonce").value().unwrap_or(false),
        reply_to: if way == Way::Create { form.object("message_reference").value().and_then(reply) } else { None },
        tts: !matches!(way, Way::Edit | Way::AnswerEdit) && form.flag("tts").value().unwrap_or(false),
    };
    match way {
        Way::Create | Way::Edit => accept_empty(&mut form, &["sticker_ids"]),
        Way::Followup => accept_empty(&mut form, &["username", "avatar_url", "thread_name", "applied_tags"]),
        Way::Answer | Way::AnswerEdit => (),
    }
    accept_empty(&mut form, &["poll", "shared_client_theme"]);
    form.finish();
    draft
}

/// Fields that Discord knows and the stand-in does not play: allowed while they say nothing.
fn accept_empty(form: &mut Form<'_>, names: &[&str]) {
    for name in names {
        if let Given::Value(value) = form.any(name)
            && value.as_array().is_none_or(|list| !list.is_empty())
        {
            form.problems().add(&form.path(name), "UNKNOWN_FIELD", "the stand-in does not play this field");
        }
    }
}

fn flags(form: &mut Form<'_>) -> Given<u64> {
    let (path, problems) = (form.path("flags"), form.problems());
    form.number("flags", 0..=i64::from(u32::MAX)).and_then(|flags| {
        if flags & COMPONENTS_V2 != 0 {
            problems.add(&path, "UNKNOWN_FIELD", "the stand-in does not play the second kind of components");
        }
        u64::try_from(flags & SETTABLE).ok()
    })
}

fn nonce(form: &mut Form<'_>) -> Option<Value> {
    let nonce = form.any("nonce").value()?;
    match &nonce {
        Value::String(text) if NONCE < text.chars().count() => form.problems().too_long(&form.path("nonce"), NONCE),
        Value::String(_) => (),
        Value::Number(number) if number.is_i64() => (),
        _ => form.problems().add(&form.path("nonce"), "NONCE_TYPE_INVALID", "A nonce is a text or a whole number."),
    }
    Some(nonce)
}

fn allowed(mut form: Form<'_>) -> Allowed {
    let (path, problems) = (form.path("parse"), form.problems());
    let parse: Vec<String> = form
        .list("parse", 3)
        .value()
        .unwrap_or_default()
        .into_iter()
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect();
    for word in parse.iter().filter(|word| !matches!(word.as_str(), "users" | "roles" | "everyone")) {
        problems.add(&path, "BASE_TYPE_CHOICES", format!("{word} is none of users, roles, everyone."));
    }
    let has = |word: &str| parse.iter().any(|own| own == word);
    let ids = |form: &mut Form<'_>, name: &str| -> Vec<Id> {
        form.list(name, 100).value().unwrap_or_default().iter().filter_map(snowflake).collect()
    };
    let allowed = Allowed {
        all_users: has("users"),
        all_roles: has("roles"),
        everyone: has("everyone"),
        users: ids(&mut form, "users"),
        roles: ids(&mut form, "roles"),
        replied_user: form.flag("replied_user").value().unwrap_or(false),
    };
    for (all, some, word) in
        [(allowed.all_users, &allowed.users, "users"), (allowed.all_roles, &allowed.roles, "roles")]
    {
        if all && !some.is_empty() {
            let message = format!("parse:[\"{word}\"] and {word}: [ids...] are mutually exclusive.");
            problems.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message);
        }
    }
    form.finish();
    allowed
}

fn file(mut form: Form<'_>) -> FileNote {
    let id = form.id("id").value();
    if id.is_none() {
        form.missing("id");
    }
    let note = FileNote {
        id: id.unwrap_or_default(),
        filename: form.text("filename", 1..=1024).value(),
        description: form.text("description", 0..=1024).value(),
    };
    form.accept(&["size", "url", "proxy_url", "content_type", "width", "height", "ephemeral", "title", "is_spoiler"]);
    form.finish();
    note
}

fn reply(mut form: Form<'_>) -> Option<Reply> {
    if form.number("type", 0..=1).value() == Some(1) {
        form.problems().add(&form.path("type"), "UNKNOWN_FIELD", "the stand-in does not play forwards");
    }
    let message = form.id("message_id").value();
    if message.is_none() {
        form.missing("message_id");
    }
    let must_exist = form.flag("fail_if_not_exists").value().unwrap_or(true);
    form.accept(&["channel_id", "guild_id"]);
    form.finish();
    message.map(|message| Reply { message, must_exist })
}
