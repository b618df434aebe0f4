//! Embeds: each part has its length, and all of a message's together have 6000 characters.

use crate::model::{Embed, EmbedAuthor, EmbedField, EmbedFooter};

use super::form::{Form, Given, Problems};

const EMBEDS: usize = 10;
const FIELDS: usize = 25;
const ALL_TOGETHER: usize = 6000;

/// The field `embeds` of a message.
pub(crate) fn embeds(form: &mut Form<'_>) -> Given<Vec<Embed>> {
    let path = form.path("embeds");
    let problems = form.problems();
    form.objects("embeds", EMBEDS).and_then(|forms| {
        let embeds: Vec<_> = forms.into_iter().enumerate().map(|(at, form)| embed(form, &path, at, problems)).collect();
        if ALL_TOGETHER < embeds.iter().map(Embed::characters).sum() {
            problems.add(&path, "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
        }
        Some(embeds)
    })
}

fn embed(mut form: Form<'_>, path: &str, at: usize, problems: &Problems) -> Embed {
    let embed = Embed {
        title: form.text("title", 0..=256).value().filter(|text| !text.is_empty()),
        description: form.text("description", 0..=4096).value().filter(|text| !text.is_empty()),
        url: form.address("url").value(),
        color: form.number("color", 0..=0xff_ffff).value().and_then(|color| u32::try_from(color).ok()),
        timestamp: timestamp(&mut form),
        fields: fields(&mut form),
        footer: form.object("footer").value().map(footer),
        author: form.object("author").value().map(author),
        image: form.object("image").value().and_then(picture),
        thumbnail: form.object("thumbnail").value().and_then(picture),
    };
    form.accept(&["type", "provider", "video"]);
    form.finish();
    if embed == Embed::default() {
        problems.add(&format!("{path}.{at}"), "EMBED_EMPTY", "An embed must have something in it");
    }
    embed
}

fn timestamp(form: &mut Form<'_>) -> Option<String> {
    let written = form.text("timestamp", 1..=40).value()?;
    match chrono::DateTime::parse_from_rfc3339(&written) {
        Ok(at) => Some(crate::wire::time(at.to_utc())),
        Err(_) => {
            form.problems().add(&form.path("timestamp"), "DATE_TIME_TYPE_PARSE", "Could not parse the time");
            None
        }
    }
}

fn fields(form: &mut Form<'_>) -> Vec<EmbedField> {
    let read = |mut field: Form<'_>| {
        let read = EmbedField {
            name: field.required_text("name", 1..=256),
            value: field.required_text("value", 1..=1024),
            inline: field.flag("inline").value().unwrap_or(false),
        };
        field.finish();
        read
    };
    form.objects("fields", FIELDS).value().unwrap_or_default().into_iter().map(read).collect()
}

fn footer(mut form: Form<'_>) -> EmbedFooter {
    let footer = EmbedFooter { text: form.required_text("text", 1..=2048), icon_url: form.address("icon_url").value() };
    form.accept(&["proxy_icon_url"]);
    form.finish();
    footer
}

fn author(mut form: Form<'_>) -> EmbedAuthor {
    let author = EmbedAuthor {
        name: form.required_text("name", 1..=256),
        url: form.address("url").value(),
        icon_url: form.address("icon_url").value(),
    };
    form.accept(&["proxy_icon_url"]);
    form.finish();
    author
}

fn picture(mut form: Form<'_>) -> Option<String> {
    let address = form.address("url").value();
    form.accept(&["proxy_url", "width", "height", "description", "is_animated", "placeholder", "placeholder_version"]);
    form.finish();
    address
}
