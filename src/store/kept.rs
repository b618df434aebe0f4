//! A connection that stays at hand from one use to the next, and is lent to one after the other in order. A pool asks each
//! that comes back whether it lives, in a task of its own, before it gives it out again: in a storm that took as long as
//! the commit before it.

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{sleep, timeout};

/// After how long at rest a connection is asked whether it lives: a server may have been started anew meanwhile.
const AT_REST: Duration = Duration::from_secs(1);
/// How long it may take to say so, and how long taking back what was begun may take.
const BRIEF: Duration = Duration::from_secs(1);
/// How long to wait before a server that cannot be reached is tried again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// How a connection to PostgreSQL is set, whoever made it: each statement is planned once, and goes by an index. PostgreSQL
/// would plan some anew each time, which takes longer than they do, and would keep plans that were made when a table was
/// empty: a claim read all of it again for each job that waits. A test reads the plans.
const PLANS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off";

/// A connection that is made and ended, and takes statements without values.
pub trait Plain: Sized + Send + 'static {
    /// How it is made.
    type Options: Clone + Send + Sync;

    /// Whether its other end may go away while it rests.
    const MAY_GO: bool;

    /// Makes one.
    fn connect(options: &Self::Options) -> Running<'_, Self>;

    /// Asks whether it lives.
    fn ping(&mut self) -> Running<'_>;

    /// Runs a statement.
    fn run(&mut self, statement: &'static str) -> Running<'_>;

    /// Ends it, after what is under way.
    fn close(self) -> Running<'static>;

    /// Takes back what was begun on it, and gives it back. Nobody waits for that but whoever is lent it next.
    fn leave(lent: Lent<Self>);
}

/// What is under way; boxed, since a future over any kind of connection cannot be sent to other threads.
pub type Running<'a, T = ()> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'a>>;

impl Plain for PgConnection {
    type Options = PgConnectOptions;

    const MAY_GO: bool = true;

    fn connect(options: &PgConnectOptions) -> Running<'_, Self> {
        Box::pin(async {
            let mut connection = Self::connect_with(options).await?;
            set(&mut connection).await?;
            Ok(connection)
        })
    }

    fn ping(&mut self) -> Running<'_> {
        Box::pin(Connection::ping(self))
    }

    fn run(&mut self, statement: &'static str) -> Running<'_> {
        Box::pin(async move { self.execute(statement).await.map(drop) })
    }

    fn close(self) -> Running<'static> {
        Box::pin(Connection::close(self))
    }

    fn leave(lent: Lent<Self>) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(lent.undo());
        }
    }
}

/// Sets a connection to PostgreSQL that was just made.
pub fn set(connection: &mut PgConnection) -> Running<'_> {
    connection.run(PLANS)
}

/// A connection that is kept. Clones share it.
pub struct Kept<C: Plain>(Arc<Shared<C>>);

struct Shared<C: Plain> {
    options: C::Options,
    patience: Duration,
    place: Arc<Mutex<Option<AtHand<C>>>>,
    times_lent: AtomicU64,
    is_closed: AtomicBool,
}

struct AtHand<C> {
    connection: C,
    /// Since when it rests; `None`: it is not certain that it lives.
    since: Option<Instant>,
}

/// The connection, while it is lent. Who leaves it without giving it back closes it: nobody knows what was left undone on
/// it, and the database takes that back.
pub struct Lent<C> {
    connection: C,
    place: OwnedMutexGuard<Option<AtHand<C>>>,
}

impl<C: Plain> Kept<C> {
    /// Keeps a connection: the one that is `made`, or one by `options` when it is first needed, or needed anew. Nobody waits
    /// longer for it than `patience`.
    pub fn new(made: Option<C>, options: C::Options, patience: Duration) -> Self {
        let at_hand = made.map(|connection| AtHand { connection, since: Some(Instant::now()) });
        let (times_lent, is_closed) = (AtomicU64::default(), AtomicBool::default());
        Self(Arc::new(Shared { options, patience, place: Arc::new(Mutex::new(at_hand)), times_lent, is_closed }))
    }

    /// The connection, when it is the caller's turn.
    pub async fn lend(&self) -> Result<Lent<C>, sqlx::Error> {
        let lent = async {
            let mut place = self.0.place.clone().lock_owned().await;
            if self.0.is_closed.load(Ordering::Acquire) {
                return Err(sqlx::Error::PoolClosed);
            }
            let connection = match place.take() {
                Some(AtHand { connection, since: Some(since) }) if !C::MAY_GO || since.elapsed() < AT_REST => {
                    connection
                }
                at_hand => Box::pin(self.living(at_hand)).await?,
            };
            self.0.times_lent.fetch_add(1, Ordering::Relaxed);
            Ok(Lent { connection, place })
        };
        timeout(self.0.patience, lent).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn living(&self, at_hand: Option<AtHand<C>>) -> Result<C, sqlx::Error> {
        if let Some(AtHand { mut connection, .. }) = at_hand
            && let Ok(Ok(())) = timeout(BRIEF, connection.ping()).await
        {
            return Ok(connection);
        }
        let mut pause = PAUSES.0;
        loop {
            match C::connect(&self.0.options).await {
                Err(error) if passes(&error) => sleep(pause).await,
                connected => return connected,
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// The connection, where it is there and nobody has it.
    fn free(&self) -> Option<Lent<C>> {
        let mut place = self.0.place.clone().try_lock_owned().ok()?;
        let AtHand { connection, .. } = place.take_if(|_| !C::MAY_GO && !self.0.is_closed.load(Ordering::Acquire))?;
        self.0.times_lent.fetch_add(1, Ordering::Relaxed);
        Some(Lent { connection, place })
    }

    /// How often it was lent.
    pub fn times_lent(&self) -> u64 {
        self.0.times_lent.load(Ordering::Relaxed)
    }

    /// Closes it, after what is under way. It is not lent any more.
    pub async fn close(&self) {
        self.0.is_closed.store(true, Ordering::Release);
        if let Some(AtHand { connection, .. }) = self.0.place.lock().await.take()
            && let Err(error) = connection.close().await
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection could not be closed");
        }
    }
}

/// Connections that are alike. Clones share them.
pub struct Several<C: Plain>(Arc<[Kept<C>]>, Arc<AtomicUsize>);

impl<C: Plain> Several<C> {
    /// As many as `count`, each made when all others are lent.
    pub fn new(count: usize, options: &C::Options, patience: Duration) -> Self {
        let all = (0..count.max(1)).map(|_| Kept::new(None, options.clone(), patience));
        Self(all.collect(), Arc::default())
    }

    /// One that is free, or else the next when it is; and where it comes from.
    pub async fn lend(&self) -> Result<(Lent<C>, Kept<C>), sqlx::Error> {
        if let Some(free) = self.0.iter().find_map(|kept| Some((kept.free()?, kept.clone()))) {
            return Ok(free);
        }
        let next = &self.0[self.1.fetch_add(1, Ordering::Relaxed) % self.0.len()];
        Ok((next.lend().await?, next.clone()))
    }

    /// One more that is made alike, of this kind or of another, for one alone.
    pub fn apart<D: Plain<Options = C::Options>>(&self) -> Kept<D> {
        let Shared { options, patience, .. } = &*self.0[0].0;
        Kept::new(None, options.clone(), *patience)
    }

    /// Closes all, after what is under way.
    pub async fn close(&self) {
        for kept in self.0.iter() {
            kept.close().await;
        }
    }
}

impl<C: Plain> Clone for Several<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1.clone())
    }
}

/// Without the options.
impl<C: Plain> fmt::Debug for Several<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Several").finish_non_exhaustive()
    }
}

impl<C: Plain> Clone for Kept<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Without the options, which may have a password.
impl<C: Plain> fmt::Debug for Kept<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl<C> Lent<C> {
    /// Gives it back as it was, for the next one.
    pub fn give_back(self) {
        self.put_back(Some(Instant::now()));
    }

    /// Gives it back after a statement that was a transaction of its own, unless nobody knows what became of that.
    pub fn give_back_after<T>(self, outcome: &Result<T, sqlx::Error>) {
        match outcome {
            Ok(_) => self.give_back(),
            // The server may have said that it ends the connection.
            Err(sqlx::Error::Database(_)) => self.put_back(None),
            Err(_) => (),
        }
    }

    fn put_back(mut self, since: Option<Instant>) {
        *self.place = Some(AtHand { connection: self.connection, since });
    }
}

impl<C: Plain> Lent<C> {
    /// Gives it back when what was begun on it is taken back. Where there is nothing to take back any more, or that takes
    /// too long, it is closed, and that is as good.
    pub async fn undo(mut self) {
        if let Ok(Ok(())) = timeout(BRIEF, self.connection.run("ROLLBACK")).await {
            self.give_back();
        }
    }
}

impl<C> Deref for Lent<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.connection
    }
}

impl<C> DerefMut for Lent<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.connection
    }
}

/// Whether a server that refused a connection is expected back in a moment: it is being started, or has too many.
fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
        ),
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P03" || code == "53300"),
        _ => false,
    }
}

/// Whether the other end of a connection is gone.
pub fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.len() == 5 && code.starts_with("57P")),
        _ => false,
    }
}
