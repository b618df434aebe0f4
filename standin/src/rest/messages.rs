//! Messages of a channel: read, written, changed, deleted.

use chrono::TimeDelta;
use serde_json::Value;

use crate::check::form::{Given, Problems};
use crate::check::message::{self, Draft, Way};
use crate::model::{Attachment, ChannelKind, Id, Message, MessageKind};
use crate::permission as bit;
use crate::state::State;
use crate::wire;

use super::body::Upload;
use super::call::{Answer, Call};
use super::error::ApiError;

/// For how long a repeated nonce returns the first message.
const NONCE_LIFE: TimeDelta = TimeDelta::minutes(5);
/// The age from which edits are counted.
const OLD: TimeDelta = TimeDelta::hours(1);

pub(super) fn list(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let channel = state.visible_channel(call.id("channel")?)?;
    if !channel.kind.holds_messages() {
        return Err(ApiError::NotText);
    }
    let limit = call.limit(50, 100)?;
    let (before, after, around) = (call.query_id("before")?, call.query_id("after")?, call.query_id("around")?);
    // Without this permission Discord shows an empty channel instead of an error.
    let may_read = state.permissions(state.options.bot_user, channel) & bit::READ_MESSAGE_HISTORY != 0;
    let all: Vec<&Message> = state
        .messages
        .get(&channel.id)
        .into_iter()
        .flat_map(|messages| messages.values())
        .filter(|message| may_read && message.ephemeral_for.is_none())
        .collect();
    let chosen: Vec<&Message> = match (before, after, around) {
        (Some(before), ..) => newest(all.into_iter().filter(|message| message.id < before), limit),
        (_, Some(after), _) => all.into_iter().filter(|message| after < message.id).take(limit).collect(),
        (_, _, Some(around)) => {
            let at = all.partition_point(|message| message.id < around);
            let first = at.saturating_sub(limit / 2);
            all.into_iter().skip(first).take(limit).collect()
        }
        (None, None, None) => newest(all.into_iter(), limit),
    };
    Ok(Answer::ok(chosen.into_iter().rev().map(|message| shown(state, message)).collect()))
}

/// The last of them, still oldest first.
fn newest<'m>(messages: impl DoubleEndedIterator<Item = &'m Message>, limit: usize) -> Vec<&'m Message> {
    let mut newest: Vec<_> = messages.rev().take(limit).collect();
    newest.reverse();
    newest
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let channel = call.id("channel")?;
    state.channel_with(channel, bit::READ_MESSAGE_HISTORY)?;
    let message = state.known_message(channel, call.id("message")?)?;
    Ok(Answer::ok(shown(state, message)))
}

pub(super) fn create(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let channel = call.id("channel")?;
    let draft = message::draft(call.body.clone(), Way::Create)?;
    check_may_write(state, channel, &draft, call.files)?;
    let bot = state.options.bot_user;
    let nonce = draft.nonce.as_ref().map(|nonce| nonce.as_str().map_or_else(|| nonce.to_string(), str::to_owned));
    if draft.enforce_nonce
        && let Some(first) = nonce.as_deref().and_then(|nonce| same_nonce(state, channel, bot, nonce))
    {
        return Ok(Answer::ok(with_nonce(shown(state, first), draft.nonce.as_ref())));
    }
    if let Some(reply) = draft.reply_to
        && state.message(channel, reply.message).is_none()
        && reply.must_exist
    {
        return Err(Problems::one("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message"));
    }
    let mut message = state.blank_message(channel, bot);
    message.reply_to = draft.reply_to.map(|reply| reply.message).filter(|id| state.message(channel, *id).is_some());
    if message.reply_to.is_some() {
        message.kind = MessageKind::Reply;
    }
    message.tts = draft.tts;
    message.nonce = nonce;
    message.raw_nonce = draft.nonce.clone();
    write(state, &mut message, &draft, call.files)?;
    state.settle_pings(&mut message, &draft.allowed);
    let id = state.insert_message(message);
    let message = state.known_message(channel, id)?;
    Ok(Answer::ok(with_nonce(shown(state, message), draft.nonce.as_ref())))
}

pub(super) fn edit(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (channel, id) = (call.id("channel")?, call.id("message")?);
    let draft = message::draft(call.body.clone(), Way::Edit)?;
    state.visible_channel(channel)?;
    let message = state.known_message(channel, id)?.clone();
    if message.kind.is_notice() {
        return Err(ApiError::SystemMessage);
    }
    if !state.is_bot(message.author) {
        return Err(ApiError::NotTheAuthor);
    }
    check_not_archived(state, channel)?;
    if state.refuse_old_edits && OLD < state.now() - message.created_at {
        return Err(ApiError::TooManyOldEdits);
    }
    rewrite(state, message, &draft, call.files)?;
    let message = state.known_message(channel, id)?;
    Ok(Answer::ok(shown(state, message)))
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (channel, id) = (call.id("channel")?, call.id("message")?);
    state.visible_channel(channel)?;
    if !state.is_bot(state.known_message(channel, id)?.author) {
        state.channel_with(channel, bit::MANAGE_MESSAGES)?;
    }
    state.delete_message(channel, id);
    Ok(Answer::nothing())
}

/// A message as the API shows it: without the privileged intent, what others wrote is left out here too.
pub(super) fn shown(state: &State, message: &Message) -> Value {
    let shown = wire::message::message(state, message);
    let own = state.is_bot(message.author) || message.pings.contains(&state.options.bot_user);
    if own || state.options.privileged_intents || state.is_direct(message.channel) {
        shown
    } else {
        wire::message::stripped(shown)
    }
}

fn with_nonce(mut shown: Value, nonce: Option<&Value>) -> Value {
    if let Some(nonce) = nonce {
        shown["nonce"] = nonce.clone();
    }
    shown
}

fn same_nonce<'s>(state: &'s State, channel: Id, author: Id, nonce: &str) -> Option<&'s Message> {
    let young = |message: &&Message| state.now() - message.created_at < NONCE_LIFE;
    let messages = state.messages.get(&channel)?.values().rev();
    messages.filter(|message| message.author == author && message.nonce.as_deref() == Some(nonce)).find(young)
}

fn check_may_write(state: &State, id: Id, draft: &Draft, files: &[Upload]) -> Result<(), ApiError> {
    let channel = state.visible_channel(id)?;
    if !channel.kind.holds_messages() {
        return Err(ApiError::NotText);
    }
    if let Some(recipient) = channel.recipient {
        let Some(member) = state.members.get(&recipient) else { return Err(ApiError::UnknownUser) };
        if member.closed_dms {
            return Err(ApiError::ClosedDirect);
        }
        if !member.present || !state.bot_present {
            return Err(ApiError::NoMutualGuild);
        }
    }
    let writing = if channel.kind.is_thread() { bit::SEND_MESSAGES_IN_THREADS } else { bit::SEND_MESSAGES };
    let has = |given: bool, needed: u64| if given { needed } else { 0 };
    let needed = writing
        | has(matches!(&draft.embeds, Given::Value(embeds) if !embeds.is_empty()), bit::EMBED_LINKS)
        | has(!files.is_empty(), bit::ATTACH_FILES)
        | has(draft.reply_to.is_some(), bit::READ_MESSAGE_HISTORY);
    let is_direct = channel.kind == ChannelKind::Direct;
    if !is_direct {
        state.channel_with(id, needed)?;
    }
    check_not_archived(state, id)
}

/// A person who writes in an archived thread reopens it; a bot is answered 50083.
fn check_not_archived(state: &State, id: Id) -> Result<(), ApiError> {
    let thread = state.channels.get(&id).and_then(|channel| channel.thread.as_ref());
    if thread.is_some_and(|thread| thread.archived) { Err(ApiError::ArchivedThread) } else { Ok(()) }
}

/// Puts a draft into a message that has no text yet.
pub(super) fn write(state: &mut State, message: &mut Message, draft: &Draft, files: &[Upload]) -> Result<(), ApiError> {
    draft.content.clone().settle(&mut message.content);
    draft.embeds.clone().settle(&mut message.embeds);
    draft.components.clone().settle(&mut message.components);
    draft.flags.clone().settle(&mut message.flags);
    // Who may see it is settled when it is made, and is not a flag to be set here.
    message.flags &= !(1 << 6);
    attach(state, message, draft, files)?;
    let nothing = message.content.trim().is_empty()
        && message.embeds.is_empty()
        && message.attachments.is_empty()
        && message.components.is_empty();
    if nothing { Err(ApiError::EmptyMessage) } else { Ok(()) }
}

/// Changes a message in place and says so. Whom it pings stays as it was: an edit never pings.
pub(super) fn rewrite(
    state: &mut State,
    mut message: Message,
    draft: &Draft,
    files: &[Upload],
) -> Result<(), ApiError> {
    write(state, &mut message, draft, files)?;
    message.edited = true;
    message.edited_at = Some(state.now());
    let (channel, id) = (message.channel, message.id);
    state.messages.entry(channel).or_default().insert(id, message);
    state.message_updated(channel, id);
    Ok(())
}

/// Keeps the files that the draft names, drops the others when it names any, and adds the uploaded ones.
fn attach(state: &mut State, message: &mut Message, draft: &Draft, files: &[Upload]) -> Result<(), ApiError> {
    let notes = draft.files.clone();
    if let Given::Value(notes) = &notes {
        message.attachments.retain(|file| notes.iter().any(|note| note.id == file.id));
        let known =
            |id: Id| message.attachments.iter().any(|file| file.id == id) || files.iter().any(|file| file.number == id);
        if let Some(unknown) = notes.iter().find(|note| !known(note.id)) {
            let text = format!("attachment {} is neither uploaded nor there", unknown.id);
            return Err(Problems::one("attachments", "ATTACHMENT_NOT_FOUND", text));
        }
    }
    let notes = notes.value().unwrap_or_default();
    for file in files {
        let note = notes.iter().find(|note| note.id == file.number);
        message.attachments.push(Attachment {
            id: state.clock.snowflake(),
            filename: note.and_then(|note| note.filename.clone()).unwrap_or_else(|| file.filename.clone()),
            bytes: file.bytes.clone(),
            content_type: file.content_type.clone(),
            description: note.and_then(|note| note.description.clone()),
        });
    }
    if 10 < message.attachments.len() {
        return Err(Problems::one("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."));
    }
    Ok(())
}
