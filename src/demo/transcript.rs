//! What was said, as it would be read in the rooms.

use std::collections::BTreeMap;

use standin::{ChannelKind, Discord, Message};

use crate::domain::Timestamp;
use crate::domain::organisation::Organisation;

/// Follows what is said, and tells what is new.
#[derive(Default)]
pub struct Transcript {
    seen: BTreeMap<u64, String>,
}

impl Transcript {
    /// What was said since the last time, place by place; an edit says only that it happened.
    pub fn news(&mut self, discord: &Discord, organisation: &Organisation, now: Timestamp) -> Vec<String> {
        let mut places: Vec<(String, Vec<Message>)> = discord
            .channels()
            .into_iter()
            .filter(|channel| !matches!(channel.kind, ChannelKind::Direct | ChannelKind::Category))
            .map(|channel| (format!("#{}", channel.name), discord.messages(channel.id)))
            .collect();
        for person in organisation.people.values() {
            places.push((format!("✉ {}", person.name), discord.direct_messages(person.discord.0)));
        }
        let mut news = Vec::new();
        for (place, messages) in places {
            for message in messages.iter().filter(|message| message.ephemeral_for.is_none()) {
                let written = message.text();
                let text = readable(&written, discord, organisation, now);
                match self.seen.insert(message.id, written.clone()) {
                    None => news.push(framed(&place, &text)),
                    Some(before) if before != written => {
                        let headline = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                        news.push(format!("  {place}  ✎ {headline}"));
                    }
                    Some(_) => (),
                }
            }
        }
        news
    }
}

/// A text in a frame that says where it stands.
pub fn framed(place: &str, text: &str) -> String {
    let body: Vec<String> = text.lines().map(|line| format!("  │ {line}")).collect();
    format!("  {place}\n{}", body.join("\n"))
}

/// Discord's markup as a reader sees it: names for mentions, times in UTC for timestamps, no escapes.
pub fn readable(text: &str, discord: &Discord, organisation: &Organisation, now: Timestamp) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '\\']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        if let Some(escaped) = tail.strip_prefix('\\') {
            let mut characters = escaped.chars();
            match characters.next() {
                Some(character) if character.is_ascii_punctuation() => out.push(character),
                Some(character) => {
                    out.push('\\');
                    out.push(character);
                }
                None => out.push('\\'),
            }
            rest = characters.as_str();
            continue;
        }
        let end = tail.find('>').map(|end| end + 1);
        match end.and_then(|end| token(&tail[1..end - 1], discord, organisation, now).map(|text| (end, text))) {
            Some((end, text)) => {
                out.push_str(&text);
                rest = &tail[end..];
            }
            None => {
                out.push('<');
                rest = &tail[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn token(token: &str, discord: &Discord, organisation: &Organisation, now: Timestamp) -> Option<String> {
    if let Some(channel) = token.strip_prefix('#') {
        let channel = discord.channel(channel.parse().ok()?)?;
        return Some(format!("#{}", channel.name));
    }
    if let Some(user) = token.strip_prefix('@') {
        let user: u64 = user.parse().ok()?;
        let person = organisation.people.values().find(|person| person.discord.0 == user)?;
        return Some(format!("@{}", person.name));
    }
    let mut parts = token.strip_prefix("t:")?.split(':');
    let at = chrono::DateTime::from_timestamp(parts.next()?.parse().ok()?, 0)?;
    Some(match parts.next() {
        Some("R") => relative(at, now),
        Some("t" | "T") => at.format("%H:%M").to_string(),
        _ => at.format("%-d %b %H:%M").to_string(),
    })
}

fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = (at - now).num_seconds();
    if seconds == 0 {
        return "just now".to_owned();
    }
    let amount = match seconds.abs() {
        0..60 => format!("{} s", seconds.abs()),
        60..5400 => format!("{} min", (seconds.abs() + 30) / 60),
        5400..172_800 => format!("{} h", (seconds.abs() + 1800) / 3600),
        _ => format!("{} d", (seconds.abs() + 43_200) / 86_400),
    };
    if seconds < 0 { format!("{amount} ago") } else { format!("in {amount}") }
}
