//! The forms that people fill in, and their identities.

use std::fmt;
use std::str::FromStr;

use crate::domain::alert::Category;
use crate::domain::id::{IncidentId, UpdateNumber};
use crate::domain::timeline::Report;
use crate::domain::update::{TEXT_LIMIT, Update};
use crate::render::button::{UnknownPress, VERSION, read};
use crate::render::message::{Form, FormField};

/// The names under which answers come back.
pub mod field {
    /// A title.
    pub const TITLE: &str = "title";
    /// A severity.
    pub const SEVERITY: &str = "severity";
    /// A category.
    pub const CATEGORY: &str = "category";
    /// What an incident is about.
    pub const SUBJECT: &str = "subject";
    /// A rota.
    pub const ROTA: &str = "rota";
    /// What is the case.
    pub const CONDITIONS: &str = "conditions";
    /// What is being done.
    pub const ACTIONS: &str = "actions";
    /// What is needed.
    pub const NEEDS: &str = "needs";
    /// When the next report comes.
    pub const NEXT_IN: &str = "next_in";
    /// A text.
    pub const TEXT: &str = "text";
    /// A reason.
    pub const REASON: &str = "reason";
}

/// The longest title of an incident that a form takes, in characters.
const TITLE_LIMIT: u16 = 150;
/// The longest part of a report, note or reason, in characters: what the domain takes.
const PART_LIMIT: u16 = 1500;
/// What a form's line for a word takes, in characters.
const WORD_LIMIT: u16 = 100;
/// [`TEXT_LIMIT`] as forms count.
#[allow(clippy::cast_possible_truncation, reason = "2000 fits")]
const UPDATE_LIMIT: u16 = TEXT_LIMIT as u16;

/// Which form was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields name what the sentence above them is about")]
pub enum FormId {
    /// A new incident.
    Declare,
    /// A report for the room.
    Report { incident: IncidentId },
    /// Another text for an update that was read at `version`.
    EditUpdate { incident: IncidentId, update: UpdateNumber, version: u32 },
    /// Why an update is not to go out.
    RejectUpdate { incident: IncidentId, update: UpdateNumber },
}

impl fmt::Display for FormId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}:form:")?;
        match self {
            Self::Declare => f.write_str("declare"),
            Self::Report { incident } => write!(f, "report:{}", incident.0),
            Self::EditUpdate { incident, update, version } => write!(f, "edit:{}:{update}:{version}", incident.0),
            Self::RejectUpdate { incident, update } => write!(f, "reject:{}:{update}", incident.0),
        }
    }
}

impl FromStr for FormId {
    type Err = UnknownPress;

    fn from_str(text: &str) -> Result<Self, UnknownPress> {
        let parts: Vec<&str> = text.split(':').collect();
        Ok(match parts.as_slice() {
            [VERSION, "form", "declare"] => Self::Declare,
            [VERSION, "form", "report", incident] => Self::Report { incident: read(incident)? },
            [VERSION, "form", "edit", incident, update, version] => {
                Self::EditUpdate { incident: read(incident)?, update: read(update)?, version: read(version)? }
            }
            [VERSION, "form", "reject", incident, update] => {
                Self::RejectUpdate { incident: read(incident)?, update: read(update)? }
            }
            _ => return Err(UnknownPress),
        })
    }
}

/// Declares an incident; everything but the title may be left to Firebell.
pub fn declare() -> Form {
    let categories: Vec<&str> = Category::ALL.iter().map(|category| category.word()).collect();
    Form::new(
        &FormId::Declare,
        "Declare an incident",
        vec![
            FormField::line(field::TITLE, "What is wrong?")
                .required()
                .at_most(TITLE_LIMIT)
                .example("Fraud scores drift since this morning"),
            FormField::line(field::SEVERITY, "Severity").at_most(4).example("SEV1, SEV2, SEV3 (if empty) or SEV4"),
            FormField::line(field::CATEGORY, "Category").at_most(WORD_LIMIT).example(categories.join(", ")),
            FormField::line(field::SUBJECT, "Model, data set, feature or endpoint")
                .at_most(WORD_LIMIT)
                .example("model:fraud-score@14"),
            FormField::line(field::ROTA, "Rota to page").at_most(WORD_LIMIT).example("the team's own if empty"),
        ],
    )
    .within_limits()
}

/// Reports to the room, beginning from what was reported last.
pub fn report(incident: IncidentId, last: Option<&Report>) -> Form {
    let part = |id: &str, label: &str, text: Option<&str>| {
        FormField::paragraph(id, label).at_most(PART_LIMIT).filled(text.unwrap_or_default())
    };
    Form::new(
        &FormId::Report { incident },
        &format!("Report on {incident}"),
        vec![
            part(field::CONDITIONS, "Conditions: what is the case now?", last.map(|last| last.conditions.as_str()))
                .required()
                .example("Scores are 12 % too high since 02:40; about 3,000 payments were held"),
            part(field::ACTIONS, "Actions: what is being done?", last.map(|last| last.actions.as_str()))
                .required()
                .example("Rolling back to version 13"),
            part(field::NEEDS, "Needs: what is missing?", last.and_then(|last| last.needs.as_deref()))
                .example("Somebody who knows the feature store"),
            FormField::line(field::NEXT_IN, "Next report in")
                .at_most(WORD_LIMIT)
                .example("30m; the usual rhythm if empty"),
        ],
    )
    .within_limits()
}

/// Changes the text of an update.
pub fn edit_update(incident: IncidentId, update: &Update) -> Form {
    Form::new(
        &FormId::EditUpdate { incident, update: update.number, version: update.version },
        &format!("Update {} of {incident}", update.number),
        vec![
            FormField::paragraph(field::TEXT, "The text, exactly as it will stand")
                .required()
                .at_most(UPDATE_LIMIT)
                .filled(&update.text),
        ],
    )
    .within_limits()
}

/// Says why an update is not to go out.
pub fn reject_update(incident: IncidentId, update: UpdateNumber) -> Form {
    Form::new(
        &FormId::RejectUpdate { incident, update },
        &format!("Reject update {update} of {incident}"),
        vec![
            FormField::paragraph(field::REASON, "Why? The author reads this.")
                .required()
                .at_most(PART_LIMIT)
                .example("It promises a time that we do not know"),
        ],
    )
    .within_limits()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::limits;

    proptest! {
        #[test]
        fn every_form_reads_back_and_fits(incident in 1..=i64::MAX, update in 1..=i64::MAX, version in any::<u32>()) {
            let (incident, update) = (IncidentId(incident), UpdateNumber(update));
            for form in [
                FormId::Declare,
                FormId::Report { incident },
                FormId::EditUpdate { incident, update, version },
                FormId::RejectUpdate { incident, update },
            ] {
                let id = form.to_string();
                prop_assert!(limits::length(&id) <= limits::CUSTOM_ID);
                prop_assert_eq!(id.parse(), Ok(form));
            }
        }
    }

    #[test]
    fn the_longest_text_is_edited_whole() {
        let (_, incident, number) = crate::render::sample::drafts().swap_remove(0);
        let mut update = incident.update(number).expect("the update is there").clone();
        update.text = "🔔".repeat(TEXT_LIMIT);
        assert_eq!(edit_update(incident.id, &update).fields[0].value.as_ref(), Some(&update.text));
    }

    #[test]
    fn forms_are_drawn() {
        let report = Report { conditions: "High".to_owned(), actions: "x".repeat(1500), needs: None, next_at: None };
        let forms =
            [declare(), super::report(IncidentId(42), Some(&report)), reject_update(IncidentId(42), UpdateNumber(1))];
        for form in &forms {
            assert!(form.fields.len() <= limits::FORM_FIELDS);
            assert!(form.fields.iter().all(|field| limits::length(&field.label) <= limits::FORM_LABEL));
            assert!(form.fields.iter().all(|field| field.value.as_ref().is_none_or(|value| !value.contains('…'))));
        }
        insta::assert_debug_snapshot!("form", forms[0]);
    }
}
