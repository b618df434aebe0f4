//! The world on disk, so that a bot which keeps its own database finds its channels and messages again.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::model::{Channel, Id, Member, Message, Role};

use super::State;

/// What is kept. Left out is what a start makes anew (the bot, its role and commands), and what nobody waits for any
/// more (interactions, connections).
#[derive(Debug, Serialize, Deserialize)]
struct World {
    moved_ms: i64,
    newest: Id,
    roles: Vec<Role>,
    members: Vec<Member>,
    channels: Vec<Channel>,
    messages: Vec<Message>,
}

impl State {
    /// The world as it is now, as JSON.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&World {
            moved_ms: self.clock.moved().num_milliseconds(),
            newest: self.clock.newest(),
            roles: self.roles.values().filter(|role| role.bot.is_none()).cloned().collect(),
            members: self.members.values().filter(|member| !member.bot).cloned().collect(),
            channels: self.channels.values().cloned().collect(),
            messages: self.messages.values().flat_map(|own| own.values()).cloned().collect(),
        })
    }

    /// Puts a kept world in the place of what is there; what it does not name stays.
    pub fn take_from(&mut self, file: &Path) -> io::Result<()> {
        let world: World = serde_json::from_reader(BufReader::new(File::open(file)?))?;
        self.clock.advance(TimeDelta::milliseconds(world.moved_ms) - self.clock.moved());
        self.clock.go_on_after(world.newest);
        self.roles.extend(world.roles.into_iter().map(|role| (role.id, role)));
        self.members.extend(world.members.into_iter().map(|member| (member.id, member)));
        self.channels.extend(world.channels.into_iter().map(|channel| (channel.id, channel)));
        for message in world.messages {
            self.revision = self.revision.max(message.revision);
            self.messages.entry(message.channel).or_default().insert(message.id, message);
        }
        Ok(())
    }
}

/// Writes a file whole or not at all.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = file.with_extension("new");
    let mut out = BufWriter::new(File::create(&fresh)?);
    out.write_all(bytes)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(fresh, file)
}
