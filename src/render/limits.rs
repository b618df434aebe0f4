//! Discord's limits: nothing leaves `render` beyond them, and what is cut says so.
//!
//! Lengths are counted in UTF-16 units, of which a text never has fewer than characters: whichever of the two a server
//! counts, the message fits.

use crate::render::message::{Button, Embed, Form, FormField, Message};

/// The text of a message.
pub const CONTENT: usize = 2000;
/// Embeds in a message.
pub const EMBEDS: usize = 10;
/// All embeds of a message together.
pub const EMBEDS_TOGETHER: usize = 6000;
/// The headline of an embed.
pub const EMBED_TITLE: usize = 256;
/// The text of an embed.
pub const EMBED_DESCRIPTION: usize = 4096;
/// The small print of an embed.
pub const EMBED_FOOTER: usize = 2048;
/// Fields in an embed.
pub const FIELDS: usize = 25;
/// The label of a field.
pub const FIELD_NAME: usize = 256;
/// The text of a field.
pub const FIELD_VALUE: usize = 1024;
/// Rows of buttons in a message.
pub const ROWS: usize = 5;
/// Buttons in a row.
pub const BUTTONS: usize = 5;
/// The label of a button.
pub const BUTTON_LABEL: usize = 80;
/// The identity of a button or form.
pub const CUSTOM_ID: usize = 100;
/// Users whom one message may ping.
pub const PINGS: usize = 100;
/// Files in a message.
pub const FILES: usize = 10;
/// The headline of a form.
pub const FORM_TITLE: usize = 45;
/// Lines of a form.
pub const FORM_FIELDS: usize = 5;
/// The label of a form's line.
pub const FORM_LABEL: usize = 45;
/// The example in a form's line.
pub const FORM_PLACEHOLDER: usize = 100;
/// The text of a form's line.
pub const FORM_VALUE: usize = 4000;

/// What stands where nothing would: Discord refuses an empty label.
const NOTHING: &str = "–";

/// How long Discord finds `text`, at most.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `text` if it fits into `limit`, else its beginning and how much is missing: `… (+123 characters)`.
///
/// Where not even the mark fits, `…` stands for all of it, and where `limit` is zero nothing does.
pub fn cut(text: &str, limit: usize) -> String {
    if length(text) <= limit {
        return text.to_owned();
    }
    cut_pieces(text.chars().map(|character| (String::from(character), 1)), limit)
}

/// Joins pieces, none of which may be broken, as far as they and the mark fit. Each comes with the characters that the
/// mark counts for it when it is left out.
pub(super) fn cut_pieces(pieces: impl Iterator<Item = (String, usize)>, limit: usize) -> String {
    let pieces: Vec<(String, usize, usize)> =
        pieces.map(|(piece, counts)| (length(&piece), counts, piece)).map(|(l, c, p)| (p, c, l)).collect();
    let total: usize = pieces.iter().map(|(_, _, length)| length).sum();
    if total <= limit {
        return pieces.into_iter().map(|(piece, _, _)| piece).collect();
    }
    let characters: usize = pieces.iter().map(|(_, counts, _)| counts).sum();
    let widest = length(&mark(characters));
    let Some(room) = limit.checked_sub(widest) else {
        return if limit == 0 { String::new() } else { "…".to_owned() };
    };
    let (mut kept, mut used, mut left_out) = (String::new(), 0, characters);
    for (piece, counts, length) in &pieces {
        if room < used + length {
            break;
        }
        kept.push_str(piece);
        used += length;
        left_out -= counts;
    }
    kept.push_str(&mark(left_out));
    kept
}

fn mark(characters: usize) -> String {
    format!("… (+{characters} {})", if characters == 1 { "character" } else { "characters" })
}

impl Message {
    /// The same message within every limit.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        self.content = cut(&self.content, CONTENT);
        let mut budget = EMBEDS_TOGETHER;
        self.embeds.truncate(EMBEDS);
        self.embeds = self.embeds.into_iter().filter_map(|embed| within(embed, &mut budget)).collect();
        self.rows = rows_within(self.rows);
        self.pings.sort_unstable();
        self.pings.dedup();
        self.pings.truncate(PINGS);
        self.files.truncate(FILES);
        if self.content.trim().is_empty() && self.embeds.is_empty() && self.files.is_empty() {
            NOTHING.clone_into(&mut self.content);
        }
        self
    }
}

impl Form {
    /// The same form within every limit. What stands in a line already is cut to what the line takes.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        self.title = not_empty(cut(&self.title, FORM_TITLE));
        self.fields.truncate(FORM_FIELDS);
        self.fields = self.fields.into_iter().map(field_within).collect();
        self
    }
}

fn field_within(mut field: FormField) -> FormField {
    field.label = not_empty(cut(&field.label, FORM_LABEL));
    field.placeholder = field.placeholder.map(|text| cut(&text, FORM_PLACEHOLDER));
    // A text that its own bound allows must come back whole: that bound is in characters, and is not made tighter here.
    let most = match (field.max.map(usize::from), &field.value) {
        (Some(max), Some(text)) if max < text.chars().count() => max.min(FORM_VALUE),
        _ => FORM_VALUE,
    };
    field.value = field.value.map(|text| cut(&text, most));
    field
}

/// The embed as far as `budget`, which all embeds of a message share, goes; `None` when nothing is left to show.
fn within(mut embed: Embed, budget: &mut usize) -> Option<Embed> {
    let mut take = |text: Option<String>, limit: usize| {
        let text = cut(&text?, limit.min(*budget));
        *budget -= length(&text);
        Some(text).filter(|text| !text.trim().is_empty())
    };
    embed.title = take(embed.title, EMBED_TITLE);
    embed.footer = take(embed.footer, EMBED_FOOTER);
    embed.description = take(embed.description, EMBED_DESCRIPTION);
    let beyond = embed.fields.len().saturating_sub(FIELDS);
    if 0 < beyond {
        embed.fields.truncate(FIELDS - 1);
    }
    let mut fields = Vec::new();
    for mut field in embed.fields {
        let (Some(name), Some(value)) = (take(Some(field.name), FIELD_NAME), take(Some(field.value), FIELD_VALUE))
        else {
            continue;
        };
        (field.name, field.value) = (name, value);
        fields.push(field);
    }
    if 0 < beyond
        && let Some(name) = take(Some("…".to_owned()), FIELD_NAME)
        && let Some(value) = take(Some(format!("and {} more", beyond + 1)), FIELD_VALUE)
    {
        fields.push(crate::render::message::Field { name, value, inline: false });
    }
    embed.fields = fields;
    embed.url = embed.url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    (embed.title.is_some() || embed.description.is_some() || !embed.fields.is_empty()).then_some(embed)
}

/// Discord refuses a message with two components of one identity; the first of them stays.
fn rows_within(rows: Vec<Vec<Button>>) -> Vec<Vec<Button>> {
    let mut seen = std::collections::BTreeSet::new();
    rows.into_iter()
        .map(|row| {
            let mut row: Vec<Button> = row
                .into_iter()
                .filter(|button| !button.id.is_empty() && length(&button.id) <= CUSTOM_ID)
                .filter(|button| seen.insert(button.id.clone()))
                .collect();
            row.truncate(BUTTONS);
            for button in &mut row {
                button.label = not_empty(cut(&button.label, BUTTON_LABEL));
            }
            row
        })
        .filter(|row| !row.is_empty())
        .take(ROWS)
        .collect()
}

fn not_empty(text: String) -> String {
    if text.trim().is_empty() { NOTHING.to_owned() } else { text }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::id::Snowflake;
    use crate::render::message::{ButtonStyle, Field, File};

    /// Whatever is drawn must pass here.
    pub fn assert_within_limits(message: &Message) {
        assert!(length(&message.content) <= CONTENT, "content");
        assert!(message.embeds.len() <= EMBEDS);
        let mut together = 0;
        for embed in &message.embeds {
            let part = |text: &Option<String>, limit: usize| {
                let length = text.as_deref().map_or(0, length);
                assert!(length <= limit);
                assert!(text.as_ref().is_none_or(|text| !text.is_empty()));
                length
            };
            together += part(&embed.title, EMBED_TITLE);
            together += part(&embed.description, EMBED_DESCRIPTION);
            together += part(&embed.footer, EMBED_FOOTER);
            assert!(embed.fields.len() <= FIELDS);
            for field in &embed.fields {
                assert!(!field.name.is_empty() && length(&field.name) <= FIELD_NAME);
                assert!(!field.value.is_empty() && length(&field.value) <= FIELD_VALUE);
                together += length(&field.name) + length(&field.value);
            }
        }
        assert!(together <= EMBEDS_TOGETHER, "{together}");
        assert!(message.rows.len() <= ROWS);
        let mut ids = std::collections::BTreeSet::new();
        for row in &message.rows {
            assert!(!row.is_empty() && row.len() <= BUTTONS);
            for button in row {
                assert!(!button.label.is_empty() && length(&button.label) <= BUTTON_LABEL);
                assert!(!button.id.is_empty() && length(&button.id) <= CUSTOM_ID);
                assert!(ids.insert(&button.id), "twice: {}", button.id);
            }
        }
        assert!(message.pings.len() <= PINGS && message.files.len() <= FILES);
        assert!(!message.content.is_empty() || !message.embeds.is_empty() || !message.files.is_empty());
    }

    #[test]
    fn a_cut_says_how_much_is_missing() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("a text that is too long for this", 25), "a text … (+25 characters)");
        assert_eq!(cut("ééééééééééééééééééééééé", 20), "éé… (+21 characters)");
        assert_eq!(cut("too long", 3), "…");
        assert_eq!(cut("too long", 0), "");
    }

    fn embeds() -> impl Strategy<Value = Embed> {
        let fields = vec(("(?s).{0,400}", "(?s).{0,1500}", any::<bool>()), 0..30);
        (option::of("(?s).{0,300}"), option::of("(?s).{0,5000}"), option::of("(?s).{0,2500}"), fields).prop_map(
            |(title, description, footer, fields)| Embed {
                title,
                description,
                footer,
                fields: fields.into_iter().map(|(name, value, inline)| Field { name, value, inline }).collect(),
                url: Some("javascript:alert(1)".to_owned()),
                ..Embed::default()
            },
        )
    }

    fn rows() -> impl Strategy<Value = Vec<Vec<Button>>> {
        let button = (".{0,120}", ".{0,120}").prop_map(|(label, id)| Button {
            label,
            id,
            style: ButtonStyle::Primary,
            disabled: false,
        });
        vec(vec(button, 0..8), 0..8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_message_is_brought_within_the_limits(
            content in "(?s).{0,3000}", embeds in vec(embeds(), 0..12), rows in rows(), pings in vec(0_u64..200, 0..150),
        ) {
            let files = vec![File { name: "a".to_owned(), bytes: vec![] }; 12];
            let message = Message { content, embeds, rows, pings: pings.into_iter().map(Snowflake).collect(), files };
            assert_within_limits(&message.within_limits());
        }

        #[test]
        fn a_cut_fits_and_begins_as_the_text_does(text in "(?s).{0,300}", limit in 0_usize..200) {
            let cut = cut(&text, limit);
            prop_assert!(length(&cut) <= limit);
            if length(&text) <= limit {
                prop_assert_eq!(cut, text);
            } else if let Some((kept, _)) = cut.rsplit_once('…') {
                prop_assert!(text.starts_with(kept));
            }
        }
    }
}
