//! Heartbeats: a call moves a row, and a timer looks whether it came. Only what fires or is over enters the inbox, in the
//! commit that notes it, and goes on from there as any alert does.

use chrono::Duration;

use crate::clock::real_time;
use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertStatus};
use crate::domain::effect::Effect;
use crate::domain::heartbeat::Heartbeat;
use crate::domain::id::{IncidentId, SourceName};
use crate::engine::{Engine, EngineError};
use crate::store::inbox::Written;
use crate::store::{StoreError, Tx};

/// After how long without anybody who could hear a call, calls may have been missed. A restart is shorter.
const DEAF: Duration = Duration::minutes(1);

impl Engine {
    /// Says that this process stands ready to hear the heartbeats of the configuration, and sees to it that each is
    /// looked at in time. Whoever hears calls does it much more often than they need to come.
    pub async fn listen_for_heartbeats(&self) -> Result<(), StoreError> {
        let setup = self.setup();
        if setup.heartbeats.is_empty() {
            return Ok(());
        }
        let (now, real_now) = (self.now(), real_time());
        let mut deaf: Option<(Timestamp, Vec<&str>)> = None;
        let mut tx = self.db.begin().await?;
        for (source, every) in &setup.heartbeats {
            if let Some(since) = tx.resume_heartbeat(source, real_now - DEAF, now).await? {
                let (first, sources) = deaf.get_or_insert((since, Vec::new()));
                *first = since.min(*first);
                sources.push(source.as_str());
            }
            let heartbeat = tx.listen_for_heartbeat(source, real_now, now).await?;
            look_later(&mut tx, source, heartbeat.due(*every), now).await?;
        }
        if let Some((since, sources)) = deaf {
            let text = format!(
                "no call could be heard from {} to {}: the silence of {} counts from now on",
                since.format("%Y-%m-%d %H:%M"),
                real_now.format("%Y-%m-%d %H:%M UTC"),
                sources.join(", ")
            );
            let key = format!("deaf/{}", real_now.timestamp_micros());
            tx.add_job(None, &key, &Effect::TellOperators { text }, now, now).await?;
        }
        tx.commit().await?;
        self.announce_jobs();
        Ok(())
    }

    /// Takes a call of a heartbeat, which says that all is well (`Resolved`) or that something failed (`Firing`). A call
    /// that changes nothing is no entry of the inbox; one that does, is, and its position is given.
    pub async fn hear_heartbeat(&self, call: &Alert) -> Result<Option<i64>, StoreError> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        let was_firing = tx.hear_heartbeat(&call.source, real_time(), now).await?;
        let is_firing = call.status == AlertStatus::Firing;
        if !was_firing && !is_firing {
            tx.commit().await?;
            return Ok(None);
        }
        tx.fire_heartbeat(&call.source, is_firing).await?;
        let position = append(&mut tx, call, now).await?;
        tx.commit().await?;
        Ok(Some(position))
    }

    /// Looks at a heartbeat whose time has come. Done twice, it is done once.
    pub async fn look_at_heartbeat(&self, source: &SourceName) -> Result<(), EngineError> {
        // One that is no longer configured is not looked at any more.
        let Some(every) = self.setup().heartbeats.get(source).copied() else { return Ok(()) };
        let now = self.now();
        let mut tx = self.db.begin().await?;
        let Some(heartbeat) = tx.heartbeat(source).await? else { return Ok(()) };
        if now < heartbeat.due(every) {
            look_later(&mut tx, source, heartbeat.due(every), now).await?;
        } else if tx.heartbeat_fell_silent(&heartbeat, real_time() - DEAF, now).await? {
            look_later(&mut tx, source, now + every, now).await?;
            append(&mut tx, &heartbeat.silence(every), now).await?;
        }
        // Else it called this very moment, or nobody could hear it: whoever listens next sees to the next look.
        Ok(tx.commit().await?)
    }

    /// What is known of the heartbeats of the configuration.
    pub async fn heartbeats(&self) -> Result<Vec<Heartbeat>, StoreError> {
        let setup = self.setup();
        let mut tx = self.db.read().await?;
        let mut known = Vec::new();
        for source in setup.heartbeats.keys() {
            known.extend(tx.heartbeat(source).await?);
        }
        Ok(known)
    }
}

async fn look_later(tx: &mut Tx, source: &SourceName, due: Timestamp, now: Timestamp) -> Result<(), StoreError> {
    let effect = Effect::ExpectBeat { source: source.clone(), due };
    let key = effect.dedup_key(IncidentId(0), "");
    // Anew, since a process that did not know the source yet may have let the look go by.
    tx.renew_job(None, &key, &effect, due, now).await
}

async fn append(tx: &mut Tx, alert: &Alert, now: Timestamp) -> Result<i64, StoreError> {
    let written = Written::new(alert.clone()).map_err(|error| StoreError::corrupt("alert", error))?;
    tx.append_to_inbox(&[written], now).await
}
