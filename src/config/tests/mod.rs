//! What is found in good, costly and broken files. The good one is the example in the repository; each case breaks it
//! in one place.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{TimeZone, Utc};

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Severity, Signal};
use crate::domain::id::{PersonId, RotaName};

use super::*;

const EXAMPLE: &str = include_str!("../../../firebell.example.toml");

/// A day on which all rotas of the example have begun.
fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 2, 4, 12, 0, 0).single().expect("a moment")
}

fn secrets() -> BTreeMap<String, String> {
    ["FIREBELL_API_TOKEN", "FIREBELL_DISCORD_TOKEN", "FIREBELL_ALERTMANAGER_SECRET"]
        .map(|name| (name.to_owned(), format!("value of {name}")))
        .into_iter()
        .chain([("FIREBELL_HEARTBEAT_URL".to_owned(), "https://switch.example.org/ping".to_owned())])
        .collect()
}

fn parsed(text: &str) -> Result<(Config, Vec<Finding>), Vec<Finding>> {
    parse(text, Path::new("conf"), &secrets(), now())
}

fn findings(text: &str) -> Vec<Finding> {
    match parsed(text) {
        Ok((_, findings)) | Err(findings) => findings,
    }
}

/// The example with `from`, which must be in it, replaced.
fn example_with(from: &str, to: &str) -> String {
    assert!(EXAMPLE.contains(from), "the example does not hold {from:?}");
    EXAMPLE.replacen(from, to, 1)
}

fn assert_finds(text: &str, level: Level, key: &str, consequence: &str) {
    let findings = findings(text);
    assert!(
        findings.iter().any(|finding| {
            finding.level == level && finding.key == key && finding.consequence.contains(consequence)
        }),
        "no {level} at {key} that costs {consequence:?} in:\n{}",
        printed(&findings)
    );
}

fn printed(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn the_example_is_accepted_without_a_finding() {
    let (config, findings) = parsed(EXAMPLE).expect("the example is good");
    assert_eq!(printed(&findings), "");
    assert_eq!(config.organisation.people.len(), 10);
    assert_eq!(config.discord.token.as_ref().map(Secret::expose), Some("value of FIREBELL_DISCORD_TOKEN"));
    let shift = config.organisation.on_call(&RotaName::from("fraud-primary"), now()).expect("somebody is on call");
    assert_eq!(shift.person, PersonId::from("ana"));
    for person in config.organisation.people.values() {
        assert_eq!(person.discord.to_string().len(), 18, "{}", person.name);
    }
}

#[test]
fn the_examples_rules_judge_what_they_are_meant_for() {
    let (config, _) = parsed(EXAMPLE).expect("the example is good");
    for (labels, rule, severity, team, opens) in [
        (&[("alertname", "Watchdog")][..], "the heartbeat of the monitoring itself", Severity::Sev1, "platform", false),
        (
            &[("alertname", "ScoreDrift"), ("model", "fraud-score")],
            "a model's scores drift",
            Severity::Sev2,
            "fraud",
            true,
        ),
        (
            &[("alertname", "Late"), ("table", "card_features")],
            "a feature table is late",
            Severity::Sev3,
            "fraud",
            true,
        ),
        (&[("alertname", "GPUMemoryFull")], "machines or GPUs are down", Severity::Sev1, "platform", true),
        (&[("alertname", "ModelServingLatencyHigh")], "an endpoint is slow", Severity::Sev1, "platform", true),
        (&[("model", "fraud-score")], "everything else", Severity::Sev1, "platform", true),
        (&[], "everything else", Severity::Sev1, "platform", true),
    ] {
        let verdict = config.triage.judge(&critical(labels), &config.organisation);
        assert_eq!(verdict.rule.as_deref(), Some(rule), "{labels:?}");
        assert_eq!((verdict.severity, verdict.team.as_str(), verdict.opens), (severity, team, opens), "{labels:?}");
    }
}

/// An alert that its sender calls critical.
fn critical(labels: &[(&str, &str)]) -> Alert {
    Alert {
        source: SourceName::from("alertmanager"),
        fingerprint: "51d7a0bc3565af1e".to_owned(),
        status: AlertStatus::Firing,
        signal: Signal::Normal,
        title: "an alert".to_owned(),
        description: None,
        severity: Some(AlertSeverity::Critical),
        vendor_severity: Some("critical".to_owned()),
        category: None,
        service: None,
        labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        links: Vec::new(),
        started_at: None,
        ended_at: None,
        group: None,
        said_at: None,
    }
}

#[test]
fn the_example_without_its_secrets_is_accepted_with_what_that_costs() {
    let (config, findings) =
        parse(EXAMPLE, Path::new(""), &BTreeMap::new(), now()).expect("a missing secret refuses no file");
    insta::assert_snapshot!(printed(&findings));
    assert_eq!(config.discord.token, None);
    assert!(config.sources.values().all(|source| source.secrets.is_empty()));
}

#[test]
fn a_very_broken_file_is_told_everything_at_once() {
    insta::assert_snapshot!(printed(&findings(include_str!("broken.toml"))));
}

#[test]
fn an_empty_file_is_refused_with_what_is_needed() {
    let keys: Vec<String> = parsed("")
        .expect_err("nothing is configured")
        .into_iter()
        .filter(|finding| finding.level == Level::Error)
        .map(|finding| finding.key)
        .collect();
    assert_eq!(
        keys,
        ["discord.guild", "discord.incidents_category", "discord.announcements", "discord.operators", "default_team"]
    );
}

#[test]
fn a_mistake_refuses_the_file_with_its_key_and_consequence() {
    for (from, to, key, consequence) in [
        // Shapes.
        ("listen = \"127.0.0.1:8080\"", "listen = \"here\"", "server.listen", "no alert would arrive"),
        ("# body_limit_mib = 4", "body_limit_mib = 0", "server.body_limit_mib", "413"),
        ("# request_timeout = \"30s\"", "request_timeout = \"0s\"", "server.request_timeout", "fail"),
        ("# trusted_proxies = [\"10.0.0.0/8\"]", "trusted_proxies = [\"x\"]", "server.trusted_proxies[0]", "proxy"),
        ("https://firebell.example.org", "ftp://example.org", "server.public_url", "nowhere"),
        ("sqlite:firebell.db", "mysql://db", "database.url", "would not start"),
        ("guild = \"986204518397231104\"", "", "discord.guild", "which guild"),
        ("guild = \"986204518397231104\"", "guild = -1", "discord.guild", "which guild"),
        ("name = \"Ana\"", "name = 7", "people.ana.name", "something else"),
        ("inbox = \"7d\"", "inbox = \"7 days\"", "retention.inbox", "kept as long"),
        ("last_resort_every = \"10m\"", "last_resort_every = \"1s\"", "paging.last_resort_every", "flooded"),
        // Keys that nobody knows.
        ("listen =", "lisen =", "server.lisen", "would not happen"),
        ("[retention]", "[retenton]", "retenton", "would not happen"),
        ("phone = \"+49 30 5550 0101\"", "fone = \"1\"", "people.ana.fone", "would not happen"),
        ("duty = \"liaison\"", "duty = \"liaison\"\ntwo = 2", "gates.liaison.two", "would not happen"),
        // Secrets and strangers.
        ("\"env:FIREBELL_DISCORD_TOKEN\"", "\"hunter2hunter2\"", "discord.token", "has the secret"),
        (
            "guild = \"986204518397231104\"",
            "guild = 1\nstand_in = { address = \"192.0.2.1:443\", ca = \"ca.pem\" }",
            "discord.stand_in.address",
            "token",
        ),
        ("kind = \"alertmanager\"", "kind = \"nagios\"", "sources.alertmanager.kind", "could not be read"),
        ("kind = \"alertmanager\"", "kind = \"heartbeat\"", "sources.alertmanager.every", "fell silent"),
        (
            "kind = \"alertmanager\"",
            "kind = \"heartbeat\"\nevery = \"30s\"",
            "sources.alertmanager.every",
            "fell silent",
        ),
        (
            "kind = \"alertmanager\"",
            "kind = \"alertmanager\"\nevery = \"1h\"",
            "sources.alertmanager.every",
            "would not happen",
        ),
        // Names that nothing has.
        ("default_team = \"platform\"", "default_team = \"plat\"", "default_team", "nobody to answer"),
        ("default_team = \"platform\"", "", "default_team", "nobody to answer"),
        ("rota = \"fraud-primary\"", "rota = \"fraud\"", "teams.fraud.rota", "nobody would be called"),
        ("policy = \"fraud\"", "policy = \"frod\"", "teams.fraud.policy", "nobody would be called"),
        ("[\"ana\", \"ben\"]", "[\"ana\", \"bne\"]", "rotas.fraud-primary.people[1]", "call nobody"),
        ("\"person:dana\"], wait", "\"person:x\"], wait", "policies.fraud.steps[2].call[2]", "one target less"),
        ("team = \"fraud\"", "team = \"frau\"", "triage[1].team", "default team"),
        ("gates = [\"liaison\"]", "gates = [\"pr\"]", "audiences.internal.gates[0]", "would not be made"),
        // People.
        ("discord = \"318204517762990080\"", "", "people.ana.discord", "could not reach Ana"),
        ("402817363190480896", "318204517762990080", "people.ben.discord", "the other's"),
        ("duties = [\"pr\"]", "duties = [\"PR\", \"boss\"]", "people.petra.duties[1]", "lack"),
        // Rotas.
        ("Europe/Berlin", "Europe/Berln", "rotas.fraud-primary.zone", "nobody would be called"),
        ("Mon 09:00", "09:00", "rotas.fraud-primary.handoff", "nobody would be called"),
        ("Mon 09:00", "Mon 25:00", "rotas.fraud-primary.handoff", "nobody would be called"),
        ("handoff = \"09:00\"", "handoff = \"Mon 09:00\"", "rotas.fraud-secondary.handoff", "nobody would be called"),
        ("starts = \"2026-01-05\"", "starts = \"2026-02-30\"", "rotas.fraud-primary.starts", "nobody would be called"),
        (
            "starts = \"2026-01-05\"",
            "starts = \"+262142-12-31\"",
            "rotas.fraud-primary.starts",
            "nobody would be called",
        ),
        ("people = [\"ana\", \"ben\"]", "people = []", "rotas.fraud-primary.people", "nobody would be called"),
        // Policies.
        ("repeat = 1", "repeat = 1000", "policies.fraud.repeat", "hours away"),
        ("call = [\"rota:fraud-primary\"], ", "", "policies.fraud.steps[0].call", "silence"),
        ("\"rota:fraud-primary\"]", "\"fraud-primary\"]", "policies.fraud.steps[0].call[0]", "one target less"),
        // Triage.
        ("labels.alertname ==", "alertname ==", "triage[0].when", "never match"),
        ("name = \"everything else\"", "", "triage[5].name", "why"),
        // Audiences.
        (
            "external = true                                  # needs a key from somebody who did not write the text\n\
             gates = [\"liaison\"]",
            "external = true\ngates = []",
            "audiences.external.gates",
            "unapproved",
        ),
        ("gates = [\"liaison\"]\nsinks = [\"room\"", "sinks = [\"room\"", "audiences.internal.gates", "approve"),
        ("sinks = [\"room\", \"announcements\"]", "sinks = []", "audiences.internal.sinks", "stand nowhere"),
        ("\"channel:986205043124428800\"", "\"room\"", "audiences.external.sinks", "room"),
        ("\"channel:986205043124428800\"", "\"channel:x\"", "audiences.external.sinks[0]", "would not stand"),
        ("\"channel:986205043124428800\"", "\"announcements\"", "audiences.external.sinks", "for the house"),
        ("duty = \"liaison\"", "duty = \"lawyer\"", "gates.liaison.duty", "give this gate's key"),
    ] {
        let text = example_with(from, to);
        assert!(parsed(&text).is_err(), "{key} was let through");
        assert_finds(&text, Level::Error, key, consequence);
    }
}

#[test]
fn what_costs_something_is_a_warning_with_its_consequence() {
    for (from, to, key, consequence) in [
        ("public_url =", "# public_url =", "server.public_url", "cannot be printed"),
        ("api_tokens =", "# api_tokens =", "server.api_tokens", "401"),
        ("\"env:FIREBELL_API_TOKEN\"", "\"env:NOT_SET\"", "server.api_tokens[0]", "401"),
        ("# trusted_proxies = [\"10.0.0.0/8\"]", "trusted_proxies = [\"::/0\"]", "server.trusted_proxies[0]", "escape"),
        ("sqlite:firebell.db", "postgres://firebell:word@db/firebell", "database.url", "read and change"),
        ("sqlite:firebell.db", "env:NOT_SET", "database.url", "would not start"),
        ("\"env:FIREBELL_DISCORD_TOKEN\"", "\"env:NOT_SET\"", "discord.token", "cannot connect"),
        ("\"env:FIREBELL_DISCORD_TOKEN\"", "\"file:token\"", "discord.token", "cannot connect"),
        ("\"986204518397231104\"", "986204", "discord.guild", "which guild"),
        (
            "\"env:FIREBELL_ALERTMANAGER_SECRET\"",
            "\"env:NOT_SET\"",
            "sources.alertmanager.secrets[0]",
            "alerts from `alertmanager` would be refused with 401",
        ),
        ("\"env:FIREBELL_ALERTMANAGER_SECRET\"", "", "sources.alertmanager.secrets", "401"),
        ("duties = [\"manager\"]", "", "people.max", "neither be called nor"),
        ("phone = \"+49 30 5550 0101\"\nduties = [\"responder\"]", "", "people.ana.duties", "could not acknowledge"),
        ("[\"ana\", \"ben\"]", "[\"ben\"]", "rotas.fraud-primary.people", "Ben would be called every night"),
        (
            "starts = \"2026-01-05\"",
            "starts = 2026-02-10",
            "rotas.fraud-primary.starts",
            "until Mon 2026-02-16 09:00 Europe/Berlin nobody would be called; a SEV1 of Fraud",
        ),
        ("policy = \"platform\"", "policy = \"fraud\"", "teams.platform.policy", "not be paged for its incidents"),
        ("policy = \"platform\"", "policy = \"fraud\"", "policies.platform", "never taken"),
        ("wait = \"5m\"", "wait = \"10s\"", "policies.fraud.steps[0].wait", "before the first could answer"),
        ("when = 'has(labels.dataset) || has(labels.table)'", "", "triage[3]", "would not happen"),
        ("a feature table is late", "everything else", "triage[5].name", "which rule"),
        ("pages = true", "pages = false", "severities.SEV1.pages", "until morning"),
        ("[audiences.internal]", "[audiences.other]\nexternal = true", "audiences", "no internal update"),
        ("external = true ", "external = false", "audiences", "no external update"),
        (
            "discord = \"613082745190039552\"\nduties = [\"liaison\"]",
            "discord = \"613082745190039552\"\nduties = [\"manager\"]",
            "audiences.external.gates",
            "what Liam writes",
        ),
        ("# [gates.pr]\n# duty", "[gates.pr]\nduty", "gates.pr", "never asked for"),
        ("inbox = \"7d\"", "inbox = \"5m\"", "retention.inbox", "look it up"),
    ] {
        assert_finds(&example_with(from, to), Level::Warning, key, consequence);
    }
}

/// The example with an override of Ana's and Ben's rota.
fn with_override(person: &str, from: &str, until: &str) -> String {
    format!(
        "{EXAMPLE}\n[[rotas.fraud-primary.overrides]]\nperson = \"{person}\"\nfrom = \"{from}\"\nuntil = \"{until}\"\n"
    )
}

#[test]
fn an_override_is_read_by_the_rotas_clock_or_its_own_offset() {
    for (from, until) in
        [("2026-03-01 09:00", "2026-03-02T09:00:00"), ("2026-03-01T08:00:00Z", "2026-03-02T10:00:00+02:00")]
    {
        let (config, findings) = parsed(&with_override("chloe", from, until)).expect("the override is good");
        assert_eq!(printed(&findings), "");
        let overrides = &config.organisation.rotas[&RotaName::from("fraud-primary")].overrides;
        assert_eq!(overrides[0].from, Utc.with_ymd_and_hms(2026, 3, 1, 8, 0, 0).single().expect("a moment"));
        assert_eq!(overrides[0].until, Utc.with_ymd_and_hms(2026, 3, 2, 8, 0, 0).single().expect("a moment"));
    }
}

#[test]
fn an_override_that_does_not_do_what_is_meant_is_found() {
    let key = "rotas.fraud-primary.overrides[0]";
    for (person, from, until, level, field, consequence) in [
        ("chloe", "2026-03-02 09:00", "2026-03-01 09:00", Level::Error, ".until", "never stand in"),
        ("chloe", "2026-03-29 02:30", "2026-03-30 09:00", Level::Error, ".from", "nobody would stand in"),
        ("chloe", "tomorrow", "2026-03-30 09:00", Level::Error, ".from", "nobody would stand in"),
        ("zed", "2026-03-01 09:00", "2026-03-02 09:00", Level::Error, ".person", "nobody would stand in"),
        ("chloe", "2026-01-10 09:00", "2026-01-11 09:00", Level::Warning, "", "changes nothing"),
    ] {
        assert_finds(&with_override(person, from, until), level, &format!("{key}{field}"), consequence);
    }
    let two = format!(
        "{}\n[[rotas.fraud-primary.overrides]]\nperson = \"dana\"\nfrom = \"2026-03-01 12:00\"\nuntil = \"2026-03-04 09:00\"\n",
        with_override("chloe", "2026-03-01 09:00", "2026-03-02 09:00")
    );
    assert_finds(&two, Level::Warning, key, "Dana is called, not Chloe");
}

#[test]
fn an_override_bridges_the_time_to_the_first_turn_as_far_as_it_reaches() {
    let late = |until| with_override("chloe", "2026-02-01 09:00", until).replacen("2026-01-05", "2026-02-16", 1);
    let silence = "from Sun 2026-02-15 09:00 until Mon 2026-02-16 09:00 Europe/Berlin nobody would be called";
    assert_finds(&late("2026-02-15 09:00"), Level::Warning, "rotas.fraud-primary.starts", silence);
    assert_eq!(printed(&findings(&late("2026-02-16 09:00"))), "");
}

#[test]
fn a_gate_whose_duty_nobody_has_is_refused_unless_a_role_gives_it() {
    let nobody = EXAMPLE.replace("duties = [\"liaison\"]", "duties = [\"manager\"]");
    assert_finds(&nobody, Level::Error, "gates.liaison.duty", "none would be published");
    let by_role = nobody.replace("# [discord.roles]\n# responder", "[discord.roles]\nliaison");
    let (config, findings) = parsed(&by_role).expect("a role may hold the key");
    assert_eq!(printed(&findings), "");
    assert_eq!(config.organisation.discord_roles.len(), 1);
}

#[test]
fn a_shared_or_short_secret_is_a_warning() {
    let second = "\n[sources.second]\nkind = \"alertmanager\"\nsecrets = [\"env:FIREBELL_ALERTMANAGER_SECRET\"]\n";
    assert_finds(&format!("{EXAMPLE}{second}"), Level::Warning, "sources.second.secrets", "send as the other");
    for (secret, consequence) in [("short", "could guess it"), ("", "401")] {
        let mut secrets = secrets();
        secrets.insert("FIREBELL_ALERTMANAGER_SECRET".to_owned(), secret.to_owned());
        let (_, findings) = parse(EXAMPLE, Path::new(""), &secrets, now()).expect("a weak secret refuses no file");
        assert_eq!(findings.len(), 1, "{}", printed(&findings));
        assert!(findings[0].consequence.contains(consequence), "{}", findings[0]);
    }
}

#[test]
fn a_secret_in_clear_is_never_repeated() {
    let text = example_with("\"env:FIREBELL_DISCORD_TOKEN\"", "\"hunter2hunter2\"");
    let text = text.replace("\"sqlite:firebell.db\"", "\"mysql://root:hunter2@db\"");
    assert!(!printed(&findings(&text)).contains("hunter2"));
}

#[test]
fn a_rota_and_a_policy_that_nothing_names_are_found() {
    let spare = "\n[rotas.spare]\nzone = \"UTC\"\nevery = \"day\"\nhandoff = \"09:00\"\nstarts = \"2026-01-05\"\n\
                 people = [\"ana\", \"ben\"]\n";
    assert_finds(&format!("{EXAMPLE}{spare}"), Level::Warning, "rotas.spare", "never called");
}

#[test]
fn the_only_team_is_the_default_one() {
    let text = example_with("default_team = \"platform\"\n", "");
    let (before, rest) = text.split_once("[teams.fraud]").expect("a team");
    let (_, rest) = rest.split_once("[teams.platform]").expect("another");
    let rest = rest.replace("team = \"fraud\"", "team = \"platform\"");
    let (config, _) = parsed(&format!("{before}[teams.platform]{rest}")).expect("one team needs no default");
    assert_eq!(config.organisation.default_team, TeamName::from("platform"));
}

#[test]
fn a_stand_in_on_this_machine_is_taken() {
    let text = example_with("guild =", "stand_in = { address = \"127.0.0.1:9443\", ca = \"standin.pem\" }\nguild =");
    let (config, _) = parsed(&text).expect("a loopback address is good");
    let stand_in = config.discord.stand_in.expect("a stand-in");
    assert_eq!(stand_in.address.to_string(), "127.0.0.1:9443");
    assert_eq!(stand_in.ca, Path::new("conf/standin.pem"));
}

#[test]
fn a_text_that_is_not_toml_is_named_by_its_place() {
    let findings = parsed("[server]\nlisten = 127.0.0.1:8080\n").expect_err("not TOML");
    assert!(findings[0].key.starts_with("line 2, column "), "{}", findings[0].key);
}

#[test]
fn a_file_that_is_not_there_is_an_error_with_a_cure() {
    let findings = load(Path::new("no/such.toml"), &secrets(), now()).expect_err("there is no file");
    assert!(findings[0].cure.contains("--config"));
}

/// No word of a broken file may bring the reading down.
#[test]
fn every_cut_of_the_example_is_read_to_an_answer() {
    for (end, _) in EXAMPLE.char_indices().filter(|(at, _)| at % 37 == 0) {
        let _ = parsed(&EXAMPLE[..end]);
    }
    for line in EXAMPLE.lines().filter(|line| line.contains('=')) {
        let key = line.split('=').next().expect("a key");
        for value in ["7", "[]", "{}", "\"\"", "[[]]", "1979-05-27", "\"é\""] {
            let _ = parsed(&EXAMPLE.replacen(line, &format!("{key}= {value}"), 1));
        }
    }
}
