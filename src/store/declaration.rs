//! Declarations that wait for their button.

use crate::domain::Timestamp;
use crate::domain::id::IncidentId;
use crate::domain::incident::Opening;
use crate::store::db::{Sql, values};
use crate::store::error::StoreError;
use crate::store::sql;
use crate::store::tx::Tx;
use crate::store::types::to_json;

sql! {
    KEEP = Sql::portable(
        "INSERT INTO declaration (draft, asked_at, opening) VALUES ($1, $2, $3) ON CONFLICT (draft) DO NOTHING",
    );
    FIND = Sql::portable("SELECT opening, incident_id FROM declaration WHERE draft = $1");
    BECAME = Sql::portable("UPDATE declaration SET incident_id = $2 WHERE draft = $1 AND incident_id IS NULL");
    PRUNE = Sql::portable(
        "DELETE FROM declaration WHERE draft IN (
             SELECT draft FROM declaration WHERE asked_at < $1 ORDER BY asked_at LIMIT $2)",
    );
}

/// A declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// What is to be opened.
    pub opening: Opening,
    /// What it became, once somebody pressed the button.
    pub incident: Option<IncidentId>,
}

impl Tx {
    /// Keeps a declaration until its button is pressed.
    pub async fn keep_declaration(&mut self, draft: &str, opening: &Opening, now: Timestamp) -> Result<(), StoreError> {
        self.execute(KEEP, values![draft, now, to_json(opening)]).await?;
        Ok(())
    }

    /// A declaration by its key.
    pub async fn declaration(&mut self, draft: &str) -> Result<Option<Declaration>, StoreError> {
        let Some(row) = self.first(FIND, values![draft]).await? else { return Ok(None) };
        let incident = row.get::<Option<i64>>("incident_id")?.map(IncidentId);
        Ok(Some(Declaration { opening: row.json("opening")?, incident }))
    }

    /// Says what a declaration became; `false` when it became something already.
    pub async fn declaration_became(&mut self, draft: &str, incident: IncidentId) -> Result<bool, StoreError> {
        Ok(self.execute(BECAME, values![draft, incident.0]).await? == 1)
    }

    /// Deletes up to `limit` declarations from before `before`.
    pub async fn prune_declarations(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        self.execute(PRUNE, values![before, limit]).await
    }
}
