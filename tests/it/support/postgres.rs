//! A PostgreSQL server of our own, started once for all tests and gone with them.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server of tests is set: they are many, and none asks what a crash of the machine leaves.
const FOR_TESTS: &[&str] = &["fsync=off", "max_connections=400", "shared_buffers=32MB"];

/// A server.
pub struct Server {
    port: u16,
    settings: &'static [&'static str],
    /// Its standard input closes with this process, which ends the server.
    watcher: Child,
    binaries: PathBuf,
    user: Option<(u32, u32)>,
    folder: TempDir,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A fresh, empty database. `None` where no server binaries are, unless `FIREBELL_TEST_POSTGRES=required`.
pub async fn fresh_database() -> Option<String> {
    let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(Server::start)).await.unwrap().as_ref()?;
    Some(server.fresh_database(&format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed))).await)
}

async fn connect(url: &str) -> sqlx::PgConnection {
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    options.connect().await.unwrap()
}

impl Server {
    /// Starts one of its own. `None` where no server binaries are.
    pub fn start() -> Option<Self> {
        Self::start_with(FOR_TESTS)
    }

    /// Starts one with these settings beside PostgreSQL's own.
    pub fn start_with(settings: &'static [&'static str]) -> Option<Self> {
        let Some(binaries) = binaries() else {
            assert!(
                std::env::var("FIREBELL_TEST_POSTGRES").as_deref() != Ok("required"),
                "FIREBELL_TEST_POSTGRES=required, but no PostgreSQL server binaries were found"
            );
            // Written past the test harness, which keeps the output of tests that pass to itself.
            let _ = std::io::stderr().write_all(b"SKIPPED: no PostgreSQL server binaries: its tests are not run\n");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("firebell-postgres-").tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            for path in [folder.path(), &data] {
                std::os::unix::fs::chown(path, Some(uid), Some(gid)).unwrap();
            }
        }
        let port = port();
        let made = command(&binaries.join("initdb"), user)
            .args(["--auth=trust", "--username=firebell", "--encoding=UTF8", "--no-sync", "--pgdata"])
            .arg(&data)
            .stdout(Stdio::null())
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let watcher = run(&binaries, user, port, folder.path(), settings);
        Some(Self { port, settings, watcher, binaries, user, folder })
    }

    /// A fresh, empty database.
    pub async fn fresh_database(&self, name: &str) -> String {
        let url = |database: &str| format!("postgres://firebell@127.0.0.1:{}/{database}", self.port);
        let mut admin = connect(&url("postgres")).await;
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        url(name)
    }

    /// The process under which all of the server's run.
    #[allow(dead_code, reason = "the bench asks what they use")]
    pub fn process(&self) -> u32 {
        self.watcher.id()
    }

    /// Ends the server at once, as a crash does; its data stay.
    pub fn halt(&mut self) {
        std::fs::write(self.folder.path().join("keep"), "").unwrap();
        drop(self.watcher.stdin.take());
        self.watcher.wait().unwrap();
    }

    /// Starts it again.
    pub fn go_on(&mut self) {
        let _ = std::fs::remove_file(self.folder.path().join("keep"));
        std::fs::remove_file(self.folder.path().join("log")).unwrap();
        self.watcher = run(&self.binaries, self.user, self.port, self.folder.path(), self.settings);
    }
}

/// A port that the system gives to nobody who asks for any: one that it does would be somebody else's while the server is down.
fn port() -> u16 {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    loop {
        let place = (std::process::id().wrapping_mul(31).wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed))) % 10_000;
        let port = u16::try_from(20_000 + place).unwrap();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Runs a server on the data in `folder`.
fn run(binaries: &Path, user: Option<(u32, u32)>, port: u16, folder: &Path, settings: &[&str]) -> Child {
    // The shell ends the server, and takes its folder away, when its standard input closes, which the end of this process
    // does, however it ends.
    let script = r#"postgres=$0 data=$1 port=$2 folder=$3; shift 3
        "$postgres" -D "$data" -p "$port" -k "$folder" -c listen_addresses=127.0.0.1 "$@" > "$folder/log" 2>&1 &
        server=$!; cat > /dev/null; kill -QUIT $server; wait; [ -e "$folder/keep" ] || rm -rf "$folder""#;
    let watcher = command(Path::new("/bin/sh"), user)
        .args(["-c", script])
        .arg(binaries.join("postgres"))
        .arg(folder.join("data"))
        .arg(port.to_string())
        .arg(folder)
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(port, folder);
    watcher
}

fn wait_for(port: u16, folder: &Path) {
    let begun = Instant::now();
    loop {
        // A server that starts takes connections before it answers on them.
        let ready = std::fs::read_to_string(folder.join("log")).unwrap_or_default().contains("ready to accept");
        if ready && std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not start: {}", log());
        std::thread::yield_now();
    }
}

fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    command
}

/// PostgreSQL does not run as root: then it runs as `postgres`, or else as `nobody`.
fn unprivileged() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let of = |name: &str| {
        let line = passwd.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let fields: Vec<&str> = line.split(':').collect();
        Some((fields[2].parse().ok()?, fields[3].parse().ok()?))
    };
    Some(of("postgres").or_else(|| of("nobody")).expect("there is an unprivileged user"))
}

/// The newest server's binaries.
fn binaries() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()))
        .filter(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file())
        .collect();
    found.sort();
    found.pop()
}
