//! What an incident is about: a model, a data set, a feature, an endpoint, with its version.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::alert::{UnknownWord, words};

words! {
    /// What kind of thing a subject is.
    SubjectKind, "a kind of subject: model, dataset, feature or endpoint" {
        /// A trained model.
        Model = "model",
        /// A data set or table.
        Dataset = "dataset",
        /// A feature of models.
        Feature = "feature",
        /// Where a model is served.
        Endpoint = "endpoint",
    }
}

/// One thing that an incident is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Its name.
    pub name: String,
    /// Its version, if one is known.
    pub version: Option<String>,
}

impl Subject {
    /// The subjects that an alert's labels name, by the label names that monitors commonly use.
    pub fn from_labels(labels: &BTreeMap<String, String>) -> Vec<Self> {
        const LABELS: [(SubjectKind, &[&str], &[&str]); 4] = [
            (SubjectKind::Model, &["model", "model_name"], &["model_version", "version"]),
            (SubjectKind::Dataset, &["dataset", "table"], &["dataset_version"]),
            (SubjectKind::Feature, &["feature"], &[]),
            (SubjectKind::Endpoint, &["endpoint"], &[]),
        ];
        let label = |names: &[&str]| {
            names.iter().find_map(|name| labels.get(*name)).filter(|value| !value.trim().is_empty()).cloned()
        };
        LABELS
            .iter()
            .filter_map(|(kind, names, versions)| {
                Some(Self { kind: *kind, name: label(names)?, version: label(versions) })
            })
            .collect()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        match &self.version {
            Some(version) => write!(f, "@{version}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Subject {
    type Err = UnknownWord;

    /// Reads `model:fraud-score@14`, `dataset:transactions`, or a bare name, which is a model's.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let (kind, rest) = match text.split_once(':') {
            // Telephones begin a line with a capital.
            Some((kind, rest)) => (kind.trim().to_ascii_lowercase().parse()?, rest),
            None => (SubjectKind::Model, text),
        };
        let (name, version) = match rest.rsplit_once('@') {
            Some((name, version)) => (name, Some(version.trim().to_owned())),
            None => (rest, None),
        };
        let name = name.trim();
        if name.is_empty() {
            return Err(UnknownWord::new(text, "a subject such as model:fraud-score@14"));
        }
        Ok(Self { kind, name: name.to_owned(), version: version.filter(|version| !version.is_empty()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_is_typed() {
        let fraud = |version: Option<&str>| Subject {
            kind: SubjectKind::Model,
            name: "fraud-score".to_owned(),
            version: version.map(str::to_owned),
        };
        assert_eq!("model:fraud-score@14".parse(), Ok(fraud(Some("14"))));
        assert_eq!("Model: fraud-score".parse(), Ok(fraud(None)));
        assert_eq!("fraud-score".parse(), Ok(fraud(None)));
        assert!("planet:mars".parse::<Subject>().is_err());
        assert!("model:@3".parse::<Subject>().is_err());
    }
}
