//! The handle: starting, stopping, and the lock around the world. What it can do is in the files beside this one.

mod behave;
mod look;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::error::StartError;
use crate::model::Id;
use crate::options::Options;
use crate::state::State;
use crate::{control, gateway, rest, tls};

/// A running stand-in. Clones are handles on the same one; it ends when the last of them is dropped or one says
/// [`Discord::stop`].
#[derive(Clone, Debug)]
pub struct Discord {
    shared: Arc<Shared>,
    /// What keeps it running. The servers' own handles have none, or it would run for ever.
    _keeper: Option<Arc<Keeper>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    stopped: watch::Sender<bool>,
    addresses: Addresses,
    ca_pem: String,
    token: String,
    guild: Id,
    patience: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Addresses {
    rest: SocketAddr,
    gateway: SocketAddr,
    control: Option<SocketAddr>,
}

/// Stops the servers when the last handle goes.
#[derive(Debug)]
struct Keeper {
    stopped: watch::Sender<bool>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stopped.send_replace(true);
    }
}

impl Discord {
    /// Starts the servers.
    ///
    /// # Errors
    ///
    /// When a port is taken or the certificate cannot be made.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let identity = tls::make()?;
        let (rest_listener, rest) = listen("REST server", options.rest_port).await?;
        let (gateway_listener, gateway) = listen("gateway", options.gateway_port).await?;
        let control = match options.control_port {
            Some(port) => Some(listen("control API", port).await?),
            None => None,
        };
        let addresses = Addresses { rest, gateway, control: control.as_ref().map(|(_, address)| *address) };
        let (token, guild, patience) = (options.token.clone(), options.guild, options.patience);
        let mut state = State::new(options);
        state.hub.address = format!("ws://{gateway}");
        let stopped = watch::Sender::new(false);
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: watch::Sender::new(0),
            stopped: stopped.clone(),
            addresses,
            ca_pem: identity.ca_pem,
            token,
            guild,
            patience,
        });
        let inner = Self { shared: Arc::clone(&shared), _keeper: None };
        tokio::spawn(rest::serve::run(inner.clone(), rest_listener, identity.acceptor));
        tokio::spawn(serve(inner.clone(), gateway_listener, gateway::router(inner.clone())));
        if let Some((listener, _)) = control {
            tokio::spawn(serve(inner.clone(), listener, control::router(inner)));
        }
        Ok(Self { shared, _keeper: Some(Arc::new(Keeper { stopped })) })
    }

    /// Stops the servers and ends every connection.
    pub async fn stop(&self) {
        self.change(|state| state.close_connections(None));
        self.shared.stopped.send_replace(true);
        // The servers are woken by the line above; this lets them go before the caller goes on.
        tokio::task::yield_now().await;
    }

    /// Where the REST server listens, with TLS.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.addresses.rest
    }

    /// Where the gateway listens, without TLS.
    #[must_use]
    pub fn gateway_address(&self) -> SocketAddr {
        self.shared.addresses.gateway
    }

    /// Where the control API listens, if there is one.
    #[must_use]
    pub fn control_address(&self) -> Option<SocketAddr> {
        self.shared.addresses.control
    }

    /// The certificate that a client must trust, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.shared.ca_pem
    }

    /// The bot's token, without the `Bot ` before it.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.shared.token
    }

    /// The id of the guild.
    #[must_use]
    pub fn guild(&self) -> Id {
        self.shared.guild
    }

    /// A counter that rises whenever anything may have changed.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// Looks again at every change until `look` finds something; none when `limit` of real time is over first.
    pub async fn wait_until<T>(&self, limit: Duration, mut look: impl FnMut(&Self) -> Option<T>) -> Option<T> {
        let mut changed = self.changed();
        let wait = async {
            loop {
                // Marked before looking, so that a change during the look wakes us again.
                changed.borrow_and_update();
                if let Some(found) = look(self) {
                    return Some(found);
                }
                changed.changed().await.ok()?;
            }
        };
        tokio::time::timeout(limit, wait).await.ok().flatten()
    }

    /// Writes all traffic, that of the past included, to a file, one JSON object a line.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn record_to(&self, path: impl AsRef<Path>) -> std::io::Result<()> {
        self.change(|state| state.recorder.record_to(path.as_ref()))
    }

    pub(crate) fn patience(&self) -> Duration {
        self.shared.patience
    }

    pub(crate) fn gateway_url(&self) -> String {
        format!("ws://{}", self.shared.addresses.gateway)
    }

    /// Ends when the stand-in does.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopped = self.shared.stopped.subscribe();
        async move {
            // The sender lives in the same place as the flag: gone is stopped.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    }

    /// Looks at the world.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        // A test that panicked while it held the lock has already failed; the others may go on.
        look(&self.shared.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the world, then wakes everybody who waits for a change.
    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let result = self.quietly(act);
        self.shared.changed.send_modify(|count| *count += 1);
        result
    }

    /// Changes what nobody waits for, so that it can be done while waiting.
    pub(crate) fn quietly<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.shared.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn listen(server: &'static str, port: u16) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { server, port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

async fn serve(discord: Discord, listener: TcpListener, router: axum::Router) {
    let stopped = discord.stopped();
    tokio::select! {
        result = axum::serve(listener, router) => if let Err(error) = result {
            tracing::error!(%error, "a server of the stand-in ended");
        },
        () = stopped => (),
    }
}

#[cfg(test)]
mod tests {
    use super::Discord;
    use crate::options::Options;

    #[tokio::test]
    async fn the_stand_in_ends_with_its_last_handle() {
        let discord = Discord::start(Options::default()).await.expect("ports are free");
        let stopped = discord.shared.stopped.subscribe();
        let second = discord.clone();
        drop(discord);
        assert!(!*stopped.borrow());
        drop(second);
        assert!(*stopped.borrow());
    }
}
