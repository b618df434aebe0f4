//! Embeds: the framed part of a message.

use serde::{Deserialize, Serialize};

/// One line of an embed with a heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedField {
    /// Its heading.
    pub name: String,
    /// Its text.
    pub value: String,
    /// Whether it may stand beside others.
    pub inline: bool,
}

/// The small print below an embed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedFooter {
    /// Its text.
    pub text: String,
    /// A picture before it.
    pub icon_url: Option<String>,
}

/// The name above an embed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedAuthor {
    /// The name.
    pub name: String,
    /// Where it leads.
    pub url: Option<String>,
    /// A picture before it.
    pub icon_url: Option<String>,
}

/// A framed text in a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embed {
    /// Its heading.
    pub title: Option<String>,
    /// Its text.
    pub description: Option<String>,
    /// Where the heading leads.
    pub url: Option<String>,
    /// The colour of its edge.
    pub color: Option<u32>,
    /// A time beside the footer, as it was written.
    pub timestamp: Option<String>,
    /// Its lines with headings.
    pub fields: Vec<EmbedField>,
    /// Its small print.
    pub footer: Option<EmbedFooter>,
    /// The name above it.
    pub author: Option<EmbedAuthor>,
    /// The address of a picture below its text.
    pub image: Option<String>,
    /// The address of a small picture beside its text.
    pub thumbnail: Option<String>,
}

impl Embed {
    /// How many characters Discord counts in it; all embeds of a message may have 6000.
    #[must_use]
    pub fn characters(&self) -> usize {
        let count = |text: &str| text.chars().count();
        self.title.as_deref().map_or(0, count)
            + self.description.as_deref().map_or(0, count)
            + self.footer.as_ref().map_or(0, |footer| count(&footer.text))
            + self.author.as_ref().map_or(0, |author| count(&author.name))
            + self.fields.iter().map(|field| count(&field.name) + count(&field.value)).sum::<usize>()
    }

    /// What a reader sees, as plain lines.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        lines.extend(self.author.as_ref().map(|author| author.name.clone()));
        lines.extend(self.title.clone());
        lines.extend(self.description.clone());
        lines.extend(self.fields.iter().map(|field| format!("{}: {}", field.name, field.value)));
        lines.extend(self.footer.as_ref().map(|footer| footer.text.clone()));
        lines.join("\n")
    }
}
