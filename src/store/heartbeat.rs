//! Heartbeats: when whoever must call was last heard, and from when on its silence counts.

use crate::domain::Timestamp;
use crate::domain::heartbeat::Heartbeat;
use crate::domain::id::SourceName;
use crate::store::db::{Row, Sql, values};
use crate::store::error::StoreError;
use crate::store::sql;
use crate::store::tx::Tx;

sql! {
    FIND = Sql::portable("SELECT source, since, heard_at, listened_at, is_firing FROM heartbeat WHERE source = $1");
    RESUME = Sql::portable(
        "UPDATE heartbeat SET since = $2 WHERE source = $1 AND listened_at < $3 RETURNING listened_at",
    );
    LISTEN = Sql::portable(
        "INSERT INTO heartbeat (source, since, heard_at, listened_at, is_firing) VALUES ($1, $2, NULL, $3, $4)
         ON CONFLICT (source) DO UPDATE SET listened_at = excluded.listened_at
         RETURNING source, since, heard_at, listened_at, is_firing",
    );
    HEAR = Sql::portable(
        "INSERT INTO heartbeat (source, since, heard_at, listened_at, is_firing) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (source) DO UPDATE SET since = excluded.since, heard_at = excluded.heard_at
         RETURNING is_firing",
    );
    FIRE = Sql::portable("UPDATE heartbeat SET is_firing = $2 WHERE source = $1");
    // The row is locked by the first of two who look, and is another one for the second.
    FALL_SILENT = Sql::portable(
        "UPDATE heartbeat SET since = $3, is_firing = $4 WHERE source = $1 AND since = $2 AND $5 <= listened_at",
    );
}

impl Tx {
    /// What is known of a heartbeat.
    pub async fn heartbeat(&mut self, source: &SourceName) -> Result<Option<Heartbeat>, StoreError> {
        self.first(FIND, values![source.as_str()]).await?.as_ref().map(heartbeat).transpose()
    }

    /// Has silence count from `now` on where nobody has listened since before `deaf_before`; since when nobody did. Both
    /// are read on the real clock.
    pub async fn resume_heartbeat(
        &mut self,
        source: &SourceName,
        deaf_before: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let resumed = self.first(RESUME, values![source.as_str(), now, deaf_before]).await?;
        resumed.map(|row| row.time("listened_at")).transpose()
    }

    /// Says that a process stands ready to hear it, at `real_now` by the real clock.
    pub async fn listen_for_heartbeat(
        &mut self,
        source: &SourceName,
        real_now: Timestamp,
        now: Timestamp,
    ) -> Result<Heartbeat, StoreError> {
        heartbeat(&self.one(LISTEN, values![source.as_str(), now, real_now, false]).await?)
    }

    /// It called; whether an alert of it was firing.
    pub async fn hear_heartbeat(
        &mut self,
        source: &SourceName,
        real_now: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.one(HEAR, values![source.as_str(), now, now, real_now, false]).await?.get("is_firing")
    }

    /// Notes whether an alert of it fires.
    pub async fn fire_heartbeat(&mut self, source: &SourceName, is_firing: bool) -> Result<(), StoreError> {
        self.execute(FIRE, values![source.as_str(), is_firing]).await?;
        Ok(())
    }

    /// Notes that it was silent for too long; `false` when it called meanwhile, another has noted it, or nobody has
    /// listened since `deaf_before`, on the real clock.
    pub async fn heartbeat_fell_silent(
        &mut self,
        heartbeat: &Heartbeat,
        deaf_before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let values = values![heartbeat.source.as_str(), heartbeat.since, now, true, deaf_before];
        Ok(self.execute(FALL_SILENT, values).await? == 1)
    }
}

fn heartbeat(row: &Row) -> Result<Heartbeat, StoreError> {
    Ok(Heartbeat {
        source: row.get::<String>("source")?.into(),
        since: row.time("since")?,
        heard_at: row.time_maybe("heard_at")?,
        listened_at: row.time("listened_at")?,
        is_firing: row.get("is_firing")?,
    })
}
