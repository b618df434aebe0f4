//! Refused sources say so in the operators' channel, since some senders never try again: once an hour for each source
//! and kind of refusal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::id::SourceName;
use crate::engine::Engine;

/// How often the same is said again while it goes on.
const AGAIN_AFTER: Duration = Duration::hours(1);

/// What was said lately. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Refusals(Arc<Mutex<HashMap<(SourceName, u16), Timestamp>>>);

impl Refusals {
    /// Tells the operators that `source` is being refused, unless they were told lately. A request that is given up
    /// meanwhile does not take the word with it.
    pub async fn tell(&self, engine: &Engine, source: &SourceName, status: u16, why: &str) {
        metrics::counter!("firebell_hook_refusals_total", "source" => source.to_string(), "status" => status.to_string())
            .increment(1);
        let now = engine.now();
        if !self.is_news(source, status, now) {
            return;
        }
        tracing::warn!(source = %source, status, why, "a source is being refused");
        let text = match status {
            202 => format!("source {source}: {why}"),
            _ => format!("source {source} is being refused with {status}: {why}"),
        };
        let key = format!("refused/{source}/{status}/{}", now.timestamp_micros());
        let (refusals, engine, source) = (self.clone(), engine.clone(), source.clone());
        let told = tokio::spawn(async move {
            if let Err(error) = engine.tell_operators(&key, text).await {
                // The store is what is in trouble: say it again as soon as it is not.
                refusals.forget(&source, status);
                let error = &error as &dyn std::error::Error;
                tracing::error!(source = %source, status, error, "cannot tell the operators that a source is being refused");
            }
        });
        // What went wrong in it was said where it happened.
        let _ = told.await;
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
