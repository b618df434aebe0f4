//! What is wrong with a configuration, or will cost something: where, what, what follows, and what to do.

use std::cell::RefCell;
use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The file is refused.
    Error,
    /// The file is taken, at the price that the finding names.
    Warning,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that somebody should know about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the file is refused for it.
    pub level: Level,
    /// Where: `rotas.fraud-primary.people[2]`.
    pub key: String,
    /// What is the matter there.
    pub problem: String,
    /// What it would cost: "nobody would be called by this rota".
    pub consequence: String,
    /// What to do about it.
    pub cure: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.level, self.key)?;
        writeln!(f, "    what: {}", self.problem)?;
        writeln!(f, "    cost: {}", self.consequence)?;
        write!(f, "    cure: {}", self.cure)
    }
}

/// Where the findings of one reading are gathered.
///
/// Adding takes a shared reference, so that every part of the reading can hold the same list.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: RefCell<Vec<Finding>>,
}

impl Findings {
    /// The file is refused: `problem` at `key`.
    pub(super) fn error(
        &self,
        key: impl Into<String>,
        problem: impl Into<String>,
        consequence: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.add(Level::Error, key.into(), problem.into(), consequence.into(), cure.into());
    }

    /// The file is taken, but `consequence` follows.
    pub(super) fn warning(
        &self,
        key: impl Into<String>,
        problem: impl Into<String>,
        consequence: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.add(Level::Warning, key.into(), problem.into(), consequence.into(), cure.into());
    }

    fn add(&self, level: Level, key: String, problem: String, consequence: String, cure: String) {
        self.list.borrow_mut().push(Finding { level, key, problem, consequence, cure });
    }

    /// All of them, errors first, otherwise in the order in which they were found; and whether the file is refused.
    pub(super) fn finish(self) -> (Vec<Finding>, bool) {
        let mut list = self.list.into_inner();
        list.sort_by_key(|finding| finding.level);
        let refused = list.first().is_some_and(|finding| finding.level == Level::Error);
        (list, refused)
    }
}
