//! The demo: Firebell and a stand-in for Discord in one process, on the example configuration, with nothing to set up.

pub mod play;
mod script;
mod transcript;
pub mod world;

pub use world::World;

/// The example configuration, which is what the demo runs.
pub const EXAMPLE: &str = include_str!("../../firebell.example.toml");
