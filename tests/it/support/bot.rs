//! A bot in a world, and what tests ask of both.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use firebell::clock::Clock;
use firebell::demo::world::{Setting, World};
use serde_json::Value;
use standin::{ChannelKind, Component, Discord, Message, Options, Reply};

use super::alerts::{Alert, webhook};
use super::amazon::Amazon;
use super::{TestDatabase, discord_api, tallies};

/// Firebell on the example configuration, beside a stand-in Discord, at a quarter to two at night.
///
/// Every message that the bot posts must be asked for by [`Bot::reads`] or [`Bot::expect`]; [`Bot::finish`] fails on
/// one that nobody asked for.
pub struct Bot {
    pub world: World,
    read: BTreeSet<u64>,
    _database: TestDatabase,
}

impl Bot {
    /// Starts it.
    pub async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, |_| ()).await
    }

    /// Starts it on the example configuration with something replaced.
    pub async fn start_configured(database: TestDatabase, change: impl FnOnce(String) -> String) -> Self {
        Self::build(database, change, |_| (), BTreeMap::new(), usual()).await
    }

    /// Starts it beside a stand-in with options of its own.
    pub async fn start_in(database: TestDatabase, options: Options) -> Self {
        Self::build(database, |text| text, |_| (), BTreeMap::new(), options).await
    }

    /// Starts it with a secret of its own.
    pub async fn start_with_secret(database: TestDatabase, name: &str, value: &str) -> Self {
        let secrets = [(name.to_owned(), value.to_owned())].into();
        Self::build(database, |text| text, |_| (), secrets, usual()).await
    }

    /// Starts it after something was done to the stand-in.
    pub async fn start_with(database: TestDatabase, prepare: impl FnOnce(&Discord)) -> Self {
        Self::build(database, |text| text, |world| prepare(&world.discord), BTreeMap::new(), usual()).await
    }

    /// Starts it on a configuration with something replaced, beside a server that stands for Amazon's.
    pub async fn start_beside(database: TestDatabase, amazon: &Amazon, change: impl FnOnce(String) -> String) -> Self {
        Self::build(database, change, |world| world.amazon = amazon.client(), BTreeMap::new(), usual()).await
    }

    async fn build(
        database: TestDatabase,
        change: impl FnOnce(String) -> String,
        prepare: impl FnOnce(&mut World),
        secrets: BTreeMap<String, String>,
        options: Options,
    ) -> Self {
        let setting = Setting {
            text: change(firebell::demo::EXAMPLE.to_owned()),
            folder: database.folder.path().to_owned(),
            database: database.url.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Clock::frozen("2026-02-04T01:45:00Z".parse().unwrap()),
            lease: Duration::from_millis(1500),
            secrets,
        };
        let limits = options.rate_limits;
        let mut world = World::build(setting, options).await.unwrap();
        // Where Discord keeps its limits, what the bot does to keep to them is what is looked at; else nobody waits.
        if !limits {
            world.space_edits(Duration::ZERO);
        }
        prepare(&mut world);
        world.start_app().await.unwrap();
        Self { world, read: BTreeSet::new(), _database: database }
    }

    pub fn discord(&self) -> &Discord {
        &self.world.discord
    }

    /// Posts alerts of one group and waits until all that follows is done.
    pub async fn ring(&self, group: &str, alerts: &[Alert]) {
        let (status, body) = self.world.post("alertmanager", webhook(group, alerts)).await.unwrap();
        assert_eq!(status, 202, "{body}");
        self.rest().await;
    }

    /// What a path of the bot's own server answers.
    pub async fn get(&self, path: &str) -> String {
        let address = self.world.app().address().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(format!("http://{address}{path}")).send().await.unwrap().text().await.unwrap()
    }

    /// Waits until the bot has nothing to do now.
    pub async fn rest(&self) {
        if let Err(error) = self.world.rest().await {
            let mut tx = self.world.app().engine().db().read().await.unwrap();
            let waiting = tx.waiting_jobs(20).await.unwrap();
            panic!("{error}; waiting jobs: {waiting:#?}");
        }
    }

    /// Waits until something that no job shows has come about.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut(&Self) -> bool) {
        let begun = std::time::Instant::now();
        while !holds(self).await {
            assert!(begun.elapsed() < Duration::from_secs(20), "it did not come about that {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Lets time pass.
    pub async fn pass(&self, minutes: i64) {
        self.world.clock().advance(chrono::Duration::minutes(minutes));
        self.world.discord.advance(Duration::from_secs(minutes.unsigned_abs() * 60));
        self.rest().await;
    }

    /// Somebody runs a slash command in a channel; the private answer.
    pub async fn command(&self, who: &str, channel: u64, command: &str, options: Value) -> String {
        let reply = self.try_command(who, channel, command, options).await;
        self.rest().await;
        assert!(reply.ephemeral, "an answer is private: {}", reply.text());
        reply.text()
    }

    /// The same, without waiting for what follows.
    pub async fn try_command(&self, who: &str, channel: u64, command: &str, options: Value) -> Reply {
        let user = self.world.account(who).unwrap();
        self.discord().command(user, channel, command, options).await.unwrap()
    }

    /// Somebody runs a slash command that is answered with a form, or with a message that has buttons.
    pub async fn ask(&self, who: &str, channel: u64, command: &str, options: Value) -> Reply {
        let reply = self.try_command(who, channel, command, options).await;
        self.rest().await;
        reply
    }

    /// Somebody presses a button on a private answer; the answer to that.
    pub async fn press_private(&self, who: &str, answer: &Reply, label: &str) -> String {
        let on = answer.message().unwrap_or_else(|| panic!("a form has no buttons: {}", answer.text()));
        let user = self.world.account(who).unwrap();
        let reply = self.discord().press_label(user, on.channel, on.id, label).await.unwrap();
        self.rest().await;
        assert!(reply.ephemeral, "an answer is private: {}", reply.text());
        reply.text()
    }

    /// Somebody picks an entry from the menu of a message; the private answer.
    pub async fn menu(&self, who: &str, on: &Message, entry: &str) -> String {
        let user = self.world.account(who).unwrap();
        let reply = self.discord().message_menu(user, on.channel, on.id, entry).await.unwrap();
        self.rest().await;
        assert!(reply.ephemeral, "an answer is private: {}", reply.text());
        reply.text()
    }

    /// What is suggested while somebody types into an option, as name and value.
    pub async fn complete(&self, command: &str, option: &str, typed: &str) -> Vec<(String, String)> {
        let (user, channel) = (self.world.account("ana").unwrap(), self.channel("announcements"));
        let nothing = serde_json::json!({});
        let choices = self.discord().autocomplete(user, channel, command, nothing, option, typed).await.unwrap();
        choices.into_iter().map(|choice| (choice.name, choice.value.as_str().unwrap().to_owned())).collect()
    }

    /// How a person is mentioned.
    pub fn mention(&self, person: &str) -> String {
        format!("<@{}>", self.world.account(person).unwrap())
    }

    /// A message as it is now.
    pub fn again(&self, message: &Message) -> Message {
        self.discord().message(message.channel, message.id).unwrap()
    }

    /// Somebody presses the newest button of this name in a place; the private answer.
    pub async fn press(&self, who: &str, at: &str, label: &str) -> String {
        self.press_on(who, at, "", label).await
    }

    /// The same on the newest message that has a text in it.
    pub async fn press_on(&self, who: &str, at: &str, on: &str, label: &str) -> String {
        let reply = self.press_for_reply(who, at, on, label).await;
        self.rest().await;
        assert!(reply.ephemeral || reply.modal().is_some(), "an answer is private: {}", reply.text());
        reply.text()
    }

    /// Presses a button and gives the whole reply, such as a form.
    pub async fn press_for_reply(&self, who: &str, at: &str, on: &str, label: &str) -> Reply {
        let message = self.newest(at, on, Some(label));
        let user = self.world.account(who).unwrap();
        self.discord().press_label(user, message.channel, message.id, label).await.unwrap()
    }

    /// Fills in the form that a reply opened; the private answer.
    pub async fn submit(&self, who: &str, reply: &Reply, values: Value) -> String {
        let modal = reply.modal().unwrap_or_else(|| panic!("no form opened: {}", reply.text()));
        let user = self.world.account(who).unwrap();
        let reply = self.discord().submit(user, modal, values).await.unwrap();
        self.rest().await;
        reply.text()
    }

    /// The newest message in a place with this text, and with this button on it.
    pub fn newest(&self, at: &str, on: &str, label: Option<&str>) -> Message {
        let has = |message: &Message, wanted: &str| {
            message
                .parts()
                .any(|part| matches!(part, Component::Button { label, disabled: false, .. } if label == wanted))
        };
        let messages = self.messages(at);
        let found = messages
            .iter()
            .rev()
            .find(|message| message.text().contains(on) && label.is_none_or(|label| has(message, label)));
        found.cloned().unwrap_or_else(|| panic!("no message at {at} has {on:?} and {label:?}: {}", shown(&messages)))
    }

    /// The messages in a place: `announcements`, `operators`, `public`, `direct:ana`, or an incident such as `INC-1`.
    pub fn messages(&self, at: &str) -> Vec<Message> {
        let messages = match at.strip_prefix("direct:") {
            Some(person) => self.discord().direct_messages(self.world.account(person).unwrap()),
            None => match self.find_channel(at) {
                Some(channel) => self.discord().messages(channel),
                None => Vec::new(),
            },
        };
        messages.into_iter().filter(|message| message.ephemeral_for.is_none()).collect()
    }

    /// A channel's identity.
    pub fn channel(&self, at: &str) -> u64 {
        self.find_channel(at).unwrap_or_else(|| panic!("there is no {at}"))
    }

    fn find_channel(&self, at: &str) -> Option<u64> {
        if at.starts_with("INC-") { self.world.room(at) } else { Some(self.world.channel(at).unwrap()) }
    }

    /// One message in a place that has all these texts in it and was not asked for before.
    pub fn expect(&mut self, at: &str, texts: &[&str]) -> Message {
        let messages = self.messages(at);
        let found = messages
            .iter()
            .find(|message| !self.read.contains(&message.id) && texts.iter().all(|text| message.text().contains(text)));
        let message =
            found.cloned().unwrap_or_else(|| panic!("no new message at {at} reads {texts:?}: {}", shown(&messages)));
        self.read.insert(message.id);
        message
    }

    /// What an opened incident always brings: its announcement and its card.
    pub fn expect_opened(&mut self, incident: &str) -> Message {
        self.expect("announcements", &[incident]);
        let card = self.expect(incident, &[incident, "Lead"]);
        assert!(card.pinned, "the card is pinned");
        card
    }

    /// A page: the direct message and the mention in the room.
    pub fn expect_page(&mut self, person: &str, incident: &str) -> (Message, Message) {
        let account = self.world.account(person).unwrap();
        let direct = self.expect(&format!("direct:{person}"), &[incident]);
        let mention = self.expect(incident, &[&format!("<@{account}> 📟")]);
        assert_eq!(mention.pings, [account], "the mention pings the one who is called");
        (direct, mention)
    }

    /// The kinds of an incident's entries, in order.
    pub async fn timeline(&self, incident: &str) -> Vec<String> {
        let entries = self.world.app().engine().timeline(incident.parse().unwrap()).await.unwrap();
        let kind = |entry: &firebell::domain::timeline::Entry| {
            serde_json::to_value(&entry.event).unwrap()["kind"].as_str().unwrap().to_owned()
        };
        entries.iter().map(kind).collect()
    }

    /// Ends the bot; fails on a message that nobody asked for, on a job that was given up, and on what Discord would
    /// not have had.
    pub async fn finish(mut self) {
        self.rest().await;
        self.finish_without_rest().await;
    }

    async fn finish_without_rest(&mut self) {
        let mut unasked = Vec::new();
        for channel in self.discord().channels() {
            if channel.kind == ChannelKind::Category {
                continue;
            }
            for message in self.discord().messages(channel.id) {
                let ours = message.author_name == "bot" && message.ephemeral_for.is_none();
                if ours && !self.read.contains(&message.id) {
                    unasked.push(format!("#{}: {}", channel.name, message.text()));
                }
            }
        }
        assert!(unasked.is_empty(), "messages that nobody asked for:\n{}", unasked.join("\n---\n"));
        let db = self.world.app().engine().db();
        tallies::are_exact(db).await;
        let states = db.read().await.unwrap().job_states().await.unwrap();
        assert!(!states.iter().any(|(state, _)| state == "buried"), "jobs were given up: {states:?}");
        self.world.stop_app().await;
        let violations = self.discord().violations();
        // A full category is found out by trying.
        let violations: Vec<_> = violations.iter().filter(|one| !one.contains("channels in category")).collect();
        assert!(violations.is_empty(), "{violations:?}");
        assert_eq!(self.discord().count_429(), 0, "no call was refused for being too fast");
        discord_api::check(&self.discord().traffic());
    }

    /// Ends the bot where jobs were meant to be given up.
    pub async fn finish_in_trouble(mut self) {
        self.rest().await;
        self.world.stop_app().await;
    }

    /// Ends the process as `kill -9` would.
    pub fn kill(&mut self) {
        self.world.kill_app();
    }

    /// Starts it again on the same database.
    pub async fn start_again(&mut self) {
        self.world.start_app().await.unwrap();
    }
}

/// The stand-in as most tests want it.
fn usual() -> Options {
    Options { rate_limits: false, record: true, ..Options::default() }
}

/// Messages, for those who look for one in vain.
pub fn shown(messages: &[Message]) -> String {
    messages.iter().map(Message::text).collect::<Vec<_>>().join("\n---\n")
}
