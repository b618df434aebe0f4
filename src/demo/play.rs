//! Plays a scripted game day and looks whether it went as expected.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use standin::{Component, Message, Reply, ReplyKind};

use crate::demo::script::{Expectation, Script, Step};
use crate::demo::transcript::{Transcript, framed, readable};
use crate::demo::world::{Setting, World};
use crate::domain::duration;

/// What is written while a play goes on.
pub type Print<'a> = &'a mut dyn FnMut(&str);

/// Plays `file` on the example configuration in a temporary folder; an error is an expectation that was not met.
pub async fn play(file: &Path, record: Option<&Path>, print: Print<'_>) -> anyhow::Result<()> {
    let script = Script::read(file)?;
    let folder = temporary_folder()?;
    let database = format!("sqlite:{}", folder.join("firebell.db").display());
    let setting = Setting {
        text: crate::demo::EXAMPLE.to_owned(),
        folder: folder.clone(),
        database,
        listen: ([127, 0, 0, 1], 0).into(),
        clock: crate::clock::Clock::frozen(script.starts),
        lease: std::time::Duration::from_secs(12),
        secrets: std::collections::BTreeMap::new(),
    };
    let options = standin::Options { record: true, rate_limits: false, ..standin::Options::default() };
    let mut world = World::build(setting, options).await?;
    if let Some(record) = record {
        world.discord.record_to(record).with_context(|| format!("cannot record to {}", record.display()))?;
    }
    // The play's seconds pass when its script says so.
    world.space_edits(std::time::Duration::ZERO);
    world.start_app().await?;
    let played = Stage { world: &world, script: &script, transcript: Transcript::default(), print }.play().await;
    world.stop_app().await;
    world.discord.stop().await;
    // Left for the next clean-up of the machine when it cannot be removed.
    let _ = std::fs::remove_dir_all(&folder);
    played
}

/// A fresh folder among those that the system cleans up.
///
/// # Errors
///
/// When it cannot be made.
pub fn temporary_folder() -> anyhow::Result<std::path::PathBuf> {
    let folder = std::env::temp_dir().join(format!("firebell-demo-{:016x}", rand::random::<u64>()));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

struct Stage<'a> {
    world: &'a World,
    script: &'a Script,
    transcript: Transcript,
    print: Print<'a>,
}

impl Stage<'_> {
    async fn play(mut self) -> anyhow::Result<()> {
        self.say(&format!("# {}\n", self.script.title));
        let mut unmet = Vec::new();
        for (index, step) in self.script.steps.iter().enumerate() {
            let met = self.step(step).await;
            self.tell_news();
            if let Err(error) = met {
                let unmet_step = format!("step {}: {error:#}", index + 1);
                self.say(&format!("✗ {unmet_step}"));
                unmet.push(unmet_step);
            }
        }
        let violations = self.world.discord.violations();
        unmet.extend(violations.into_iter().map(|violation| format!("Discord would not have it: {violation}")));
        if unmet.is_empty() {
            self.say("\n✓ everything went as expected");
            return Ok(());
        }
        bail!("{} expectations were not met:\n{}", unmet.len(), unmet.join("\n"))
    }

    fn say(&mut self, text: &str) {
        (self.print)(text);
    }

    fn tell_news(&mut self) {
        let now = self.world.clock().now();
        for news in self.transcript.news(&self.world.discord, &self.world.organisation, now) {
            self.say(&news);
        }
    }

    async fn step(&mut self, step: &Step) -> anyhow::Result<()> {
        let clock = self.world.clock().now().format("%H:%M").to_string();
        if let Some(tell) = &step.tell {
            self.say(&format!("\n— {}", tell.trim()));
        }
        if let Some(file) = &step.alert {
            let source = step.source.as_deref().unwrap_or("alertmanager");
            self.say(&format!("\n{clock}  {source} posts {file}"));
            let path = self.script.folder.join(file);
            let body = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let (status, answer) = self.world.post(source, body).await?;
            self.say(&format!("  {status} {answer}"));
            let expected = step.status.unwrap_or(202);
            if status != expected {
                bail!("the hook answered {status}, not {expected}: {answer}");
            }
        }
        if let Some(by) = &step.pass {
            self.say(&format!("\n{clock}  … {by} pass"));
            self.world.pass(duration::parse(by)?).await?;
        }
        if step.command.is_some() || step.press.is_some() || step.menu.is_some() || step.says.is_some() {
            self.act(step, &clock).await?;
        }
        self.world.rest().await?;
        for expectation in &step.expect {
            self.look(expectation)?;
        }
        Ok(())
    }

    async fn act(&mut self, step: &Step, clock: &str) -> anyhow::Result<()> {
        let who = step.who.as_deref().context("a step in which somebody acts names `who`")?;
        let user = self.world.account(who)?;
        let name = self.world.organisation.name_of(&who.into()).to_owned();
        let discord = self.world.discord.clone();
        let at = step.at.as_deref().unwrap_or("room");
        let reply = if let Some(command) = &step.command {
            let options = json(step.options.as_ref())?;
            let typed: Vec<String> =
                options.as_object().into_iter().flatten().map(|(name, value)| format!(" {name}: {value}")).collect();
            self.say(&format!("\n{clock}  {name} types {command}{}", typed.concat()));
            Some(discord.command(user, self.place(at, who)?, command, options).await?)
        } else if let Some(label) = &step.press {
            self.say(&format!("\n{clock}  {name} presses [{label}]"));
            let message = self.newest(at, who, step.on.as_deref(), Some(label))?;
            Some(discord.press_label(user, message.channel, message.id, label).await?)
        } else if let Some(menu) = &step.menu {
            self.say(&format!("\n{clock}  {name} uses the menu {menu}"));
            let message = self.newest(at, who, step.on.as_deref(), None)?;
            Some(discord.message_menu(user, message.channel, message.id, menu).await?)
        } else if let Some(text) = &step.says {
            self.say(&format!("\n{clock}  {name} writes"));
            discord.say(user, self.place(at, who)?, text);
            None
        } else {
            None
        };
        let Some(mut reply) = reply else { return Ok(()) };
        if let Some(form) = &step.form {
            let ReplyKind::Modal(modal) = &reply.kind else { bail!("no form opened: {}", reply.text()) };
            self.say(&format!("  [form: {}]", modal.title));
            reply = discord.submit(user, modal, json(Some(form))?).await?;
        }
        self.show_answer(&name, &reply);
        let text = self.readable(&reply.text());
        for wanted in &step.answer {
            if !text.contains(wanted) {
                bail!("the answer to {name} does not say {wanted:?} but:\n{text}");
            }
        }
        Ok(())
    }

    fn show_answer(&mut self, name: &str, reply: &Reply) {
        let text = self.readable(&reply.text());
        if !text.trim().is_empty() {
            self.say(&framed(&format!("(only {name} sees this)"), &text));
        }
    }

    fn readable(&self, text: &str) -> String {
        readable(text, &self.world.discord, &self.world.organisation, self.world.clock().now())
    }

    /// The channel that a place means.
    fn place(&self, at: &str, who: &str) -> anyhow::Result<u64> {
        match at {
            "room" => self.world.room("inc-1").ok_or_else(|| anyhow!("INC-1 has no room yet")),
            "direct" => {
                let messages = self.world.discord.direct_messages(self.world.account(who)?);
                messages.first().map(|message| message.channel).ok_or_else(|| anyhow!("{who} has no direct messages"))
            }
            incident if incident.starts_with("INC-") => {
                self.world.room(incident).ok_or_else(|| anyhow!("{incident} has no room yet"))
            }
            purpose => self.world.channel(purpose),
        }
    }

    fn messages(&self, at: &str, who: &str) -> anyhow::Result<Vec<Message>> {
        let messages = match at.strip_prefix("direct").map(|rest| rest.trim_start_matches(':')) {
            Some("") => self.world.discord.direct_messages(self.world.account(who)?),
            Some(person) => self.world.discord.direct_messages(self.world.account(person)?),
            None => self.world.discord.messages(self.place(at, who)?),
        };
        Ok(messages)
    }

    /// The newest message in a place that has this text and this button.
    fn newest(&self, at: &str, who: &str, on: Option<&str>, label: Option<&str>) -> anyhow::Result<Message> {
        let has_button = |message: &Message, wanted: &str| {
            message
                .parts()
                .any(|part| matches!(part, Component::Button { label, disabled: false, .. } if label == wanted))
        };
        let found = self.messages(at, who)?.into_iter().rev().find(|message| {
            on.is_none_or(|on| self.readable(&message.text()).contains(on))
                && label.is_none_or(|label| has_button(message, label))
        });
        found.ok_or_else(|| anyhow!("no message at {at} has {on:?} and the button {label:?}"))
    }

    fn look(&self, expectation: &Expectation) -> anyhow::Result<()> {
        let messages = self.messages(&expectation.at, "")?;
        let texts: Vec<String> = messages
            .iter()
            .filter(|message| message.ephemeral_for.is_none())
            .map(|message| self.readable(&message.text()))
            .collect();
        let all = || texts.join("\n---\n");
        if !expectation.reads.is_empty()
            && !texts.iter().any(|text| expectation.reads.iter().all(|wanted| text.contains(wanted)))
        {
            bail!("no message at {} reads {:?}; there are:\n{}", expectation.at, expectation.reads, all());
        }
        for unwanted in &expectation.never {
            if texts.iter().any(|text| text.contains(unwanted)) {
                bail!("a message at {} reads {unwanted:?}:\n{}", expectation.at, all());
            }
        }
        match expectation.messages {
            Some(count) if count != texts.len() => {
                bail!("{} messages stand at {}, not {count}:\n{}", texts.len(), expectation.at, all())
            }
            _ => Ok(()),
        }
    }
}

fn json(table: Option<&toml::Table>) -> anyhow::Result<Value> {
    match table {
        Some(table) => Ok(serde_json::to_value(table)?),
        None => Ok(Value::Object(serde_json::Map::new())),
    }
}
