//! Expressions in the configuration, in the Common Expression Language: it cannot loop, wait or do anything.

use std::sync::{Arc, LazyLock};

/// The functions of the language that an expression may call, beside its operators and macros.
const FUNCTIONS: [&str; 11] =
    ["bool", "contains", "double", "endsWith", "int", "matches", "max", "min", "size", "startsWith", "string"];

/// The language, built once: building it costs more than judging an alert.
static LANGUAGE: LazyLock<Arc<cel::Env>> = LazyLock::new(|| Arc::new(cel::Env::stdlib()));

/// An expression that was read and found whole.
pub struct Expression {
    text: String,
    program: cel::Program,
}

impl Expression {
    /// Reads an expression over `names`. A name or function that is not there is refused here, so that nothing can be
    /// dead by a typing error.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, String> {
        let program = LANGUAGE.compile(text).map_err(|error| error.to_string())?;
        let references = program.references();
        if let Some(unknown) = references.variables().into_iter().find(|name| !names.contains(name)) {
            return Err(format!("`{unknown}` is not known here; there are {}", names.join(", ")));
        }
        // Operators are functions too, under names such as `_==_`.
        let is_word = |name: &str| name.starts_with(|char: char| char.is_ascii_alphabetic());
        let unknown = references.functions().into_iter().find(|name| is_word(name) && !FUNCTIONS.contains(name));
        if let Some(unknown) = unknown {
            return Err(format!("there is no function `{unknown}`; there are {}", FUNCTIONS.join(", ")));
        }
        Ok(Self { text: text.to_owned(), program })
    }

    /// What it comes to.
    pub fn evaluate(&self, context: &cel::Context<'_, '_>) -> Result<cel::Value, String> {
        self.program.execute(context).map_err(|error| error.to_string())
    }

    /// A context without variables.
    pub fn context() -> cel::Context<'static, 'static> {
        cel::Context::with_env(LANGUAGE.clone())
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
