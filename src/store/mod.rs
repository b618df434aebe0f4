//! All SQL. One file a noun; each opens with its statements, which a test prepares on both databases.

pub mod alert;
mod checkpoint;
pub mod db;
pub mod declaration;
pub mod embedded;
pub mod error;
mod gathering;
pub mod handed;
pub mod heartbeat;
pub mod in_place;
pub mod inbox;
pub mod inbox_writer;
pub mod incident;
pub mod job;
pub mod kept;
pub mod lease;
pub mod offer;
pub mod post;
pub mod refused;
pub mod repeats;
pub mod ride;
pub mod rows;
pub mod tally;
pub mod timeline;
pub mod tx;
pub mod types;

pub use db::Db;
pub use error::StoreError;
pub use tx::Tx;

/// Declares a file's statements, and lists them for the test that prepares them.
macro_rules! sql {
    ($($name:ident = $sql:expr;)+) => {
        $(const $name: $crate::store::db::Sql = $sql;)+

        /// Every statement of this file, by name.
        pub const STATEMENTS: &[(&str, $crate::store::db::Sql)] = &[$((stringify!($name), $name)),+];
    };
}
use sql;

/// Every statement there is, by file and name.
pub fn statements() -> impl Iterator<Item = (&'static str, &'static str, db::Sql)> {
    [
        ("alert", alert::STATEMENTS),
        ("declaration", declaration::STATEMENTS),
        ("heartbeat", heartbeat::STATEMENTS),
        ("inbox", inbox::STATEMENTS),
        ("incident", incident::STATEMENTS),
        ("job", job::STATEMENTS),
        ("lease", lease::STATEMENTS),
        ("post", post::STATEMENTS),
        ("refused", refused::STATEMENTS),
        ("tally", tally::STATEMENTS),
        ("timeline", timeline::STATEMENTS),
    ]
    .into_iter()
    .flat_map(|(file, statements)| statements.iter().map(move |(name, sql)| (file, *name, *sql)))
}
