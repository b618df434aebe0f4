//! One thing that happened, on its way to the sessions that may know of it.

use serde_json::Value;

use crate::model::Id;

/// A dispatch, with what a session needs to receive it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub name: &'static str,
    pub frame: Value,
    /// The intent without which a session does not hear of it; 0 needs none.
    pub intent: u64,
    /// The channel that the bot must be able to see.
    pub channel: Option<Id>,
    /// What a session gets instead when it may not read what others write.
    pub without_content: Option<Value>,
}

impl Event {
    pub fn new(name: &'static str, frame: Value) -> Self {
        Self { name, frame, intent: 0, channel: None, without_content: None }
    }

    pub fn needing(mut self, intent: u64) -> Self {
        self.intent = intent;
        self
    }

    pub fn seen_in(mut self, channel: Id) -> Self {
        self.channel = Some(channel);
        self
    }

    pub fn private_content(mut self, without_content: Value) -> Self {
        self.without_content = Some(without_content);
        self
    }
}
