//! The program itself, `firebell serve`, against a server that speaks Discord's protocol and was not started by it.

use std::path::Path;
use std::process::Command;

use firebell::demo::world::HOOK_SECRET;
use standin::{ChannelKind, Discord, NewChannel, Options, Person};

use crate::support::alerts::{drift, webhook};
use crate::support::program::{Program, configure, firebell, listening};

/// How long something may take to show.
pub(super) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

const ANNOUNCEMENTS: u64 = 986_204_902_336_438_272;
const ANA: u64 = 318_204_517_762_990_080;

pub(super) async fn guild() -> Discord {
    let options = Options { guild: 986_204_518_397_231_104, rate_limits: true, ..Options::default() };
    let discord = Discord::start(options).await.unwrap();
    for (id, name, kind) in [
        (986_204_831_745_912_832, "Incidents", ChannelKind::Category),
        (ANNOUNCEMENTS, "incidents", ChannelKind::Text),
        (986_204_977_185_792_000, "firebell-operators", ChannelKind::Text),
        (986_205_043_124_428_800, "status", ChannelKind::Text),
    ] {
        discord.add_channel(NewChannel { id: Some(id), name, kind, parent: None });
    }
    discord.add_person(Person { id: Some(ANA), name: "Ana", roles: vec![] });
    discord.add_person(Person { id: Some(402_817_363_190_480_896), name: "Ben", roles: vec![] });
    discord
}

/// Waits until an incident of this title is announced.
pub(super) async fn opened(discord: &Discord, title: &str) {
    let shows =
        |discord: &Discord| discord.messages(ANNOUNCEMENTS).iter().any(|one| one.text().contains(title)).then_some(());
    discord.wait_until(PATIENCE, shows).await.unwrap_or_else(|| panic!("{title:?} is not announced"));
}

/// Starts `firebell serve`; where it listens.
fn serve(config: &Path, discord: &Discord) -> (Program, String) {
    listening(&mut firebell(config, discord, &["serve"]))
}

on_both_databases! {
    async fn the_program_serves_against_a_server_given_by_address_and_certificate(database: TestDatabase) {
        let discord = guild().await;
        let config = configure(database.folder.path(), &discord, &database.url);

        let check = firebell(&config, &discord, &["check"]).output().unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
        let doctor = firebell(&config, &discord, &["doctor"]).output().unwrap();
        let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(told.contains("✓ discord.announcements") && told.contains("✓ token"), "{told}");

        let (mut program, address) = serve(&config, &discord);
        let ready = async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            while !client.get(format!("{address}/readyz")).send().await.unwrap().text().await.unwrap().contains("\"connected") {
                tokio::task::yield_now().await;
            }
            let sent = client
                .post(format!("{address}/hooks/alertmanager"))
                .bearer_auth(HOOK_SECRET)
                .body(webhook("drift", &[drift("eu")]))
                .send()
                .await
                .unwrap();
            assert_eq!(sent.status(), 202);
        };
        tokio::time::timeout(PATIENCE, ready).await.unwrap();
        let shows = |discord: &Discord| {
            let announced = discord.messages(ANNOUNCEMENTS).iter().any(|message| message.text().contains("INC-1"));
            let room = discord.channels().into_iter().find(|channel| channel.name.starts_with("inc-1-"))?;
            let card = discord.pins(room.id).first()?.text();
            // By the real clock Ana and Ben take turns.
            let paged = [ANA, 402_817_363_190_480_896].iter().any(|person| !discord.direct_messages(*person).is_empty());
            (announced && paged && card.contains("INC-1")).then_some(())
        };
        discord.wait_until(PATIENCE, shows).await.expect("announcement, room, card and page");

        let sample = ["source", "sample", "alertmanager", "--send", "--to", &address];
        let drill = firebell(&config, &discord, &sample).output().unwrap();
        assert!(drill.status.success(), "{}", String::from_utf8_lossy(&drill.stderr));
        let shows = |discord: &Discord| {
            discord.messages(ANNOUNCEMENTS).iter().any(|message| message.text().contains("DRILL:")).then_some(())
        };
        discord.wait_until(PATIENCE, shows).await.expect("an announcement of the drill");

        // SIGHUP takes a changed file over; one with an error changes nothing.
        let text = std::fs::read_to_string(&config).unwrap();
        let hang_up = || assert!(Command::new("kill").args(["-HUP", &program.0.id().to_string()]).status().unwrap().success());
        let answers = async |source: &str, status: u16| {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let asked = async {
                while client.post(format!("{address}/hooks/{source}")).send().await.unwrap().status() != status {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("/hooks/{source} does not answer {status}"));
        };
        answers("second", 404).await;
        std::fs::write(&config, format!("{text}\n[sources.second]\nkind = \"alertmanager\"\nsecrets = [\"env:FIREBELL_ALERTMANAGER_SECRET\"]\n")).unwrap();
        hang_up();
        answers("second", 401).await;
        std::fs::write(&config, "nonsense").unwrap();
        hang_up();
        answers("alertmanager", 401).await;
        answers("second", 401).await;

        // SIGTERM ends it in good order.
        let pid = program.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let ended = tokio::task::spawn_blocking(move || program.0.wait().unwrap()).await.unwrap();
        assert_eq!(ended.code(), Some(0));
        assert_eq!(discord.violations(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_configuration_is_refused_with_every_problem_and_exit_code_2() {
    let discord = guild().await;
    let folder = tempfile::TempDir::new().unwrap();
    let config = configure(folder.path(), &discord, "sqlite:unused.db");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("colour = \"red\"\n{}", text.replacen("fraud-primary", "fraud-primry", 1)))
        .unwrap();
    for command in ["check", "serve", "doctor", "migrate"] {
        let output = firebell(&config, &discord, &[command]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("colour") && told.contains("fraud-prim"), "{command}: {told}");
    }
}

#[test]
fn explain_reads_a_payload_as_if_it_was_posted_and_says_what_triage_makes_of_it() {
    let folder = tempfile::TempDir::new().unwrap();
    let payload = folder.path().join("payload.json");
    std::fs::write(&payload, webhook("drift", &[drift("eu")])).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("firebell.example.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_firebell"))
        .args(["explain", "--source", "alertmanager", "--json", "--config"])
        .args([&example, &payload])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let alert = &answer["alerts"][0];
    let keys: std::collections::BTreeSet<&str> = alert.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = std::collections::BTreeSet::from([
        "source",
        "fingerprint",
        "status",
        "signal",
        "title",
        "description",
        "severity",
        "vendor_severity",
        "category",
        "service",
        "labels",
        "links",
        "started_at",
        "ended_at",
    ]);
    assert_eq!(keys, expected);
    assert_eq!((alert["status"].as_str(), &alert["ended_at"]), (Some("firing"), &serde_json::Value::Null));
    assert_eq!(answer["verdicts"][0]["team"], "fraud");
    assert_eq!(answer["verdicts"][0]["rule"], "a model's scores drift");

    std::fs::write(&payload, "{}").unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_firebell"))
        .args(["explain", "--source", "alertmanager"])
        .arg(&payload)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("version 4"));
}

#[test]
fn the_program_says_its_version_with_the_commit_and_completes_for_shells() {
    let run = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_firebell")).args(arguments).output().unwrap();
    let version = String::from_utf8(run(&["--version"]).stdout).unwrap();
    let shape = regex::Regex::new(r"^firebell \d+\.\d+\.\d+ \(([0-9a-f]{12}|unknown commit)\)\n$").unwrap();
    assert!(shape.is_match(&version), "{version}");
    for shell in ["bash", "zsh", "fish"] {
        let script = String::from_utf8(run(&["completions", shell]).stdout).unwrap();
        assert!(script.contains("explain") && script.contains("doctor"), "{shell}");
    }
    assert_eq!(run(&["no-such-command"]).status.code(), Some(2));
}

/// What stands in the page of the custom source, with this beginning.
fn block(start: &str) -> String {
    let page = firebell::intake::kinds::CUSTOM.manual;
    let block = page.split(start).nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    block.replace("{name}", "checks").replace("{secret}", "env:FIREBELL_CHECKS_SECRET")
}

#[test]
fn a_custom_source_is_tried_as_its_page_says() {
    let folder = tempfile::TempDir::new().unwrap();
    let example = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("firebell.example.toml")).unwrap();
    std::fs::write(folder.path().join("firebell.toml"), format!("{example}\n{}", block("```toml\n"))).unwrap();
    std::fs::write(folder.path().join("payload.json"), block("```json\n")).unwrap();
    let explain = |source: &str| {
        Command::new(env!("CARGO_BIN_EXE_firebell"))
            .current_dir(folder.path())
            .args(["explain", "--source", source, "--json", "--config", "firebell.toml", "payload.json"])
            .output()
            .unwrap()
    };
    for source in ["checks", "custom"] {
        let output = explain(source);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["alerts"][0]["title"], "PSI of fraud-score is 0.31");
        assert_eq!(answer["alerts"][0]["labels"]["model_version"], "14");
        assert_eq!(answer["verdicts"][0]["team"], "platform");
    }
    let unknown = explain("check");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("nor a source of this configuration"));
}

#[test]
fn how_a_source_is_set_up_is_printed_with_its_address() {
    let folder = tempfile::TempDir::new().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("firebell.example.toml");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_firebell"));
        command.current_dir(folder.path()).args(arguments).output().unwrap()
    };
    let page = run(&["source", "add", "pagerduty", "--name", "our-duty", "--config", example.to_str().unwrap()]);
    let page = String::from_utf8(page.stdout).unwrap();
    for text in ["/hooks/our-duty", "[sources.our-duty]", "env:FIREBELL_OUR_DUTY_SECRET"] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(!page.contains('{') || !page.contains("{address}"), "{page}");
    let unknown = run(&["source", "add", "pagerdutty"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean `pagerduty`?"));
    for kind in firebell::intake::kinds::ALL {
        let printed = run(&["source", "sample", kind.name]);
        assert_eq!(String::from_utf8(printed.stdout).unwrap(), kind.samples.fires.body);
    }
}
