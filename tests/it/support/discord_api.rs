//! Holds what was said between the bot and the stand-in against Discord's own description of its interface.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Value, json};
use standin::Traffic;

/// Discord's description, by method and path template.
struct Description {
    document: Value,
    /// Method, segments of the path (`None`: a parameter), and where the operation stands.
    operations: Vec<(String, Vec<Option<String>>, String)>,
}

fn description() -> Option<&'static Description> {
    static DESCRIPTION: OnceLock<Option<Description>> = OnceLock::new();
    DESCRIPTION
        .get_or_init(|| {
            let file = super::shared::file("discord/openapi.json")?;
            let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            let mut operations = Vec::new();
            for (path, item) in document["paths"].as_object().unwrap() {
                for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
                    let segments: Vec<Option<String>> = path
                        .trim_matches('/')
                        .split('/')
                        .map(|segment| (!segment.starts_with('{')).then(|| segment.to_owned()))
                        .collect();
                    let pointer = format!("/paths/{}/{method}", path.replace('~', "~0").replace('/', "~1"));
                    operations.push((method.to_uppercase(), segments, pointer));
                }
            }
            // Literal segments go before parameters: `/messages/pins` is not the message called "pins".
            operations.sort_by_key(|(_, segments, _)| segments.iter().filter(|segment| segment.is_none()).count());
            Some(Description { document, operations })
        })
        .as_ref()
}

/// Fails on a request or an answer that Discord's description does not know.
pub fn check(traffic: &[Traffic]) {
    let Some(description) = description() else { return };
    let mut faults = Vec::new();
    for exchange in traffic {
        let Traffic::Rest { method, path, req, status, resp, .. } = exchange else { continue };
        let path = path.trim_start_matches("/api/v10");
        let Some(pointer) = description.find(method, path) else {
            faults.push(format!("{method} {path} is not described"));
            continue;
        };
        let operation = description.document.pointer(&pointer).unwrap();
        if !req.is_null() {
            let content = "/requestBody/content/application~1json/schema";
            if operation.pointer(content).is_some() {
                let schema = format!("{pointer}{content}");
                faults.extend(description.faults(&schema, req, &format!("{method} {path} request")));
            }
        }
        for key in [status.to_string(), format!("{}XX", status / 100)] {
            let content = format!("/responses/{key}/content/application~1json/schema");
            if operation.pointer(&content).is_some() {
                let schema = format!("{pointer}{content}");
                let what = format!("{method} {path} answer {status}");
                faults.extend(description.faults(&schema, resp, &what));
                break;
            }
        }
    }
    faults.dedup();
    assert!(faults.is_empty(), "not as Discord describes it:\n{}", faults.join("\n"));
}

impl Description {
    fn find(&self, method: &str, path: &str) -> Option<String> {
        let asked: Vec<&str> = path.trim_matches('/').split('/').collect();
        let fits = |segments: &[Option<String>]| {
            segments.len() == asked.len()
                && segments
                    .iter()
                    .zip(&asked)
                    .all(|(segment, asked)| segment.as_deref().is_none_or(|one| one == *asked))
        };
        let found = self.operations.iter().find(|(own, segments, _)| own == method && fits(segments));
        found.map(|(_, _, pointer)| pointer.clone())
    }

    fn faults(&self, pointer: &str, value: &Value, what: &str) -> Vec<String> {
        let validator = self.validator(pointer);
        let errors = validator.iter_errors(value).take(3);
        errors.map(|error| format!("{what}: {} at {}", error, error.instance_path())).collect()
    }

    /// Compiled once for all tests of the program.
    fn validator(&self, pointer: &str) -> Arc<Validator> {
        static VALIDATORS: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());
        let mut validators = VALIDATORS.lock().unwrap();
        let compile = || {
            // References lead to `#/components`, which therefore stands beside the schema.
            let schema = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "components": self.document["components"],
                "allOf": [self.document.pointer(pointer).unwrap()],
            });
            Arc::new(jsonschema::validator_for(&schema).unwrap())
        };
        validators.entry(pointer.to_owned()).or_insert_with(compile).clone()
    }
}
