//! The program itself, as a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use firebell::demo::world::HOOK_SECRET;
use standin::Discord;
use tokio::sync::mpsc;

/// How long a program may take to answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// What lets one read the interface of a program under test.
pub const API_TOKEN: &str = "an-api-token";

/// A program under test, ended with the test.
pub struct Program(pub Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The example configuration as somebody would fill it in.
pub fn configure(folder: &Path, discord: &Discord, database: &str) -> PathBuf {
    std::fs::write(folder.join("ca.pem"), discord.ca_pem()).unwrap();
    let example = include_str!("../../../firebell.example.toml");
    let mut table: toml::Table = example.parse().unwrap();
    let section = |table: &mut toml::Table, name: &str| -> toml::Table {
        table.get(name).and_then(|value| value.as_table().cloned()).unwrap_or_default()
    };
    let mut server = section(&mut table, "server");
    server.insert("listen".into(), "127.0.0.1:0".into());
    table.insert("server".into(), server.into());
    table.insert("database".into(), toml::Table::from_iter([("url".to_owned(), database.into())]).into());
    let mut section = section(&mut table, "discord");
    let stand_in = toml::Table::from_iter([
        ("address".to_owned(), toml::Value::from(discord.address().to_string())),
        ("ca".to_owned(), "ca.pem".into()),
    ]);
    section.insert("stand_in".into(), stand_in.into());
    table.insert("discord".into(), section.into());
    let file = folder.join("firebell.toml");
    std::fs::write(&file, table.to_string()).unwrap();
    file
}

pub fn firebell(config: &Path, discord: &Discord, arguments: &[&str]) -> Command {
    // Another build may be put to the same tests.
    let program = std::env::var_os("FIREBELL_TEST_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_firebell").into());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg("--config")
        .arg(config)
        .env("FIREBELL_DISCORD_TOKEN", discord.token())
        .env("FIREBELL_API_TOKEN", API_TOKEN)
        .env("FIREBELL_ALERTMANAGER_SECRET", HOOK_SECRET)
        .env_remove("RUST_LOG")
        .env_remove("FIREBELL_HEARTBEAT_URL")
        .stdin(Stdio::null());
    command
}

/// Starts a program that listens; where. `FIREBELL_SHOW_LOG` shows what it logs.
pub fn listening(command: &mut Command) -> (Program, String) {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let program = Program(child);
    let mut heard = Vec::new();
    while let Some(Ok(line)) = lines.next() {
        if let Some((_, address)) = line.split_once("listening on ") {
            let address = address.trim().to_owned();
            // The pipe must be read on, or the program would wait for it.
            std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| show(&line)));
            return (program, address);
        }
        heard.push(line);
    }
    panic!("firebell does not listen: {}", heard.join("\n"));
}

/// Shows what a program logs, to those who ask for it.
fn show(line: &str) {
    if std::env::var_os("FIREBELL_SHOW_LOG").is_some() {
        let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    }
}

/// `firebell rehearse`: the program with a clock that the test moves, and faults that it chose.
pub struct Rehearsal {
    program: Program,
    stdin: ChildStdin,
    answers: mpsc::Receiver<String>,
    struck: Arc<AtomicBool>,
    /// Where it answers HTTP.
    pub address: String,
}

impl Rehearsal {
    /// Starts it; `None` when it died before it was ready.
    pub async fn start(
        config: &Path,
        discord: &Discord,
        at: &str,
        faults: &str,
        heartbeat: Option<&str>,
    ) -> Option<Self> {
        let mut command = firebell(config, discord, &["rehearse", "--at", at]);
        if let Some(url) = heartbeat {
            command.env("FIREBELL_HEARTBEAT_URL", url);
        }
        command.env("FAILPOINTS", faults).env("RUST_LOG", "warn,firebell=info");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let (said, answers) = mpsc::channel(64);
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if said.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        let struck = Arc::new(AtomicBool::new(false));
        let seen = struck.clone();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if line.contains("struck at a fault point") {
                    seen.store(true, Ordering::SeqCst);
                }
                show(&line);
            }
        });
        let mut rehearsal = Self { program: Program(child), stdin, answers, struck, address: String::new() };
        let ready = rehearsal.answer().await?;
        ready.strip_prefix("ready ")?.clone_into(&mut rehearsal.address);
        Some(rehearsal)
    }

    /// Gives a command; its answer, or `None` when the program is dead.
    pub async fn ask(&mut self, command: &str) -> Option<String> {
        writeln!(self.stdin, "{command}").ok()?;
        self.stdin.flush().ok()?;
        self.answer().await
    }

    async fn answer(&mut self) -> Option<String> {
        tokio::time::timeout(PATIENCE, self.answers.recv()).await.unwrap_or(None)
    }

    /// Whether the process is there.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.program.0.try_wait(), Ok(None))
    }

    /// Whether a fault point struck so far.
    pub fn was_struck(&self) -> Arc<AtomicBool> {
        self.struck.clone()
    }
}
