//! What whoever runs Firebell does by the command line while it serves: looks at what was refused, takes it in, replays.

use std::path::{Path, PathBuf};
use std::process::Output;

use firebell::demo::world::HOOK_SECRET;
use serde_json::{Value, json};
use standin::Discord;

use super::assert_has;
use super::outside::{PATIENCE, guild, opened};
use crate::support::TestDatabase;
use crate::support::program::{Program, configure, firebell, listening};

/// A source of one's own whose mapping expects a field that its sender calls otherwise.
const MONITOR: &str = r#"
[sources.monitor]
kind = "custom"
secrets = ["env:FIREBELL_ALERTMANAGER_SECRET"]
map = { fingerprint = "body.check", title = "body.message" }
"#;

/// A running Firebell, and the command line beside it.
struct Running {
    discord: Discord,
    config: PathBuf,
    address: String,
    _program: Program,
    _database: TestDatabase,
}

impl Running {
    async fn start(database: TestDatabase) -> Self {
        let discord = guild().await;
        let config = configure(database.folder.path(), &discord, &database.url);
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("{text}\n{MONITOR}")).unwrap();
        let (program, address) = listening(&mut firebell(&config, &discord, &["serve"]));
        Self { discord, config, address, _program: program, _database: database }
    }

    async fn post(&self, body: &Value) -> (u16, Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("{}/hooks/monitor", self.address)).bearer_auth(HOOK_SECRET);
        let response = request.body(body.to_string()).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn run(&self, config: &Path, arguments: &[&str]) -> Output {
        let mut command = firebell(config, &self.discord, arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// What a command says when all goes well.
    async fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(&self.config, arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The configuration with something replaced, in a file of its own.
    fn changed(&self, from: &str, to: &str) -> PathBuf {
        let text = std::fs::read_to_string(&self.config).unwrap();
        assert!(text.contains(from), "{text}");
        let file = self.config.with_file_name("changed.toml");
        std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
        file
    }
}

on_both_databases! {
    async fn a_payload_on_which_a_mapping_fails_is_kept_shown_and_taken_in_when_the_mapping_is_mended(database: TestDatabase) {
        let running = Running::start(database).await;
        let payload = json!({ "check": "psi", "text": "PSI of fraud-score is 0.31" });
        let (status, problem) = running.post(&payload).await;
        assert_eq!(status, 422);
        let reference = problem["reference"].as_str().unwrap();
        assert_has(problem["error"].as_str().unwrap(), &["message"]);
        assert_eq!(running.post(&payload).await.1["reference"], json!(reference), "the same again is the same");

        let told = running.discord.wait_until(PATIENCE, |discord| {
            discord.messages(986_204_977_185_792_000).into_iter().find(|message| message.text().contains(reference))
        });
        assert_has(&told.await.expect("the operators are told").text(), &["monitor", "422", "firebell refused"]);
        let listed = running.says(&["refused"]).await;
        assert_has(&listed, &[reference, "monitor", "2 times", "message"]);
        assert_eq!(running.says(&["refused", reference]).await, payload.to_string());
        let listed: Value = serde_json::from_str(&running.says(&["refused", "--json", "--source", "monitor"]).await).unwrap();
        assert_eq!((&listed[0]["reference"], &listed[0]["times"]), (&json!(reference), &json!(2)));
        let doctor = running.run(&running.config, &["doctor"]).await;
        assert_has(&String::from_utf8_lossy(&doctor.stdout), &["1 could not be read and are kept"]);

        let still = running.run(&running.config, &["refused", "--retry"]).await;
        assert_eq!(still.status.code(), Some(1));
        assert_has(&String::from_utf8_lossy(&still.stdout), &[reference, "still refused", "message"]);

        let mended = running.changed("body.message", "body.text");
        let retried = running.run(&mended, &["refused", "--retry"]).await;
        let said = String::from_utf8_lossy(&retried.stdout).into_owned();
        assert!(retried.status.success(), "{said}{}", String::from_utf8_lossy(&retried.stderr));
        assert_has(&said, &[reference, "taken in, 1 alerts"]);
        opened(&running.discord, "PSI of fraud-score is 0.31").await;
        assert_has(&running.says(&["refused"]).await, &["nothing that was refused is kept"]);
        let gone = running.run(&mended, &["refused", "--retry", reference]).await;
        assert_eq!(gone.status.code(), Some(1), "nothing is taken in twice");
        assert_has(&String::from_utf8_lossy(&gone.stdout), &["nothing is kept as"]);
    }

    async fn a_replay_says_what_other_rules_would_have_made_of_what_came_and_changes_nothing(database: TestDatabase) {
        let running = Running::start(database).await;
        for check in ["psi", "psi", "null-share"] {
            let (status, answer) = running.post(&json!({ "check": check, "message": format!("{check} is off") })).await;
            assert_eq!(status, 202, "{answer}");
        }
        opened(&running.discord, "psi is off").await;
        opened(&running.discord, "null-share is off").await;

        let replayed = running.says(&["replay", "--since", "1h", "--json", "--incidents"]).await;
        let replayed: Value = serde_json::from_str(&replayed).unwrap();
        let line = &replayed["rules"][0];
        assert_eq!(line["source"], "monitor", "{replayed}");
        let counts = ["alerts", "opened", "paged", "repeated", "ignored"].map(|count| line[count].as_u64().unwrap());
        assert_eq!(counts, [3, 2, 2, 1, 0], "{replayed}");
        assert_eq!(replayed["happened"]["monitor"], json!({ "opened": 2, "paged": 2 }));
        let titles: Vec<_> = replayed["incidents"].as_array().unwrap().iter().map(|one| &one["title"]).collect();
        assert_eq!(titles, ["psi is off", "null-share is off"]);

        // With a rule that is not in force: half of it would have been quiet.
        let rule = "[[triage]]\nname = \"null shares are known\"\nwhen = 'title.contains(\"null-share\")'\nignore = true\n\n[[triage]]";
        let changed = running.changed("[[triage]]", rule);
        let table = running.run(&changed, &["replay"]).await;
        let table = String::from_utf8(table.stdout).unwrap();
        assert_has(&table, &["“null shares are known”", "−1"]);
        let happened = table.lines().rfind(|line| line.starts_with("monitor")).unwrap();
        assert_eq!(happened.split_whitespace().collect::<Vec<_>>(), ["monitor", "1", "2", "−1", "1", "2", "−1"]);
        assert_has(&running.says(&["replay", "--source", "nobody"]).await, &["nothing came in that time"]);

        let again: Value = serde_json::from_str(&running.says(&["replay", "--json"]).await).unwrap();
        assert_eq!(again["happened"]["monitor"], json!({ "opened": 2, "paged": 2 }), "a replay opens nothing");
    }
}
