//! Firebell.
pub mod config;
pub mod domain;
