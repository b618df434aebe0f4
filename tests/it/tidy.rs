//! The house: which room may use which. The table is DESIGN's and ARCHITECTURE's; this reads the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, the rooms that it may use besides itself, and crates that it never names.
const ROOMS: &[(&str, &[&str], &[&str])] = &[
    ("domain", &[], &["sqlx", "rusqlite", "serenity", "axum", "handlebars", "tracing", "tokio", "reqwest"]),
    ("intake", &["domain"], &["tokio", "sqlx", "rusqlite", "serenity", "axum", "reqwest"]),
    ("render", &["domain"], &["tokio", "sqlx", "rusqlite", "serenity", "axum", "reqwest"]),
    ("config", &["domain", "intake"], &["tokio", "sqlx", "rusqlite", "serenity", "axum", "reqwest"]),
    ("store", &["domain", "clock", "fault"], &["serenity", "axum", "handlebars"]),
    (
        "engine",
        &["domain", "store", "render", "clock", "fault"],
        &["serenity", "axum", "handlebars", "sqlx", "rusqlite"],
    ),
    ("discord", &["domain", "render", "fault"], &["axum", "handlebars", "sqlx", "rusqlite"]),
    (
        "discord/gateway",
        &["domain", "render", "engine", "clock", "discord", "fault"],
        &["axum", "handlebars", "sqlx", "rusqlite"],
    ),
    (
        "outbox",
        &["domain", "store", "engine", "render", "discord::chat", "clock", "fault"],
        &["serenity", "axum", "handlebars", "sqlx", "rusqlite"],
    ),
    (
        "auditor",
        &["domain", "store", "engine", "clock", "fault"],
        &["serenity", "axum", "handlebars", "sqlx", "rusqlite"],
    ),
    (
        "web",
        &["domain", "intake", "engine", "render", "clock", "store"],
        &["serenity", "handlebars", "sqlx", "rusqlite"],
    ),
];

#[test]
fn no_room_uses_what_it_must_not() {
    let mut faults = Vec::new();
    for (room, may_use, never) in ROOMS {
        for file in sources(&root().join("src").join(room)) {
            let is_inner = ROOMS.iter().any(|(other, ..)| {
                other.len() > room.len() && other.starts_with(room) && file.starts_with(root().join("src").join(other))
            });
            if is_inner {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            for (number, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                for used in uses(line) {
                    let own = room.split('/').next().unwrap();
                    let allowed = used.split("::").next() == Some(own) || may_use.iter().any(|may| allows(may, &used));
                    if !allowed {
                        faults.push(format!("{}:{}: {room} uses {used}", shown(&file), number + 1));
                    }
                }
                for name in *never {
                    if line.contains(&format!("{name}::")) && !line.contains(&format!("crate::{name}::")) {
                        faults.push(format!("{}:{}: {room} names {name}", shown(&file), number + 1));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What `crate::` paths of a line name, to the second segment.
fn uses(line: &str) -> Vec<String> {
    line.match_indices("crate::")
        .map(|(at, _)| {
            let path = &line[at + "crate::".len()..];
            let end =
                path.find(|char: char| !(char.is_alphanumeric() || char == '_' || char == ':')).unwrap_or(path.len());
            let mut segments = path[..end].split("::").filter(|segment| !segment.is_empty());
            let first = segments.next().unwrap_or_default();
            match segments.next() {
                Some(second) => format!("{first}::{second}"),
                None => first.to_owned(),
            }
        })
        .collect()
}

/// `discord::chat` stands for the chat and the errors that it gives, re-exported as `Chat`, `ChatError` and `Trouble`.
fn allows(may: &str, used: &str) -> bool {
    if may == "discord::chat" {
        let by_list = used == "discord" || used == "discord::";
        return by_list || ["discord::Chat", "discord::ChatError", "discord::Trouble"].contains(&used);
    }
    used.split("::").next() == Some(may)
}

#[test]
fn sql_stands_only_in_the_store_and_templates_only_in_render() {
    let mut faults = Vec::new();
    for file in sources(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let path = shown(&file);
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            let sql = ["SELECT ", "INSERT INTO ", "UPDATE job", "DELETE FROM "].iter().any(|word| line.contains(word));
            if sql && !path.starts_with("src/store/") {
                faults.push(format!("{path}:{}: SQL outside the store", number + 1));
            }
            if line.contains("handlebars::") && !path.starts_with("src/render/") {
                faults.push(format!("{path}:{}: handlebars outside render", number + 1));
            }
            if line.contains("Utc::now(") && path != "src/clock.rs" {
                faults.push(format!("{path}:{}: a clock of its own", number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_says_what_it_owns() {
    let silent: Vec<String> = sources(&root().join("src"))
        .into_iter()
        .chain(sources(&root().join("standin/src")))
        .chain(sources(&root().join("tests")))
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"))
        .map(|file| shown(&file))
        .collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn the_stand_in_knows_nothing_of_us() {
    let mut faults = Vec::new();
    let page = fs::read_dir(root().join("standin/page")).unwrap().map(|entry| entry.unwrap().path());
    for file in sources(&root().join("standin/src")).into_iter().chain(page) {
        if fs::read_to_string(&file).unwrap().to_lowercase().contains("firebell") {
            faults.push(shown(&file));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_manifest_of_rooms_is_the_one_in_the_architecture() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (room, ..) in ROOMS {
        let room = room.replace("/gateway", "::gateway");
        assert!(text.contains(&format!("`{room}`")), "ARCHITECTURE.md does not name {room}");
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap().display().to_string()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
