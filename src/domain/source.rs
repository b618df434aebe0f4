//! The kinds of sources whose payloads are read.

use crate::domain::alert::words;

words! {
    /// A kind of source.
    SourceKind, "a kind of source: alertmanager" {
        /// Prometheus Alertmanager's webhook, version 4.
        Alertmanager = "alertmanager",
    }
}
