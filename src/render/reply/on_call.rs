//! Who is on call, until when, and who follows.

use serde::Serialize;

use crate::domain::Timestamp;
use crate::domain::id::RotaName;
use crate::domain::organisation::Organisation;
use crate::render::escape::Markup;
use crate::render::message::Message;
use crate::render::reply::{framed, trouble};
use crate::render::template::View;
use crate::render::{Renderer, look, names};

/// How many rotas are shown.
const ROTAS_LISTED: usize = 15;

#[derive(Serialize)]
struct OnCall {
    rotas: Vec<RotaLine>,
    more: Option<usize>,
}

impl View for OnCall {
    const TEMPLATE: &'static str = "reply/oncall";
}

#[derive(Serialize)]
struct RotaLine {
    name: Markup,
    person: Option<Markup>,
    stands_in: bool,
    until: Option<Markup>,
    next: Option<Markup>,
    next_until: Option<Markup>,
}

impl Renderer {
    /// Who is on call at `now` in `rota`, or in every rota, until when, and who follows.
    pub fn on_call(&self, rota: Option<&RotaName>, organisation: &Organisation, now: Timestamp) -> Message {
        if let Some(unknown) = rota.filter(|rota| !organisation.rotas.contains_key(*rota)) {
            let known: Vec<&str> = organisation.rotas.keys().map(RotaName::as_str).collect();
            return trouble(&format!(
                "There is no rota “{}”. There are: {}.",
                Markup::line(unknown.as_str(), 80),
                Markup::line(&known.join(", "), 600)
            ));
        }
        let rotas: Vec<&RotaName> =
            organisation.rotas.keys().filter(|name| rota.is_none_or(|one| one == *name)).collect();
        let view = OnCall {
            more: Some(rotas.len().saturating_sub(ROTAS_LISTED)).filter(|more| 0 < *more),
            rotas: rotas.into_iter().take(ROTAS_LISTED).map(|name| rota_line(name, organisation, now)).collect(),
        };
        framed(self.draw(&view), look::BLUE)
    }
}

fn rota_line(name: &RotaName, organisation: &Organisation, now: Timestamp) -> RotaLine {
    let shift = organisation.on_call(name, now);
    let next = organisation.rotas.get(name).and_then(|rota| rota.next_shift(now));
    RotaLine {
        name: Markup::line(name.as_str(), 60),
        person: shift.as_ref().map(|shift| names::person(&shift.person, organisation)),
        stands_in: shift.as_ref().is_some_and(|shift| shift.stands_in),
        until: shift.map(|shift| names::day_and_clock(shift.until)),
        next: next.as_ref().map(|shift| names::person(&shift.person, organisation)),
        next_until: next.map(|shift| names::day_and_clock(shift.until)),
    }
}
