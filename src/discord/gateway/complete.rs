//! Completes what is being typed: incidents, rotas, people, audiences.

use serde_json::{Value, json};
use serenity::all::CommandInteraction;

use crate::discord::gateway::Gateway;
use crate::engine::Listing;

/// The most hits that Discord shows.
const HITS: usize = 25;
/// The longest name of a hit, in characters.
const NAME: usize = 100;

/// Answers with what fits the text so far. Without an answer people type on; nothing is lost.
pub(super) async fn complete(gateway: &Gateway, typing: &CommandInteraction) {
    let Some(focused) = typing.data.autocomplete() else { return };
    let hits = match focused.name {
        "incident" => incidents(gateway).await,
        "rota" => rotas(gateway),
        "target" => rotas(gateway).into_iter().chain(people(gateway)).collect(),
        "audience" => audiences(gateway),
        _ => Vec::new(),
    };
    let wanted = focused.value.to_lowercase();
    let choices: Vec<Value> = hits
        .into_iter()
        .filter(|(name, value)| name.to_lowercase().contains(&wanted) || value.to_lowercase().contains(&wanted))
        .take(HITS)
        .map(|(name, value)| json!({ "name": name.chars().take(NAME).collect::<String>(), "value": value }))
        .collect();
    let map = json!({ "type": 8, "data": { "choices": choices } });
    if let Err(error) = gateway.http.create_interaction_response(typing.id, &typing.token, &map, Vec::new()).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "a completion came too late");
    }
}

async fn incidents(gateway: &Gateway) -> Vec<(String, String)> {
    let open = gateway.engine.incidents(Listing::Open, HITS as i64).await.unwrap_or_default();
    open.iter()
        .map(|incident| {
            let name = format!("{} · {} · {}", incident.id, incident.severity, incident.title);
            (name, incident.id.to_string())
        })
        .collect()
}

fn rotas(gateway: &Gateway) -> Vec<(String, String)> {
    let setup = gateway.engine.setup();
    let organisation = &setup.organisation;
    let now = gateway.engine.now();
    organisation
        .rotas
        .keys()
        .map(|rota| {
            let on_call = organisation.on_call(rota, now);
            let person = on_call.as_ref().map_or("nobody", |shift| organisation.name_of(&shift.person));
            (format!("{rota} · on call: {person}"), rota.to_string())
        })
        .collect()
}

fn people(gateway: &Gateway) -> Vec<(String, String)> {
    let setup = gateway.engine.setup();
    let people = setup.organisation.people.iter();
    people.map(|(id, person)| (person.name.clone(), format!("person:{id}"))).collect()
}

fn audiences(gateway: &Gateway) -> Vec<(String, String)> {
    let setup = gateway.engine.setup();
    setup.organisation.audiences.keys().map(|name| (name.to_string(), name.to_string())).collect()
}
