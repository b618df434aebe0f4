//! The demo: Firebell and a stand-in for Discord in one process, on the example configuration, with nothing to set up.

mod cast;
pub mod keep;
pub mod play;
mod rack;
mod script;
pub mod show;
mod tour;
mod transcript;
pub mod world;

pub use world::World;

/// The example configuration, which is what the demo runs.
pub const EXAMPLE: &str = include_str!("../../firebell.example.toml");
