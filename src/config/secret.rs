//! Secrets: named in the file, kept outside it, never printed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::section::Field;
use super::shape;

/// A secret shorter than this is guessed quickly.
const SHORTEST: usize = 8;

/// What nobody may read over a shoulder or in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value` out of sight.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for whoever has to send or compare it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where the file says that a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `env:NAME`: a variable of the process's environment.
    Environment(String),
    /// `file:PATH`: a file, relative to the configuration's folder.
    File(PathBuf),
}

/// Where secrets come from. The demo and tests bring their own, so that they need not touch the environment.
pub trait Secrets {
    /// The secret, or why there is none: "the environment variable `NAME` is not set".
    fn look_up(&self, reference: &Reference) -> Result<String, String>;
}

/// The environment and the files of this process.
#[derive(Debug, Clone, Copy)]
pub struct ProcessSecrets;

impl Secrets for ProcessSecrets {
    fn look_up(&self, reference: &Reference) -> Result<String, String> {
        match reference {
            Reference::Environment(name) => std::env::var(name).map_err(|error| match error {
                std::env::VarError::NotPresent => format!("the environment variable `{name}` is not set"),
                std::env::VarError::NotUnicode(_) => format!("the environment variable `{name}` is not text"),
            }),
            Reference::File(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("the file `{}` cannot be read: {error}", path.display())),
        }
    }
}

/// Secrets by the name of the environment variable that stands for them; files are left alone.
impl Secrets for BTreeMap<String, String> {
    fn look_up(&self, reference: &Reference) -> Result<String, String> {
        match reference {
            Reference::Environment(name) => {
                self.get(name).cloned().ok_or_else(|| format!("the environment variable `{name}` is not set"))
            }
            Reference::File(path) => Err(format!("the file `{}` is not read here", path.display())),
        }
    }
}

/// Turns what the file says into secrets.
pub(super) struct Keyring<'a> {
    /// Where they come from.
    pub(super) secrets: &'a dyn Secrets,
    /// The folder of the configuration, from which relative paths go.
    pub(super) folder: &'a Path,
}

impl Keyring<'_> {
    /// The secret that `field` names. One that is written out refuses the file, before it is copied further; one that is
    /// not set is a warning with its `cost`, so that a file can be checked where its secrets are not.
    pub(super) fn read(&self, field: &Field<'_>, cost: &str) -> Option<Secret> {
        let text = field.read(shape::text, cost)?;
        let Some(reference) = self.reference(&text) else {
            field.error(
                "a secret stands here in clear",
                "everyone who reads this file, its copies and its history has the secret",
                "replace the secret where it is used, then write \"env:NAME\" or \"file:PATH\" here",
            );
            return None;
        };
        self.fetch(field, &reference, cost)
    }

    /// `env:NAME` or `file:PATH`; `None` for anything else.
    pub(super) fn reference(&self, text: &str) -> Option<Reference> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Some(Reference::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Some(Reference::File(self.folder.join(path))),
            _ => None,
        }
    }

    /// The secret behind a reference. White space around it is dropped: it comes from a file's last line, never from
    /// whoever made the secret.
    pub(super) fn fetch(&self, field: &Field<'_>, reference: &Reference, cost: &str) -> Option<Secret> {
        let cure = match reference {
            Reference::Environment(name) => format!("set `{name}` where Firebell runs"),
            Reference::File(path) => format!("write the secret into `{}`", path.display()),
        };
        let value = match self.secrets.look_up(reference) {
            Ok(value) => value.trim().to_owned(),
            Err(why) => {
                field.warning(why, cost, cure);
                return None;
            }
        };
        if value.is_empty() {
            field.warning("the secret is empty, which counts as not set", cost, cure);
            return None;
        }
        if value.chars().count() < SHORTEST {
            field.warning(
                format!("the secret has fewer than {SHORTEST} characters"),
                "somebody who tries could guess it",
                "make a new one with `openssl rand -hex 32`",
            );
        }
        Some(Secret(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("correct horse");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose(), "correct horse");
    }

    #[test]
    fn a_file_is_found_from_the_configurations_folder() {
        let keyring = Keyring { secrets: &ProcessSecrets, folder: Path::new("conf") };
        assert_eq!(keyring.reference("file:token"), Some(Reference::File(PathBuf::from("conf/token"))));
        assert_eq!(keyring.reference("file:/run/token"), Some(Reference::File(PathBuf::from("/run/token"))));
        assert_eq!(keyring.reference("env:TOKEN"), Some(Reference::Environment("TOKEN".to_owned())));
        assert_eq!(keyring.reference("env:"), None);
        assert_eq!(keyring.reference("hunter2"), None);
    }
}
