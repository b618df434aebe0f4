//! The floor: the least that a receiver of alerts can do, as the limit to compare with. It parses, and answers when what
//! it took in is kept: one writer, one commit for whatever has queued, one upsert for each fingerprint, and a notification
//! in the same transaction for each that is new.

mod postgres;
mod sqlite;

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

use crate::http::{Address, Connection};

/// How many requests may wait for the writer.
const QUEUE: usize = 4096;
/// How many alerts a commit takes at most, beside those of its last request.
const ALERTS_A_COMMIT: usize = 1024;

/// Where the alerts go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Keeping {
    /// Nowhere: what HTTP and JSON alone allow.
    Nothing,
    /// Into this file.
    Sqlite(PathBuf),
    /// Into this database.
    Postgres(String),
}

/// A floor server to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Floor {
    pub keeping: Keeping,
    /// Who is told of each new fingerprint.
    pub notify: Option<SocketAddr>,
}

/// An alert as the floor keeps it.
struct Row {
    fingerprint: i64,
    title: String,
    alert: String,
}

/// What waits for a writer.
enum Work {
    Alerts {
        rows: Vec<Row>,
        kept: oneshot::Sender<()>,
    },
    /// Somebody was told of this incident.
    Told(i64),
}

/// A new incident, of which somebody is to be told.
struct News {
    incident: i64,
    title: String,
}

impl Floor {
    /// Serves until the process is ended.
    pub fn serve(self) -> anyhow::Result<()> {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
            let (work, queue) = mpsc::channel(QUEUE);
            let (news, told) = mpsc::channel(1 << 20);
            if let Some(listener) = self.notify {
                tokio::spawn(tell(told, listener, work.clone()));
            }
            let work = match &self.keeping {
                Keeping::Nothing => None,
                Keeping::Sqlite(file) => {
                    sqlite::start(file, queue, news)?;
                    Some(work)
                }
                Keeping::Postgres(url) => {
                    postgres::start(url, queue, news).await?;
                    Some(work)
                }
            };
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            writeln!(std::io::stderr(), "listening on http://{}", listener.local_addr()?)?;
            let router = Router::new().fallback(post(take_in)).with_state(work);
            axum::serve(listener, router).await?;
            Ok(())
        })
    }
}

async fn take_in(State(work): State<Option<mpsc::Sender<Work>>>, body: Bytes) -> StatusCode {
    let Some(rows) = read(&body) else { return StatusCode::UNPROCESSABLE_ENTITY };
    let Some(work) = work else { return StatusCode::ACCEPTED };
    let (kept, is_kept) = oneshot::channel();
    if work.send(Work::Alerts { rows, kept }).await.is_err() || is_kept.await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    StatusCode::ACCEPTED
}

#[derive(Deserialize)]
struct Hook<'a> {
    #[serde(borrow)]
    alerts: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Alert {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

fn read(body: &[u8]) -> Option<Vec<Row>> {
    let hook: Hook<'_> = serde_json::from_slice(body).ok()?;
    hook.alerts
        .into_iter()
        .map(|raw| {
            let mut alert: Alert = serde_json::from_str(raw.get()).ok()?;
            let mut hasher = DefaultHasher::new();
            alert.labels.hash(&mut hasher);
            let fingerprint = i64::from_ne_bytes(hasher.finish().to_ne_bytes());
            Some(Row { fingerprint, title: alert.annotations.remove("summary")?, alert: raw.get().to_owned() })
        })
        .collect()
}

/// The next work and whatever has queued behind it.
fn gather(first: Work, mut next: impl FnMut() -> Option<Work>) -> Vec<Work> {
    let mut count = 0;
    let mut gathered = Vec::new();
    let mut work = Some(first);
    while let Some(one) = work {
        count += match &one {
            Work::Alerts { rows, .. } => rows.len(),
            Work::Told(_) => 1,
        };
        gathered.push(one);
        work = if count < ALERTS_A_COMMIT { next() } else { None };
    }
    gathered
}

/// How often each fingerprint came, with a title.
fn counted(gathered: &[Work]) -> HashMap<i64, (i64, &str)> {
    let mut counts = HashMap::new();
    for work in gathered {
        if let Work::Alerts { rows, .. } = work {
            for row in rows {
                counts.entry(row.fingerprint).or_insert((0, row.title.as_str())).0 += 1;
            }
        }
    }
    counts
}

/// Answers those whose alerts are kept now.
fn answer(gathered: Vec<Work>) {
    for work in gathered {
        if let Work::Alerts { kept, .. } = work {
            let _ = kept.send(());
        }
    }
}

/// Posts what is new to `listener`, one after the other, and has the writer note it.
async fn tell(mut news: mpsc::Receiver<News>, listener: SocketAddr, work: mpsc::Sender<Work>) {
    let address = Address { at: listener, path: "/".to_owned(), bearer: None };
    let mut connection = Connection::new(listener);
    while let Some(News { incident, title }) = news.recv().await {
        let body = serde_json::json!({ "incident": incident, "content": title }).to_string();
        let answered = connection.send(&address.request(&body)).await;
        if answered.is_ok_and(|answer| answer.status < 300) {
            let _ = work.send(Work::Told(incident)).await;
        }
    }
}
