//! Telling the stand-in to misbehave.

use crate::trouble::Trouble;

use super::Discord;

impl Discord {
    /// Strikes the next requests that fit.
    pub fn trouble(&self, trouble: Trouble<'_>) {
        self.change(|state| state.troubles.push(trouble.into()));
    }

    /// Forgets every trouble that has not struck yet.
    pub fn clear_trouble(&self) {
        self.change(|state| state.troubles.clear());
    }

    /// Ends every gateway connection: with a code, or by dropping the line without a word. Sessions can be resumed.
    pub fn close_gateway(&self, code: Option<u16>) {
        self.change(|state| state.close_connections(code));
    }

    /// Makes the gateway say nothing, not even to a heartbeat, while connections stay open. What it would have said
    /// is lost, except for a session that resumes later.
    pub fn silence_gateway(&self, silent: bool) {
        self.change(|state| state.hub.silent = silent);
    }

    /// Makes the gateway refuse new connections; open ones stay.
    pub fn refuse_gateway(&self, refusing: bool) {
        self.change(|state| state.hub.refusing = refusing);
    }

    /// Tells the bot that its session is void, or that it must resume it.
    pub fn invalidate_session(&self, resumable: bool) {
        self.change(|state| state.invalidate_sessions(resumable));
    }

    /// Takes all of Discord down: REST answers 502, the gateway drops and refuses. Or brings it back.
    pub fn go_down(&self, down: bool) {
        self.change(|state| {
            state.down = down;
            if down {
                state.hub.end_connections(None);
            }
        });
    }

    /// Makes every edit of a message older than an hour fail with 30046, or allows them again.
    pub fn refuse_old_edits(&self, refusing: bool) {
        self.change(|state| state.refuse_old_edits = refusing);
    }
}
