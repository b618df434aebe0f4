//! Expressions in the configuration, in the Common Expression Language: it cannot loop, wait or do anything.

use std::sync::{Arc, LazyLock};

use cel::common::ast::{Expr, LiteralValue, operators};

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

    /// What it can ask for; `None`: anything. Two contexts that agree on it get the same answer.
    pub fn asks(&self) -> Option<Vec<Asked>> {
        let mut asked = Vec::new();
        collect(&self.program.expression().expr, &mut asked).then_some(asked)
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

/// Something that an expression asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The variable.
    pub name: String,
    /// Only this field of it; `None`: all of it.
    pub field: Option<String>,
}

/// Collects what is asked for; `false` when that cannot be told.
fn collect(expression: &Expr, asked: &mut Vec<Asked>) -> bool {
    let field_of = |operand: &Expr, field: &str| match operand {
        Expr::Ident(name) => Some(Asked { name: name.clone(), field: Some(field.to_owned()) }),
        _ => None,
    };
    match expression {
        Expr::Literal(_) => true,
        Expr::Ident(name) => {
            asked.push(Asked { name: name.clone(), field: None });
            true
        }
        Expr::Select(select) => match field_of(&select.operand.expr, &select.field) {
            Some(field) => {
                asked.push(field);
                true
            }
            None => collect(&select.operand.expr, asked),
        },
        Expr::Call(call) => {
            if let ([operand, index], operators::INDEX) = (call.args.as_slice(), call.func_name.as_str())
                && let Expr::Literal(LiteralValue::String(field)) = &index.expr
                && let Some(field) = field_of(&operand.expr, field.inner())
            {
                asked.push(field);
                return true;
            }
            call.target
                .iter()
                .map(|target| &target.expr)
                .chain(call.args.iter().map(|argument| &argument.expr))
                .all(|part| collect(part, asked))
        }
        Expr::List(list) => list.elements.iter().all(|element| collect(&element.expr, asked)),
        Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => false,
    }
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_told_what_an_expression_asks_for() {
        let asks = |text: &str| {
            let asked = Expression::parse(text, &["title", "labels"]).unwrap().asks()?;
            let word = |asked: Asked| asked.field.map_or(asked.name.clone(), |field| format!("{}.{field}", asked.name));
            Some(asked.into_iter().map(word).collect::<Vec<_>>().join(" "))
        };
        for (text, asked) in [
            ("title == 'x'", Some("title")),
            ("has(labels.model) && labels.alertname.contains('Drift')", Some("labels.model labels.alertname")),
            ("labels['a-b'] == 'c' || title.startsWith(labels.prefix)", Some("labels.a-b title labels.prefix")),
            ("title in ['a', labels.b]", Some("title labels.b")),
            ("size(labels) == 2", Some("labels")),
            ("labels[title] == 'x'", Some("labels title")),
            ("{'a': title}[labels.a] == 'x'", None),
        ] {
            assert_eq!(asks(text).as_deref(), asked, "{text}");
        }
    }
}
