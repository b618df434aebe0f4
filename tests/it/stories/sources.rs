//! Every kind of source through the whole bot: its sample opens an incident, and its end offers to resolve it.

use std::fmt::Write as _;

use firebell::demo::world::HOOK_SECRET;
use firebell::domain::id::SourceName;
use firebell::intake::auth::Scheme;
use firebell::intake::delivery::{Delivery, Fields};
use firebell::intake::kind::{Kind, Sample};
use firebell::intake::kinds;

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
    let status = response.status().as_u16();
    assert_eq!(status, kind.accepted, "{}: {}", kind.name, response.text().await.unwrap());
    bot.rest().await;
}

on_both_databases! {
    async fn what_a_source_says_opens_an_incident_and_its_end_offers_to_resolve_it(database: TestDatabase) {
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
}
