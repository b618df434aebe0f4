//! Every kind of source through the whole bot: its sample opens an incident, and its end offers to resolve it.

use std::fmt::Write as _;

use firebell::demo::world::HOOK_SECRET;
use firebell::domain::alert::{Alert, AlertSeverity, AlertStatus};
use firebell::domain::id::SourceName;
use firebell::intake::auth::Scheme;
use firebell::intake::delivery::{Delivery, Fields};
use firebell::intake::kind::{Kind, Sample};
use firebell::intake::kinds;
use firebell::store::inbox::Written;

use crate::sources::{page_configuration, tells_when};
use crate::support::Bot;

/// The configuration of each kind, as its page gives it. What only Amazon can sign shows its secret instead.
fn configured(text: String) -> String {
    let mut text = text;
    for kind in kinds::ALL {
        let block = page_configuration(kind, &name_of(kind), "env:FIREBELL_ALERTMANAGER_SECRET");
        let block = match kind.proof() {
            Scheme::Sns => {
                block.replacen("]\n", "]\nauth = \"secret\"\nsecrets = [\"env:FIREBELL_ALERTMANAGER_SECRET\"]\n", 1)
            }
            _ => block,
        };
        write!(text, "\n{block}").unwrap();
    }
    text
}

fn name_of(kind: &Kind) -> String {
    format!("their-{}", kind.name)
}

/// Posts a sample as its sender would, and waits until all that follows is done.
async fn deliver(bot: &Bot, kind: &Kind, sample: &Sample) {
    let (status, answer) = post(bot, kind, sample).await;
    assert_eq!(status, kind.accepted, "{}: {answer}", kind.name);
    bot.rest().await;
}

/// Posts a payload as a kind's sender would; the status and the answer.
async fn post(bot: &Bot, kind: &Kind, sample: &Sample) -> (u16, String) {
    let name = name_of(kind);
    let address = format!("http://{}/hooks/{name}", bot.world.app().address().unwrap());
    let scheme = match kind.proof() {
        Scheme::Sns => &Scheme::Secret,
        scheme => scheme,
    };
    let public = format!("https://firebell.example.com/hooks/{name}");
    let headers: Fields = sample.headers.iter().copied().collect();
    let source = SourceName::from(name.as_str());
    let now = bot.world.clock().now();
    let delivery =
        Delivery { headers: &headers, address: &public, now, ..Delivery::bare(&source, sample.body.as_bytes()) };
    let proof = scheme.prove(&delivery, HOOK_SECRET, now).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.post(address).body(sample.body).header("host", "firebell.example.com");
    for (name, value) in sample
        .headers
        .iter()
        .map(|(name, value)| (*name, *value))
        .chain(proof.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    {
        request = request.header(name, value);
    }
    if let Some(token) = proof.token {
        request = request.query(&[("token", token)]);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The kinds whose senders never say that a trouble is over, and why. A person resolves those.
const NEVER_OVER: [(&str, &str); 3] = [
    ("splunk", "the action runs when a search finds something, and not when it finds nothing any more"),
    ("mlflow", "a budget that is exceeded stays so; the next window is another trouble"),
    ("mlrun", "it tells of each event, and of no end"),
];

/// The same payload with other words.
fn changed(sample: &Sample, words: &[(&str, &str)]) -> Sample {
    let body = words.iter().fold(sample.body.to_owned(), |body, (from, to)| {
        assert!(body.contains(from), "{from} is not in {body}");
        body.replace(from, to)
    });
    Sample { body: body.leak(), ..*sample }
}

on_both_databases! {
    async fn what_a_source_says_opens_an_incident_and_its_end_offers_to_resolve_it(database: TestDatabase) {
        let never_over: Vec<&str> =
            kinds::ALL.iter().filter(|kind| kind.samples.resolves.is_none()).map(|kind| kind.name).collect();
        assert_eq!(never_over, NEVER_OVER.map(|(kind, _)| kind), "each has a reason, and none has one in vain");
        let mut bot = Bot::start_configured(database, configured).await;
        for (index, kind) in kinds::ALL.iter().enumerate() {
            let incident = format!("INC-{}", index + 1);
            deliver(&bot, kind, &kind.samples.fires).await;
            assert!(bot.world.room(&incident).is_some(), "{} opens {incident}", kind.name);
            let card = bot.expect_opened(&incident);
            // The same again is a repeat, whatever it is.
            deliver(&bot, kind, &kind.samples.fires).await;
            assert!(bot.world.room(&format!("INC-{}", index + 2)).is_none(), "{} repeats", kind.name);
            if let Some(resolves) = &kind.samples.resolves {
                deliver(&bot, kind, resolves).await;
                let question = bot.newest(&incident, "", Some("Resolve"));
                assert!(question.text().contains("resolved") || question.text().contains("over"), "{}: {}", kind.name, question.text());
                assert!(bot.again(&card).text().contains("resolved at the source"), "{}: {}", kind.name, bot.again(&card).text());
                // A late copy of its beginning changes nothing, where the source gives any time to tell it by.
                if tells_when(kind) {
                    deliver(&bot, kind, &kind.samples.fires).await;
                    assert!(bot.again(&card).text().contains("resolved at the source"), "{}: a late copy", kind.name);
                }
            }
            // Rooms are made at some cost to Discord's patience.
            bot.command("dana", bot.channel(&incident), "/incident resolve", serde_json::json!({})).await;
        }
        bot.finish_in_trouble().await;
    }

    async fn what_nobody_prepared_is_refused_with_what_is_missing_and_kept(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, configured).await;
        // Any call at all is a sign of life.
        for kind in kinds::ALL.iter().filter(|kind| **kind != kinds::HEARTBEAT) {
            let unheard = Sample { body: r#"{"unheard": {"of": [true]}}"#, ..kind.samples.fires };
            let (status, answer) = post(&bot, kind, &unheard).await;
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
            let error = answer["error"].as_str().unwrap();
            assert_eq!(status, 422, "{}: {answer}", kind.name);
            assert!(error.contains('`') && error.contains(kind.expected), "{}: {error}", kind.name);
            assert!(answer["reference"].is_string(), "{}: the body is kept: {answer}", kind.name);
        }
        bot.rest().await;
        bot.expect("operators", &["their-alertmanager", "422"]);
        assert!(bot.world.room("INC-1").is_none());
        bot.finish_in_trouble().await;
    }

    async fn what_is_acknowledged_at_its_source_pages_nobody_any_more(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, configured).await;
        let pagerduty = kinds::named("pagerduty").unwrap();
        deliver(&bot, pagerduty, &pagerduty.samples.fires).await;
        bot.expect_opened("INC-1");
        bot.expect_page("chloe", "INC-1");
        let acknowledged = |at: &str| changed(&pagerduty.samples.fires, &[
            ("incident.triggered", "incident.acknowledged"),
            (r#""triggered""#, r#""acknowledged""#),
            ("2026-02-04T01:40:00.120Z", at),
        ]);
        deliver(&bot, pagerduty, &acknowledged("2026-02-04T01:41:00Z")).await;
        bot.expect("INC-1", &["1 alert acknowledged in their-pagerduty", "nobody else is called"]);
        deliver(&bot, pagerduty, &acknowledged("2026-02-04T01:41:00Z")).await;
        bot.pass(60).await;
        let kinds = bot.timeline("INC-1").await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "paged").count(), 1, "{kinds:?}");
        assert_eq!(kinds.iter().filter(|kind| *kind == "acknowledged_at_source").count(), 1, "{kinds:?}");
        bot.finish_in_trouble().await;
    }

    async fn what_was_acknowledged_at_its_source_before_it_was_read_calls_nobody(database: TestDatabase) {
        let mut bot = Bot::start(database).await;
        let fires = Alert {
            severity: Some(AlertSeverity::Critical),
            ..Alert::new(&"alertmanager".into(), "drift", AlertStatus::Firing, "Scores drift in eu")
        };
        let acknowledged = Alert { status: AlertStatus::Acknowledged, ..fires.clone() };
        let both: Vec<Written> = [fires, acknowledged].into_iter().map(|alert| Written::new(alert).unwrap()).collect();
        // As after a restart, when triage finds both.
        let engine = bot.world.app().engine();
        let mut tx = engine.db().begin().await.unwrap();
        tx.append_to_inbox(&both, engine.now()).await.unwrap();
        tx.commit().await.unwrap();
        bot.rest().await;
        bot.expect_opened("INC-1");
        assert_eq!(bot.messages("direct:ana").len(), 0, "somebody has it");
        bot.expect("INC-1", &["1 alert acknowledged", "nobody else is called"]);
        bot.finish().await;
    }

    async fn what_only_informs_is_told_in_the_incident_of_its_model(database: TestDatabase) {
        let mut bot = Bot::start_configured(database, |text| {
            let text = configured(text);
            text.replace("item.state == 'failed' ? 'firing' : 'resolved'", "item.state == 'failed' ? 'firing' : item.state")
        }).await;
        let custom = kinds::CUSTOM;
        let told = |id: &str, title: &str| changed(&custom.samples.fires, &[
            ("psi-fraud-score", id), (r#""failed""#, r#""info""#), ("PSI of fraud-score is 0.31", title),
        ]);
        deliver(&bot, custom, &told("release-14", "fraud-score 14 released")).await;
        assert!(bot.world.room("INC-1").is_none(), "what only informs opens nothing");
        deliver(&bot, custom, &custom.samples.fires).await;
        let card = bot.expect_opened("INC-1");
        bot.expect("INC-1", &["their-custom told", "fraud-score 14 released"]);
        deliver(&bot, custom, &told("alias", "champion is fraud-score 13")).await;
        deliver(&bot, custom, &told("alias", "champion is fraud-score 13")).await;
        bot.expect("INC-1", &["their-custom told", "champion is fraud-score 13"]);
        assert!(!bot.again(&card).text().contains("2 alerts"), "it is no alert: {}", bot.again(&card).text());
        let other = changed(&told("other", "churn 3 released"), &[(r#""name": "fraud-score""#, r#""name": "churn""#)]);
        deliver(&bot, custom, &other).await;
        let kinds = bot.timeline("INC-1").await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "informed").count(), 2, "{kinds:?}");
        bot.finish_in_trouble().await;
    }
}
