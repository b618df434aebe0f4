//! What every alert is held to, whatever read it.

use sha2::{Digest, Sha256};

use crate::domain::alert::Alert;
use crate::intake::{Misfit, words};

/// The longest fingerprint and the longest group, in bytes; a longer one is replaced by its digest. Of a group people
/// see what it is made of.
const FINGERPRINT: usize = 200;
const GROUP: usize = 1000;
/// The longest title, in characters.
const TITLE: usize = 500;
/// The longest description and label, in characters.
const TEXT: usize = 10_000;
/// The most labels and links of one alert.
const LABELS: usize = 200;
const LINKS: usize = 10;

/// Takes out what cannot be kept or shown and bounds what is left. An alert without identity or title is none.
pub(super) fn tidy(alert: &mut Alert) -> Result<(), Misfit> {
    on_one_line(&mut alert.title);
    shorten(&mut alert.title, TITLE);
    let texts = [&mut alert.fingerprint, &mut alert.title];
    texts.into_iter().for_each(without_nul);
    for maybe in [&mut alert.description, &mut alert.vendor_severity, &mut alert.service] {
        if let Some(text) = maybe {
            without_nul(text);
            shorten(text, TEXT);
        }
        maybe.take_if(|text| text.trim().is_empty());
    }
    if alert.title.trim().is_empty() {
        return Err(Misfit::Other("the alert has no title".to_owned()));
    }
    if alert.fingerprint.trim().is_empty() {
        return Err(Misfit::Other("the alert has nothing by which it could be known again".to_owned()));
    }
    bound(&mut alert.fingerprint, FINGERPRINT);
    if let Some(group) = &mut alert.group {
        without_nul(group);
        bound(group, GROUP);
    }
    alert.group.take_if(|group| group.trim().is_empty());
    let is_odd = |text: &str| text.contains('\0') || TEXT < text.len();
    if LABELS < alert.labels.len() || alert.labels.iter().any(|(name, value)| is_odd(name) || is_odd(value)) {
        let labels = std::mem::take(&mut alert.labels);
        alert.labels = labels
            .into_iter()
            .take(LABELS)
            .map(|(name, value)| (cut(&name.replace('\0', ""), TEXT), cut(&value.replace('\0', ""), TEXT)))
            .collect();
    }
    let links = std::mem::take(&mut alert.links);
    for mut link in links.iter().filter_map(|link| words::link(link)) {
        without_nul(&mut link);
        if !alert.links.contains(&link) && alert.links.len() < LINKS {
            alert.links.push(link);
        }
    }
    Ok(())
}

/// Replaces an identity that is too long by its digest; cut off, it could be another's.
fn bound(identity: &mut String, most: usize) {
    if most < identity.len() {
        *identity = hex::encode(&Sha256::digest(identity.as_bytes())[..16]);
    }
}

/// Takes the character out that PostgreSQL keeps in no text; every other is kept.
fn without_nul(text: &mut String) {
    if text.contains('\0') {
        text.retain(|character| character != '\0');
    }
}

/// Makes any white space one blank. Most texts have no other.
fn on_one_line(text: &mut String) {
    let is_odd = |character: char| character.is_whitespace() && character != ' ';
    if text.contains(is_odd) || text.contains("  ") || text.trim().len() != text.len() {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
}

fn shorten(text: &mut String, most: usize) {
    if most < text.len() {
        *text = cut(text, most);
    }
}

/// A text of this many characters at most; a longer one says how many more there were.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    format!("{}… (+{} characters)", text.chars().take(most).collect::<String>(), count - most)
}
