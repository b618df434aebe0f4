//! What the program that runs the bot does for the page.

use std::fmt::Debug;
use std::pin::Pin;
use std::time::Duration;

/// Work that ends later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What only the program that runs the bot can do. An error is a sentence for whoever pressed the button.
pub trait Backstage: Debug + Send + Sync {
    /// Rings an alarm, as its sender would, and says what went over the wire.
    fn ring<'a>(&'a self, alarm: &'a str) -> Later<'a, Result<Rung, String>>;

    /// Moves the bot's clock; the stand-in moves its own.
    fn pass(&self, by: Duration) -> Later<'_, Result<(), String>>;
}

/// What ringing an alarm was: one request, or many alike, of which the first is shown.
#[derive(Clone, Debug)]
pub struct Rung {
    /// The first line of the request, and its headers.
    pub request: String,
    /// Its body.
    pub body: String,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub answer: String,
    /// How many requests there were.
    pub requests: usize,
    /// How many of them were answered with 2xx.
    pub accepted: usize,
    /// How long it took, from the first to the last answer.
    pub took: Duration,
}
