//! Firebell.
pub mod domain;
