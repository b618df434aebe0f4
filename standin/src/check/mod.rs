//! What Discord checks of a body: every field is named, typed and bounded here, and one that nobody names is an error.

pub(crate) mod channel;
pub(crate) mod command;
pub(crate) mod component;
pub(crate) mod embed;
pub(crate) mod form;
pub(crate) mod message;
pub(crate) mod modal;
