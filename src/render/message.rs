//! A message and a form as `discord` is to send them, free of any library's types.

use crate::domain::Timestamp;
use crate::domain::id::Snowflake;
use crate::render::button::Press;
use crate::render::form::FormId;

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The text above everything else; what a phone shows in its notification.
    pub content: String,
    /// The framed parts, in order.
    pub embeds: Vec<Embed>,
    /// Rows of buttons.
    pub rows: Vec<Vec<Button>>,
    /// The users that this message may ping. Nothing else ever pings.
    pub pings: Vec<Snowflake>,
    /// Files that come with it.
    pub files: Vec<File>,
}

/// A framed part of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Embed {
    /// The headline.
    pub title: Option<String>,
    /// Where the headline leads.
    pub url: Option<String>,
    /// The text.
    pub description: Option<String>,
    /// The colour of the edge, as `0xRRGGBB`.
    pub color: u32,
    /// Labelled parts below the text.
    pub fields: Vec<Field>,
    /// The small print.
    pub footer: Option<String>,
    /// The time shown beside the small print, in the reader's own zone.
    pub timestamp: Option<Timestamp>,
}

/// A labelled part of an embed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The label.
    pub name: String,
    /// The text.
    pub value: String,
    /// Whether it may stand beside its neighbour.
    pub inline: bool,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What stands on it.
    pub label: String,
    /// Discord's `custom_id`: the [`Press`] that it means.
    pub id: String,
    /// How it looks.
    pub style: ButtonStyle,
    /// Whether it is greyed out.
    pub disabled: bool,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ButtonStyle {
    /// What is most likely wanted.
    Primary,
    /// What ends well.
    Success,
    /// What cannot be taken back.
    Danger,
    /// Everything else.
    Secondary,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A form that opens over the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Discord's `custom_id`: the [`FormId`] that it is.
    pub id: String,
    /// The headline.
    pub title: String,
    /// Its lines, at most five.
    pub fields: Vec<FormField>,
}

/// One line of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    /// Under which name the answer comes back.
    pub id: String,
    /// What is asked.
    pub label: String,
    /// What stands there already.
    pub value: Option<String>,
    /// What is shown while nothing stands there.
    pub placeholder: Option<String>,
    /// Whether it must be filled in.
    pub required: bool,
    /// The fewest characters, where there is such a bound.
    pub min: Option<u16>,
    /// The most characters, where there is such a bound.
    pub max: Option<u16>,
    /// Whether it has room for more than one line.
    pub multiline: bool,
}

impl Message {
    /// A message that is only text.
    pub fn text(content: impl Into<String>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    /// A message that is one framed part.
    pub fn embed(embed: Embed) -> Self {
        Self { embeds: vec![embed], ..Self::default() }
    }

    /// The same with one more row of buttons; an empty row is none.
    #[must_use]
    pub fn with_row(mut self, row: Vec<Button>) -> Self {
        if !row.is_empty() {
            self.rows.push(row);
        }
        self
    }
}

impl Button {
    /// A button that means `press`.
    pub fn new(label: &str, press: &Press, style: ButtonStyle) -> Self {
        Self { label: label.to_owned(), id: press.to_string(), style, disabled: false }
    }
}

impl Form {
    /// A form that is `id`.
    pub fn new(id: &FormId, title: &str, fields: Vec<FormField>) -> Self {
        Self { id: id.to_string(), title: title.to_owned(), fields }
    }
}

impl FormField {
    /// A line that may be left empty.
    pub fn line(id: &str, label: &str) -> Self {
        Self {
            id: id.to_owned(),
            label: label.to_owned(),
            value: None,
            placeholder: None,
            required: false,
            min: None,
            max: None,
            multiline: false,
        }
    }

    /// Room for a paragraph that may be left empty.
    pub fn paragraph(id: &str, label: &str) -> Self {
        Self { multiline: true, ..Self::line(id, label) }
    }

    /// The same, to be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self.min = Some(1);
        self
    }

    /// The same with a bound on its characters.
    #[must_use]
    pub fn at_most(mut self, max: u16) -> Self {
        self.max = Some(max);
        self
    }

    /// The same with `text` standing there already.
    #[must_use]
    pub fn filled(mut self, text: impl Into<String>) -> Self {
        self.value = Some(text.into()).filter(|text| !text.is_empty());
        self
    }

    /// The same with an example to follow.
    #[must_use]
    pub fn example(mut self, text: impl Into<String>) -> Self {
        self.placeholder = Some(text.into());
        self
    }
}
