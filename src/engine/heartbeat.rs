//! Heartbeats: timers that look whether whoever must call did. Silence enters the inbox as any alert does.

use crate::domain::Timestamp;
use crate::domain::effect::Effect;
use crate::domain::heartbeat::{FINGERPRINT, first_look, look, silence};
use crate::domain::id::{IncidentId, SourceName};
use crate::engine::{Engine, EngineError};
use crate::store::inbox::Lines;
use crate::store::{StoreError, Tx};

/// How soon it is looked again while what came is not digested yet.
const SOON: chrono::Duration = chrono::Duration::seconds(5);

impl Engine {
    /// Sees to it that every heartbeat of the configuration is looked at.
    pub async fn expect_heartbeats(&self) -> Result<(), StoreError> {
        let setup = self.setup();
        if setup.heartbeats.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let mut tx = self.db.begin().await?;
        for (source, every) in &setup.heartbeats {
            let last = tx.last_heard(source, FINGERPRINT).await?;
            expect(&mut tx, source, first_look(last, *every, now), now).await?;
        }
        tx.commit().await?;
        self.announce_jobs();
        Ok(())
    }

    /// Looks at a heartbeat: silence is put into the inbox, and the next look is queued. Done twice, it is a repeat.
    pub async fn look_at_heartbeat(&self, source: &SourceName, due: Timestamp) -> Result<(), EngineError> {
        let Some(every) = self.setup().heartbeats.get(source).copied() else { return Ok(()) };
        let now = self.now();
        let mut tx = self.db.begin().await?;
        if 0 < tx.inbox_behind().await?.waiting {
            // A call may be among what waits.
            expect(&mut tx, source, now + SOON, now).await?;
            return Ok(tx.commit().await?);
        }
        let last = tx.last_heard(source, FINGERPRINT).await?;
        let look = look(last, every, due, now);
        expect(&mut tx, source, look.next, now).await?;
        if look.is_silent {
            // In the same commit as the next look, so that none is left out.
            let lines = Lines::of([&silence(source, last, every)]);
            let lines = lines.map_err(|error| StoreError::corrupt("alert", error))?;
            tx.append_to_inbox(lines, now).await?;
        }
        Ok(tx.commit().await?)
    }
}

async fn expect(tx: &mut Tx, source: &SourceName, due: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let effect = Effect::ExpectBeat { source: source.clone(), due };
    let key = effect.dedup_key(IncidentId(0), "");
    tx.add_job(None, &key, &effect, due, now).await
}
