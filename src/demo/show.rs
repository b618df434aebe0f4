//! What the page shows of Firebell: people to act as, the rack, the tour, and what changes while it runs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use standin::{Discord, Person, Timer};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::demo::cast::{STRANGER, cast, marks};
use crate::demo::rack::{Rack, alarms};
use crate::demo::tour::tour;
use crate::demo::world::World;
use crate::domain::effect::{Effect, Promise};
use crate::domain::organisation::Organisation;
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::incident::Listing;

/// The team whose alert the tour rings.
const TEAM: &str = "Fraud";
/// How often at most the page is told what changed here, and how often at least it is looked at.
const AT_MOST: Duration = Duration::from_millis(300);
const AT_LEAST: Duration = Duration::from_secs(2);
/// How many open incidents and waiting jobs are looked at.
const MANY: i64 = 200;

/// Puts on the page what does not change.
pub fn open(world: &World) -> anyhow::Result<()> {
    let (discord, now) = (&world.discord, world.clock().now());
    let address = world.app().address().context("Firebell does not listen")?;
    discord.add_person(Person { id: Some(STRANGER.0.0), name: STRANGER.1, roles: Vec::new() });
    discord.set_cast(cast(&world.organisation, now));
    discord.set_backstage(Arc::new(Rack::new(address, world.clock().clone())?), alarms());
    discord.set_tour(tour(&world.organisation, TEAM, now)?);
    Ok(())
}

/// Keeps on the page what changes: who is on call, who leads, and what comes next. Ends with `stop`.
pub fn follow(world: &World, stop: CancellationToken) -> impl Future<Output = ()> + Send + use<> {
    let (discord, organisation) = (world.discord.clone(), world.organisation.clone());
    let (engine, clock) = (world.app().engine().clone(), world.clock().clone());
    async move {
        let mut moves = clock.moves();
        loop {
            if let Err(error) = look(&discord, &organisation, &engine, &clock).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the page is not told what comes next");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(AT_MOST) => (),
            }
            let mut changed = discord.changed();
            tokio::select! {
                () = stop.cancelled() => return,
                _ = changed.changed() => (),
                _ = moves.changed() => (),
                () = tokio::time::sleep(AT_LEAST) => (),
            }
        }
    }
}

async fn look(
    discord: &Discord,
    organisation: &Organisation,
    engine: &Engine,
    clock: &Clock,
) -> Result<(), StoreError> {
    let now = clock.now();
    let mut tx = engine.db().read().await?;
    let open = tx.incidents_page(None, Listing::Open, MANY).await?;
    let jobs = tx.waiting_jobs(MANY).await?;
    drop(tx);
    discord.set_marks(marks(organisation, &open, now));
    let next = jobs.into_iter().find(|job| now < job.due_at && job.effect.promise() == Promise::Timer);
    discord.set_timer(next.map(|job| {
        let of = job.incident.map_or(String::new(), |incident| format!(" of {incident}"));
        let what = match job.effect {
            Effect::RemindUpdate { .. } => format!("the update{of} is due"),
            _ => format!("the next step of the escalation{of}"),
        };
        Timer { at: job.due_at, what }
    }));
    Ok(())
}
