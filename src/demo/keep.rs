//! Keeps the stand-in's world beside Firebell's database: one without the other would be rooms that nobody knows, or
//! incidents without rooms.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use standin::Discord;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// How often at most it is written.
const AT_MOST: Duration = Duration::from_secs(2);

/// The file of the world in a folder.
fn file(folder: &Path) -> PathBuf {
    folder.join("stand-in.json")
}

/// Takes the world that is in `folder`, and moves `clock` on to its time. Says whether there was one.
///
/// # Errors
///
/// When there is a file that is not a world.
pub fn restore(discord: &Discord, clock: &Clock, folder: &Path) -> anyhow::Result<bool> {
    let file = file(folder);
    if !file.exists() {
        return Ok(false);
    }
    let unusable = || format!("{} cannot be used: remove the folder, or name another", file.display());
    let moved = discord.restore(&file).with_context(unusable)?;
    clock.advance(chrono::Duration::from_std(moved)?);
    Ok(true)
}

/// Writes the world to `folder` whenever it changed, until `stop`; then once more.
///
/// # Errors
///
/// When it cannot be written at the end; on the way that is only noted.
pub async fn keep(discord: Discord, folder: PathBuf, stop: CancellationToken) -> anyhow::Result<()> {
    let file = file(&folder);
    let mut changed = discord.changed();
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = changed.changed() => (),
        }
        if let Err(error) = discord.save(&file) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the stand-in's world is not kept");
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(AT_MOST) => (),
        }
    }
    discord.save(&file).with_context(|| format!("cannot write {}", file.display()))
}
