//! Leases: work that one process does at a time. They run on real time, which other processes share.

use crate::domain::Timestamp;
use crate::store::db::{Sql, values};
use crate::store::error::StoreError;
use crate::store::sql;
use crate::store::tx::Tx;

sql! {
    HOLD = Sql::portable(
        "INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
         WHERE lease.holder = excluded.holder OR lease.until < $4",
    );
    BREAK_LEASES = Sql::portable("DELETE FROM lease");
    BREAK_CLAIMS = Sql::portable("UPDATE job SET lease_until = created_at WHERE state = 'running'");
    ALL = Sql::portable("SELECT name, until FROM lease ORDER BY name");
    RELEASE = Sql::portable("DELETE FROM lease WHERE name = $1 AND holder = $2");
}

impl Tx {
    /// Takes or renews a lease; `false` while another holds it.
    pub async fn hold_lease(
        &mut self,
        name: &str,
        holder: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(HOLD, values![name, holder, until, now]).await? == 1)
    }

    /// Every lease and until when it is held.
    pub async fn leases(&mut self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.all(ALL, values![]).await?.iter().map(|row| Ok((row.get("name")?, row.time("until")?))).collect()
    }

    /// Gives a lease up, so that another need not wait for it to end.
    pub async fn release_lease(&mut self, name: &str, holder: &str) -> Result<(), StoreError> {
        self.execute(RELEASE, values![name, holder]).await?;
        Ok(())
    }

    /// Frees everything that is held, for a database that only one process uses. What was under way counts as claimed
    /// before, so that whoever takes it up looks first whether it was done.
    pub async fn break_leases(&mut self) -> Result<(), StoreError> {
        self.execute(BREAK_LEASES, values![]).await?;
        self.execute(BREAK_CLAIMS, values![]).await?;
        Ok(())
    }
}
