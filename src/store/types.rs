//! Types that the two databases keep differently.

use crate::domain::id::Snowflake;
use crate::store::error::StoreError;

/// A Discord identity as a database keeps it.
pub fn from_snowflake(snowflake: Snowflake) -> i64 {
    i64::try_from(snowflake.0).unwrap_or(i64::MAX)
}

/// A Discord identity as a database kept it.
pub fn to_snowflake(number: i64) -> Result<Snowflake, StoreError> {
    u64::try_from(number).map(Snowflake).map_err(|error| StoreError::corrupt("a Discord identity", error))
}

/// A number of ours that is never negative.
pub fn to_count<T: TryFrom<i64>>(number: i64, column: &'static str) -> Result<T, StoreError>
where
    T::Error: std::fmt::Display,
{
    T::try_from(number).map_err(|error| StoreError::corrupt(column, error))
}

/// A value as JSON.
pub fn to_json<T: serde::Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).expect("our own types have no map with keys that are not strings")
}
