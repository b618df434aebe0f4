//! Alerts that come into the inbox past the bot.

use firebell::domain::Timestamp;
use firebell::store::inbox::{Packed, Written};
use firebell::store::{Db, StoreError};

/// Appends alerts that came at this moment; the position of the first.
pub async fn append(db: &Db, alerts: &[Written], received_at: Timestamp) -> Result<i64, StoreError> {
    let packed = Packed::new(alerts, received_at);
    db.append_to_inbox(move || Some(packed.clone())).await
}
