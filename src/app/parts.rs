//! What of the configuration each part is given.

use std::sync::Arc;

use anyhow::Context;

use crate::config::{Config, Secret};
use crate::discord::client::{Credentials, StandIn};
use crate::engine::Setup;
use crate::outbox::Places;
use crate::web::{Access, Door};

/// What of the configuration decisions need.
pub fn setup(config: Config) -> Setup {
    let heartbeats = config.sources.iter().filter_map(|(name, source)| Some((name.clone(), source.every?))).collect();
    Setup { organisation: config.organisation, triage: config.triage, heartbeats }
}

pub(super) fn places(config: &Config) -> Places {
    Places {
        category: Some(config.discord.incidents_category),
        announcements: config.discord.announcements,
        operators: config.discord.operators,
    }
}

pub(super) fn access(config: &Config) -> Access {
    let expose = |secrets: &[Secret]| secrets.iter().map(|secret| secret.expose().to_owned()).collect();
    Access {
        doors: config
            .sources
            .iter()
            .map(|(name, source)| {
                let door = Door {
                    kind: source.kind,
                    proof: source.proof.clone(),
                    secrets: expose(&source.secrets),
                    topics: source.topics.clone(),
                    mapping: source.mapping.clone(),
                };
                (name.clone(), Arc::new(door))
            })
            .collect(),
        public_url: config.server.public_url.clone(),
        api_tokens: expose(&config.server.api_tokens),
        is_proxy: {
            let networks = config.server.trusted_proxies.clone();
            Arc::new(move |address| networks.iter().any(|network| network.contains(address)))
        },
    }
}

pub(super) async fn credentials(config: &Config) -> anyhow::Result<Option<Credentials>> {
    let Some(token) = &config.discord.token else { return Ok(None) };
    let stand_in = match &config.discord.stand_in {
        Some(stand_in) => {
            let ca = tokio::fs::read(&stand_in.ca)
                .await
                .with_context(|| format!("cannot read discord.stand_in.ca, {}", stand_in.ca.display()))?;
            Some(StandIn { address: stand_in.address, ca })
        }
        None => None,
    };
    Ok(Some(Credentials { token: token.expose().to_owned(), guild: config.discord.guild.0, stand_in }))
}
