//! What stands in Discord, by slot: `INC-1/card`, `INC-1/announcement`, `INC-1/page/2/directly`.

use crate::domain::Timestamp;
use crate::domain::id::{IncidentId, Snowflake};
use crate::store::db::{Row, Sql, values};
use crate::store::error::StoreError;
use crate::store::sql;
use crate::store::tx::Tx;
use crate::store::types::{from_snowflake, to_snowflake};

sql! {
    BIND = Sql::portable(
        "INSERT INTO post (slot, incident_id, channel, message, version, posted_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (slot) DO UPDATE SET
             channel = excluded.channel, message = excluded.message, posted_at = excluded.posted_at,
             version = CASE WHEN post.version < excluded.version THEN excluded.version ELSE post.version END",
    );
    FIND = Sql::portable("SELECT slot, channel, message, version, posted_at FROM post WHERE slot = $1");
    BY_MESSAGE = Sql::portable("SELECT slot, channel, message, version, posted_at FROM post WHERE message = $1");
    OF_INCIDENT = Sql::portable(
        "SELECT slot, channel, message, version, posted_at FROM post
         WHERE incident_id = $1 AND substr(slot, 1, length($2)) = $2 ORDER BY slot",
    );
    FORGET = Sql::portable("DELETE FROM post WHERE slot = $1 AND message = $2");
}

/// A message that stands in Discord.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// What it is of.
    pub slot: String,
    /// Where it stands.
    pub channel: Snowflake,
    /// Which message.
    pub message: Snowflake,
    /// The version of the incident that it shows.
    pub version: i64,
    /// When it was posted or last redrawn.
    pub posted_at: Timestamp,
}

impl Tx {
    /// Keeps where something stands.
    pub async fn bind_post(&mut self, incident: Option<IncidentId>, post: &Post) -> Result<(), StoreError> {
        let values = values![
            post.slot.as_str(),
            incident.map(|id| id.0),
            from_snowflake(post.channel),
            from_snowflake(post.message),
            post.version,
            post.posted_at,
        ];
        self.execute(BIND, values).await?;
        Ok(())
    }

    /// Where something stands, if it does.
    pub async fn post(&mut self, slot: &str) -> Result<Option<Post>, StoreError> {
        self.first(FIND, values![slot]).await?.as_ref().map(post).transpose()
    }

    /// What a message is of, if it is one of ours that is kept.
    pub async fn post_by_message(&mut self, message: Snowflake) -> Result<Option<Post>, StoreError> {
        self.first(BY_MESSAGE, values![from_snowflake(message)]).await?.as_ref().map(post).transpose()
    }

    /// What stands of an incident in slots that begin with `prefix`.
    pub async fn posts_of(&mut self, incident: IncidentId, prefix: &str) -> Result<Vec<Post>, StoreError> {
        self.all(OF_INCIDENT, values![incident.0, prefix]).await?.iter().map(post).collect()
    }

    /// Forgets a message that is gone, unless another took its place.
    pub async fn forget_post(&mut self, slot: &str, message: Snowflake) -> Result<(), StoreError> {
        self.execute(FORGET, values![slot, from_snowflake(message)]).await?;
        Ok(())
    }
}

fn post(row: &Row) -> Result<Post, StoreError> {
    Ok(Post {
        slot: row.get("slot")?,
        channel: to_snowflake(row.get("channel")?)?,
        message: to_snowflake(row.get("message")?)?,
        version: row.get("version")?,
        posted_at: row.time("posted_at")?,
    })
}
