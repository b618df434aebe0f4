//! The guided tour: from the first ring to the end of an incident, in five steps and as three people.

use anyhow::Context;
use standin::{Move, Point, Sight, Tour, TourStep};

use crate::domain::Timestamp;
use crate::domain::actor::Duty;
use crate::domain::organisation::{Organisation, Person};

/// How the name of every room begins, and the channels in which incidents are announced and updates published.
const ROOM: &str = "inc-";
const ANNOUNCEMENTS: &str = "incidents";
const PUBLIC: &str = "status";
/// What is read of the alert that is rung, wherever its incident is named.
const ALERT: &str = "Fraud scores drift";

/// The tour of the example configuration.
///
/// # Errors
///
/// When nobody is on call, or there are not two liaisons: a text for the outside is approved by another than its author.
pub fn tour(organisation: &Organisation, team: &str, now: Timestamp) -> anyhow::Result<Tour> {
    let team = organisation.teams.values().find(|own| own.name == team).context("the team is not there")?;
    let shift = organisation.on_call(&team.rota, now).context("nobody is on call")?;
    let responder = organisation.people.get(&shift.person).context("who is on call is not there")?;
    let mut liaisons = organisation.people.values().filter(|person| person.duties.contains(&Duty::Liaison));
    let (author, approver) = liaisons.next().zip(liaisons.next()).context("there are not two liaisons")?;
    let (first, second, third) = (&responder.name, &author.name, &approver.name);
    let steps = vec![
        step(
            "Ring",
            "A model monitor finds that fraud scores drift. Ring its alert: an incident is opened with a room of its \
             own, and whoever is on call is paged."
                .to_owned(),
            None,
            vec![Move {
                hint: "Ring “Fraud scores drift” on the alert rack.".to_owned(),
                point: Point::Alarm("drift".to_owned()),
                until: sight(ANNOUNCEMENTS, &["INC-", ALERT]),
            }],
        ),
        step(
            "Acknowledge",
            format!(
                "{first} is on call and has a direct message. Until somebody acknowledges, the next in line is called."
            ),
            Some(responder),
            vec![press(
                &format!("As {first}, press Acknowledge."),
                "@",
                "Acknowledge",
                ALERT,
                sight(ROOM, &["acknowledged"]),
            )],
        ),
        step(
            "Update",
            format!(
                "{second} answers for the words. Drafts come from a template and from what is known; make the external one your own."
            ),
            Some(author),
            vec![
                press(
                    &format!("As {second}, take the liaison role on the card."),
                    ROOM,
                    "Take the liaison role",
                    ALERT,
                    sight(ROOM, &["is now the liaison"]),
                ),
                press("Press Draft update.", ROOM, "Draft update", ALERT, sight(ROOM, &["for external", "[Approve]"])),
                press(
                    "Press Edit on the draft for external, and write a text.",
                    ROOM,
                    "Edit",
                    "for external",
                    sight(ROOM, &["for external", "version 2"]),
                ),
            ],
        ),
        step(
            "Approve",
            format!(
                "{second} wrote it, so somebody else must look at it before it goes outside: {third}. What is posted is what was approved, to the byte."
            ),
            Some(approver),
            vec![press(
                &format!("As {third}, approve the external update."),
                ROOM,
                "Approve",
                "for external",
                sight(PUBLIC, &[]),
            )],
        ),
        step(
            "Resolve",
            format!("It is over. {first} resolves the incident; the card, the announcement and the timeline say so."),
            Some(responder),
            vec![press(
                &format!("As {first}, press Resolve."),
                ROOM,
                "Resolve",
                ALERT,
                sight(ROOM, &["resolved the incident"]),
            )],
        ),
    ];
    Ok(Tour { steps })
}

fn step(title: &str, text: String, who: Option<&Person>, moves: Vec<Move>) -> TourStep {
    TourStep { title: title.to_owned(), text, who: who.map(|person| person.discord.0), moves }
}

fn press(hint: &str, at: &str, label: &str, on: &str, until: Sight) -> Move {
    let point = Point::Button { at: at.to_owned(), label: label.to_owned(), on: on.to_owned() };
    Move { hint: hint.to_owned(), point, until }
}

fn sight(at: &str, texts: &[&str]) -> Sight {
    Sight { at: at.to_owned(), texts: texts.iter().map(|text| (*text).to_owned()).collect() }
}
