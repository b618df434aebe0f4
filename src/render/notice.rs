//! Words to the operators.

use crate::render::escape;
use crate::render::message::Message;

/// The longest notice, in characters.
const LONGEST: usize = 1500;

/// Something that whoever operates Firebell must know.
pub fn to_operators(text: &str) -> Message {
    Message::text(format!("🛠️ {}", escape::discord_within(&escape::one_line(text), LONGEST))).within_limits()
}
