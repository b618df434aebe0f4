//! All templates, read once, and the one way to draw them.

use handlebars::Handlebars;
use serde::Serialize;

use crate::render::escape;

/// What a template is drawn from: a struct made for it, never a map, so that a name that is not there shows in a test.
pub(super) trait View: Serialize {
    /// The template's name: its path under `templates/`, without the ending.
    const TEMPLATE: &'static str;
}

/// Draws everything that people read.
#[derive(Debug)]
pub struct Renderer {
    templates: Handlebars<'static>,
}

/// A template that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the template `{name}` cannot be read")]
pub struct BadTemplate {
    name: &'static str,
    source: Box<handlebars::TemplateError>,
}

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        /// Every template with its text.
        const TEMPLATES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../templates/", $name, ".hbs")))),+];
    };
}

templates!(
    "card/announcement",
    "card/draft",
    "card/incident",
    "page/alarm",
    "page/direct",
    "page/room",
    "question/name_liaison",
    "question/raise",
    "question/resolve",
    "question/update_due",
    "reply/declare",
    "reply/list",
    "reply/oncall",
    "update/external/investigating",
    "update/external/mitigating",
    "update/external/monitoring",
    "update/external/resolved",
    "update/external/triage",
    "update/internal/facts",
    "update/internal/investigating",
    "update/internal/mitigating",
    "update/internal/monitoring",
    "update/internal/resolved",
    "update/internal/triage",
);

impl Renderer {
    /// Reads every template; a bad one is found here, at the start, and not in an incident.
    pub fn new() -> Result<Self, BadTemplate> {
        let mut templates = Handlebars::new();
        templates.set_strict_mode(true);
        templates.register_escape_fn(escape::discord);
        for (name, text) in TEMPLATES {
            templates
                .register_template_string(name, text)
                .map_err(|source| BadTemplate { name, source: Box::new(source) })?;
        }
        Ok(Self { templates })
    }

    /// Draws a view.
    ///
    /// A template that asks for what its view does not have is caught by the tests, which draw each of them. If one
    /// slipped through, the rest of the message still goes out, with the fault in its place: a page matters more.
    pub(super) fn draw<V: View>(&self, view: &V) -> String {
        self.draw_as(V::TEMPLATE, view)
    }

    /// Draws a view that has a template for each of several cases.
    pub(super) fn draw_as(&self, template: &str, view: &impl Serialize) -> String {
        match self.templates.render(template, view) {
            Ok(text) => text.trim().to_owned(),
            Err(error) => format!("⚠️ `{template}` could not be drawn: {}", escape::discord(&error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_template_is_read() {
        Renderer::new().expect("every template is well formed");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let registered: BTreeSet<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
        for room in ["card", "page", "question", "reply", "update/external", "update/internal"] {
            for file in std::fs::read_dir(folder.join(room)).expect("the folder exists") {
                let file = file.expect("an entry").path();
                let name = format!("{room}/{}", file.file_stem().expect("a name").to_string_lossy());
                assert!(registered.contains(name.as_str()), "{name} is not registered");
            }
        }
    }
}
