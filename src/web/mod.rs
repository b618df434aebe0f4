//! HTTP: hooks for sources, the read-only interface, health and metrics.

mod amazon;
mod api;
mod error;
mod health;
mod hooks;
mod peer;
mod refusals;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{any, get};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::domain::id::SourceName;
use crate::engine::Engine;
use crate::intake::auth::Scheme;
use crate::intake::custom::Mapping;
use crate::intake::kind::Kind;
use crate::store::inbox_writer::Inbox;

pub use amazon::Amazon;
pub use api::description;
pub use peer::IsProxy;
use refusals::Refusals;

/// A configured source, as its door sees it.
pub struct Door {
    /// How its payloads read.
    pub kind: &'static Kind,
    /// How its sender proves itself.
    pub proof: Scheme,
    /// The secrets, any of which lets a sender in.
    pub secrets: Vec<String>,
    /// The topics of SNS that are let in.
    pub topics: Vec<String>,
    /// What the configuration says of how its payloads read.
    pub mapping: Option<Arc<Mapping>>,
}

/// What may change while the server runs.
#[derive(Clone)]
pub struct Access {
    /// The sources by the name in their address.
    pub doors: BTreeMap<SourceName, Arc<Door>>,
    /// Under which address senders reach this server, without a slash at the end.
    pub public_url: Option<String>,
    /// The tokens that open the read-only interface.
    pub api_tokens: Vec<String>,
    /// Which addresses are those of our own proxies.
    pub is_proxy: IsProxy,
}

/// What may not.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body: usize,
    /// How long a request may take.
    pub timeout: Duration,
}

/// What is known of the chat, as its owner says.
#[derive(Clone)]
pub struct ChatState {
    /// Whether it is there.
    pub connected: watch::Receiver<bool>,
    /// What the bot lacks in its guild, in words.
    pub lacking: watch::Receiver<Vec<String>>,
}

/// All that requests need. Clones share it.
#[derive(Clone)]
pub struct Web(Arc<Parts>);

/// The parts of [`Web`].
pub struct Parts {
    engine: Engine,
    inbox: Inbox,
    access: watch::Receiver<Arc<Access>>,
    chat: ChatState,
    metrics: Option<PrometheusHandle>,
    refusals: Refusals,
    amazon: Amazon,
}

impl Web {
    /// A server over these parts.
    pub fn new(
        engine: Engine,
        inbox: Inbox,
        access: watch::Receiver<Arc<Access>>,
        chat: ChatState,
        metrics: Option<PrometheusHandle>,
        amazon: Amazon,
    ) -> Self {
        let refusals = Refusals::default();
        Self(Arc::new(Parts { engine, inbox, access, chat, metrics, refusals, amazon }))
    }

    /// Every route.
    pub fn router(self, limits: Limits) -> Router {
        let api = Router::new()
            .route("/api/v1/incidents", get(api::incidents))
            .route("/api/v1/incidents/{id}", get(api::incident))
            .route("/api/v1/incidents/{id}/timeline", get(api::timeline))
            .route("/api/v1/alerts", get(api::alerts))
            .route("/api/v1/oncall", get(api::oncall))
            .layer(axum::middleware::from_fn_with_state(self.clone(), api::require_token))
            .route("/api/v1/openapi.json", get(api::openapi))
            .layer(CompressionLayer::new());
        // As one: each layer that a router is given by itself boxes every request and answer once more.
        let around_all = ServiceBuilder::new()
            .layer(CatchPanicLayer::new())
            .map_response(error::with_retry_after)
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits.timeout))
            .layer(DefaultBodyLimit::max(limits.body));
        Router::new()
            .route("/hooks/{source}", any(hooks::receive))
            .merge(api)
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .route("/metrics", get(health::metrics))
            .fallback(error::nothing_here)
            .layer(around_all)
            .with_state(self)
    }

    fn access(&self) -> Arc<Access> {
        self.access.borrow().clone()
    }
}

impl std::ops::Deref for Web {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
