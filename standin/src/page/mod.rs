//! The page in the browser: the guild as one person sees it, live, and beside it what the program that runs the bot
//! adds (alarms to ring, a clock to move, a tour). It is served on the control port, on loopback only.

mod assets;
mod backstage;
mod calls;
mod files;
pub(crate) mod guard;
mod live;
mod scene;
mod stage;
mod tour;
mod weather;

use axum::Router;
use axum::routing::{get, post};

use crate::discord::Discord;

pub use backstage::{Backstage, Later, Rung};
pub(crate) use stage::Stage;
pub use stage::{Alarm, Part, Timer};
pub use tour::{Move, Point, Sight, Tour, TourStep};

/// The routes of the page, beside those of the control API.
pub(crate) fn router() -> Router<Discord> {
    Router::new()
        .route("/", get(assets::index))
        .route("/page/{file}", get(assets::asset))
        .route("/cast", get(live::cast))
        .route("/live", get(live::live))
        .route("/earlier", get(live::earlier))
        .route("/files/{channel}/{message}/{file}/{name}", get(files::file))
        .route("/ring", post(calls::ring))
        .route("/pass", post(calls::pass))
        .route("/weather", post(calls::weather))
        .route("/tour", post(calls::tour))
}
