//! Refused sources say so in the operators' channel, since some senders never try again: once an hour for each source
//! and kind of refusal.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::id::SourceName;
use crate::engine::Engine;

/// How often the same is said again while it goes on.
const AGAIN_AFTER: Duration = Duration::hours(1);

/// What was said lately.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<(SourceName, u16), Timestamp>>);

impl Refusals {
    /// Tells the operators that `source` is being refused, unless they were told lately.
    pub async fn tell(&self, engine: &Engine, source: &SourceName, status: u16, why: &str) {
        metrics::counter!("firebell_hook_refusals_total", "source" => source.to_string(), "status" => status.to_string())
            .increment(1);
        let now = engine.now();
        if !self.is_news(source, status, now) {
            return;
        }
        let text = format!("source {source} is being refused with {status}: {why}");
        let key = format!("refused/{source}/{status}/{}", now.timestamp_micros());
        if let Err(error) = engine.tell_operators(&key, text).await {
            // The store is what is in trouble: say it again as soon as it is not.
            self.forget(source, status);
            tracing::error!(source = %source, status, error = &error as &dyn std::error::Error, "cannot tell the operators that a source is being refused");
        }
    }

    fn is_news(&self, source: &SourceName, status: u16, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = (source.clone(), status);
        if told.get(&key).is_some_and(|at| now < *at + AGAIN_AFTER) {
            return false;
        }
        told.insert(key, now);
        true
    }

    fn forget(&self, source: &SourceName, status: u16) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&(source.clone(), status));
    }
}
