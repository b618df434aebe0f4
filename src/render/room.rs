//! How an incident's room is called.

use crate::domain::incident::Incident;
use crate::render::{escape, limits};

/// The longest name of a channel or thread, in characters.
const NAME: usize = 100;
/// The longest topic of a channel, in characters.
const TOPIC: usize = 1024;

/// The room's name: `inc-42-fraud-score-drifts`. Only what Discord leaves as it is, and no more than a sidebar shows.
pub fn name(incident: &Incident) -> String {
    const SHOWN: usize = 40;
    let mut slug = format!("inc-{}", incident.id.0);
    for word in incident.title.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if SHOWN < slug.len() + 1 + word.len() {
            break;
        }
        slug.push('-');
        slug.push_str(&word.to_ascii_lowercase());
    }
    slug.truncate(NAME);
    slug
}

/// The room's topic: the title and who owns it. What changes stands on the card, since topics may hardly be changed.
/// `mark` is what the room is found by when the answer to its making was lost.
pub fn topic(incident: &Incident, mark: &str) -> String {
    let rest = format!(" · {} · {mark}", incident.team);
    let title = escape::discord_within(&incident.title, TOPIC / 2);
    limits::cut(&format!("{}: {title}{rest}", incident.id), TOPIC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::IncidentId;
    use crate::render::sample;

    #[test]
    fn a_name_is_what_discord_leaves_as_it_is() {
        let mut incident = sample::bare_incident();
        incident.id = IncidentId(42);
        for (title, expected) in [
            ("Fraud score drifts!", "inc-42-fraud-score-drifts"),
            ("@everyone  <#1> ünïcode", "inc-42-everyone-1-n-code"),
            ("", "inc-42"),
            ("a-very-long-title that goes on and on and on", "inc-42-a-very-long-title-that-goes-on"),
            (&"x".repeat(200), "inc-42"),
        ] {
            incident.title = title.to_owned();
            assert_eq!(name(&incident), expected);
        }
    }
}
