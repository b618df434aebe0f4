//! What a channel, a thread or an overwrite may be asked to be.

use serde_json::Value;

use crate::model::{ChannelKind, Id, Overwrite};
use crate::rest::error::ApiError;

use super::form::{Form, Given, Problems};

const TOPIC: usize = 1024;
const OVERWRITES: usize = 100;
const SLOWEST: i64 = 21_600;
const AUTO_ARCHIVE_MINUTES: [i64; 4] = [60, 1440, 4320, 10_080];

/// What was asked of a channel of the guild, made or changed.
#[derive(Clone, Debug)]
pub(crate) struct ChannelDraft {
    pub name: Option<String>,
    pub kind: Option<ChannelKind>,
    pub topic: Given<String>,
    pub parent: Given<Id>,
    pub position: Option<i64>,
    pub nsfw: Option<bool>,
    pub slowmode: Option<i64>,
    pub overwrites: Given<Vec<Overwrite>>,
}

/// What was asked of a thread, made or changed.
#[derive(Clone, Debug)]
pub(crate) struct ThreadDraft {
    pub name: Option<String>,
    pub kind: Option<ChannelKind>,
    pub archived: Option<bool>,
    pub locked: Option<bool>,
    pub invitable: Option<bool>,
    pub auto_archive_minutes: Option<i64>,
    pub slowmode: Option<i64>,
}

pub(crate) fn channel(body: Value, is_new: bool) -> Result<ChannelDraft, ApiError> {
    let problems = Problems::default();
    let draft = Form::open(body, "", &problems).map(|mut form| {
        let name = if is_new { Some(form.required_text("name", 1..=100)) } else { form.text("name", 1..=100).value() };
        let draft = ChannelDraft {
            name,
            kind: kind(&mut form, &[ChannelKind::Text, ChannelKind::Category, ChannelKind::Announcement]),
            topic: form.text("topic", 0..=TOPIC),
            parent: form.id("parent_id"),
            position: form.number("position", 0..=i64::from(i32::MAX)).value(),
            nsfw: form.flag("nsfw").value(),
            slowmode: form.number("rate_limit_per_user", 0..=SLOWEST).value(),
            overwrites: form
                .objects("permission_overwrites", OVERWRITES)
                .and_then(|list| Some(list.into_iter().map(overwrite_in_list).collect())),
        };
        form.accept(&[
            "bitrate",
            "user_limit",
            "rtc_region",
            "video_quality_mode",
            "default_auto_archive_duration",
            "default_reaction_emoji",
            "default_thread_rate_limit_per_user",
            "default_sort_order",
            "default_forum_layout",
            "default_tag_setting",
            "available_tags",
        ]);
        if !is_new {
            form.accept(&["flags"]);
        }
        form.finish();
        draft
    });
    problems.finish()?;
    draft.ok_or(ApiError::InvalidJson)
}

/// `from_message` says that the thread hangs on a message, whose kind is then settled.
pub(crate) fn thread(body: Value, is_new: bool, from_message: bool) -> Result<ThreadDraft, ApiError> {
    let problems = Problems::default();
    let draft = Form::open(body, "", &problems).map(|mut form| {
        let name = if is_new { Some(form.required_text("name", 1..=100)) } else { form.text("name", 1..=100).value() };
        let auto_archive = form.number("auto_archive_duration", 0..=10_080).value();
        if auto_archive.is_some_and(|minutes| !AUTO_ARCHIVE_MINUTES.contains(&minutes)) {
            let message = "Value must be one of (60, 1440, 4320, 10080).";
            problems.add("auto_archive_duration", "BASE_TYPE_CHOICES", message);
        }
        let mut draft = ThreadDraft {
            name,
            kind: None,
            archived: None,
            locked: None,
            invitable: None,
            auto_archive_minutes: auto_archive,
            slowmode: form.number("rate_limit_per_user", 0..=SLOWEST).value(),
        };
        if is_new && !from_message {
            draft.kind = kind(&mut form, &[ChannelKind::PublicThread, ChannelKind::PrivateThread]);
        }
        if !from_message {
            draft.invitable = form.flag("invitable").value();
        }
        if !is_new {
            draft.archived = form.flag("archived").value();
            draft.locked = form.flag("locked").value();
            form.accept(&["flags", "applied_tags"]);
        }
        form.finish();
        draft
    });
    problems.finish()?;
    draft.ok_or(ApiError::InvalidJson)
}

/// The body of a change to one overwrite, whose id is in the path.
pub(crate) fn overwrite(body: Value, id: Id) -> Result<Overwrite, ApiError> {
    let problems = Problems::default();
    let overwrite = Form::open(body, "", &problems).map(|form| read_overwrite(form, Some(id)));
    problems.finish()?;
    overwrite.ok_or(ApiError::InvalidJson)
}

fn overwrite_in_list(form: Form<'_>) -> Overwrite {
    read_overwrite(form, None)
}

fn read_overwrite(mut form: Form<'_>, id: Option<Id>) -> Overwrite {
    let own = form.id("id").value();
    if id.or(own).is_none() {
        form.missing("id");
    }
    let overwrite = Overwrite {
        id: id.or(own).unwrap_or_default(),
        is_user: form.number("type", 0..=1).value() == Some(1),
        allow: form.bits("allow").value().unwrap_or(0),
        deny: form.bits("deny").value().unwrap_or(0),
    };
    form.finish();
    overwrite
}

fn kind(form: &mut Form<'_>, playable: &[ChannelKind]) -> Option<ChannelKind> {
    let number = form.number("type", 0..=16).value()?;
    let kind = ChannelKind::from_number(number).filter(|kind| playable.contains(kind));
    if kind.is_none() {
        form.problems().add(&form.path("type"), "BASE_TYPE_CHOICES", format!("type {number} cannot be made here"));
    }
    kind
}
