//! Hears what people do in Discord and hands it to the engine.
//!
//! A command is deferred privately at once, decided, and the private answer edited; what others must see comes from the
//! outbox. What opens a form is answered with it, since a form cannot follow a deferred answer.

mod answer;
mod complete;
mod line;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use serenity::all::{
    CommandInteraction, ComponentInteraction, ConnectionStage, Context, EventHandler, Guild, GuildChannel, Interaction,
    Member, ModalInteraction, PartialGuildChannel, Ready, ResumedEvent, Role, UnavailableGuild, User,
};
use serenity::async_trait;
use serenity::http::Http;
use serenity::model::id::InteractionId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use crate::discord::client::Credentials;
use crate::discord::pace::Pace;
use crate::discord::parse::{ParseError, Request};
use crate::discord::{parse, wire};
use crate::domain::actor::Actor;
use crate::domain::id::Snowflake;
use crate::engine::Engine;
use crate::fault::{self, Point};
use crate::render::message::{Form, Message};
use crate::render::{Renderer, reply};

/// How long to wait before connecting again after the client ended.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How long answering may take, waiting for the client's rate limiter included.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// The ear. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    engine: Engine,
    http: Arc<Http>,
    pace: Pace,
    credentials: Credentials,
    renderer: Arc<Renderer>,
    connected: watch::Sender<bool>,
    changed: watch::Sender<u64>,
    was_removed: Arc<AtomicBool>,
    was_ready: Arc<AtomicBool>,
}

/// Where and by whom something was asked.
struct Asked {
    id: InteractionId,
    token: String,
    channel: Snowflake,
    actor: Actor,
}

/// How a request is answered.
enum Answer {
    /// With a private message.
    Private(Message),
    /// With a private message that says why not.
    Refused(Message),
    /// With a form.
    Form(Form),
}

impl Gateway {
    /// An ear for the guild in `credentials`; `connected` says whether it hears, `changed` counts what may call for a
    /// comparison of what stands in Discord with what should.
    pub fn new(
        engine: Engine,
        http: Arc<Http>,
        pace: Pace,
        credentials: Credentials,
        renderer: Arc<Renderer>,
        connected: watch::Sender<bool>,
        changed: watch::Sender<u64>,
    ) -> Self {
        Self {
            engine,
            http,
            pace,
            credentials,
            renderer,
            connected,
            changed,
            was_removed: Arc::default(),
            was_ready: Arc::default(),
        }
    }

    /// Hears until `stop`; connects again whenever the connection is lost for good.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.hear(&stop).await {
                error!(error = &error as &dyn std::error::Error, "the gateway cannot be held");
            }
            self.was_ready.store(false, Ordering::Relaxed);
            self.connected.send_replace(false);
            tokio::select! {
                () = stop.cancelled() => (),
                () = tokio::time::sleep(AGAIN_AFTER) => (),
            }
        }
    }

    fn guild_changed(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    fn asked(
        &self,
        id: InteractionId,
        token: &str,
        channel: serenity::model::id::ChannelId,
        member: Option<&Member>,
        user: &User,
    ) -> Asked {
        let roles: Vec<Snowflake> =
            member.iter().flat_map(|member| &member.roles).map(|role| Snowflake(role.get())).collect();
        let setup = self.engine.setup();
        let actor = Actor::member(Snowflake(user.id.get()), &roles, &setup.organisation);
        Asked { id, token: token.to_owned(), channel: Snowflake(channel.get()), actor }
    }

    async fn on_command(&self, interaction: CommandInteraction) {
        let asked = self.asked(
            interaction.id,
            &interaction.token,
            interaction.channel_id,
            interaction.member.as_deref(),
            &interaction.user,
        );
        let setup = self.engine.setup();
        let request = parse::command(&interaction, &setup.organisation, self.engine.now());
        self.respond(&asked, request).await;
    }

    async fn on_button(&self, interaction: ComponentInteraction) {
        let asked = self.asked(
            interaction.id,
            &interaction.token,
            interaction.channel_id,
            interaction.member.as_ref(),
            &interaction.user,
        );
        self.respond(&asked, parse::press(&interaction.data.custom_id)).await;
    }

    async fn on_form(&self, interaction: ModalInteraction) {
        let asked = self.asked(
            interaction.id,
            &interaction.token,
            interaction.channel_id,
            interaction.member.as_ref(),
            &interaction.user,
        );
        let setup = self.engine.setup();
        let request = parse::form(&interaction, &setup.organisation);
        self.respond_to(&asked, request, &parse::typed(&interaction)).await;
    }

    async fn respond(&self, asked: &Asked, request: Result<Request, ParseError>) {
        self.respond_to(asked, request, &[]).await;
    }

    /// Answers what was asked. All answers are private. What was typed into a form is given back with a refusal: Discord
    /// forgets it, and nobody types a report twice at three in the morning.
    async fn respond_to(&self, asked: &Asked, request: Result<Request, ParseError>, typed: &[String]) {
        match request {
            Err(error) => {
                let refusal = reply::trouble(&escaped(&error.to_string()));
                self.answer_at_once(asked, &reply::giving_back(refusal, typed)).await;
            }
            Ok(request) if request.opens_form() => match answer::answer(self, asked, request).await {
                Answer::Form(form) => self.callback(asked, 9, wire::form(&form)).await,
                Answer::Private(message) | Answer::Refused(message) => self.answer_at_once(asked, &message).await,
            },
            Ok(request) => {
                // Three seconds are all there is; deciding may take longer.
                self.callback(asked, 5, json!({ "flags": 64 })).await;
                match answer::answer(self, asked, request).await {
                    Answer::Private(message) => self.edit_answer(asked, &message).await,
                    Answer::Refused(message) => self.edit_answer(asked, &reply::giving_back(message, typed)).await,
                    Answer::Form(_) => (),
                }
            }
        }
    }

    async fn answer_at_once(&self, asked: &Asked, message: &Message) {
        self.callback(asked, 4, wire::private(message)).await;
    }

    /// The first answer. It is tried once: after three seconds it is worth nothing.
    async fn callback(&self, asked: &Asked, kind: u8, data: Value) {
        if fault::pass(Point::AnswerBefore).await.is_err() {
            return;
        }
        let map = json!({ "type": kind, "data": data });
        let answered = self.http.create_interaction_response(asked.id, &asked.token, &map, Vec::new());
        match tokio::time::timeout(ANSWER_WITHIN, answered).await {
            Ok(Ok(())) => (),
            Ok(Err(error)) => {
                warn!(error = &error as &dyn std::error::Error, "an interaction could not be answered");
            }
            Err(_) => warn!("an interaction was not answered in time"),
        }
        // Nothing hangs on what comes after.
        let _ = fault::pass(Point::AnswerAfter).await;
    }

    async fn edit_answer(&self, asked: &Asked, message: &Message) {
        if fault::pass(Point::ResultBefore).await.is_err() {
            return;
        }
        let map = wire::answer(message);
        let files = wire::files(message);
        let edited = self.http.edit_original_interaction_response(&asked.token, &map, files);
        match tokio::time::timeout(ANSWER_WITHIN, edited).await {
            Ok(Ok(_)) => (),
            Ok(Err(error)) => warn!(error = &error as &dyn std::error::Error, "a private answer could not be given"),
            Err(_) => warn!("a private answer was not given in time"),
        }
        let _ = fault::pass(Point::ResultAfter).await;
    }
}

fn escaped(text: &str) -> String {
    crate::render::escape::discord(text)
}

#[async_trait]
impl EventHandler for Gateway {
    async fn ready(&self, _: Context, ready: Ready) {
        info!(user = %ready.user.name, guilds = ready.guilds.len(), "connected to Discord");
        if !ready.guilds.iter().any(|guild| guild.id.get() == self.credentials.guild) {
            error!(guild = self.credentials.guild, "the bot is not in the guild of discord.guild: invite it");
        }
        self.register().await;
        self.was_ready.store(true, Ordering::Relaxed);
        self.connected.send_replace(true);
        // What waited for the connection need not wait for the next look.
        self.engine.announce_jobs();
        self.guild_changed();
    }

    async fn guild_create(&self, _: Context, guild: Guild, _: Option<bool>) {
        // Let in again: the commands went with the bot.
        if self.was_removed.swap(false, Ordering::Relaxed) && guild.id.get() == self.credentials.guild {
            info!("the bot is in its server again");
            self.register().await;
        }
        self.guild_changed();
    }

    async fn guild_delete(&self, _: Context, guild: UnavailableGuild, _: Option<Guild>) {
        if !guild.unavailable && guild.id.get() == self.credentials.guild {
            error!("the bot was put out of its server: nobody hears of anything until it is invited again");
            self.was_removed.store(true, Ordering::Relaxed);
        }
        self.guild_changed();
    }

    async fn channel_delete(&self, _: Context, _: GuildChannel, _: Option<Vec<serenity::all::Message>>) {
        self.guild_changed();
    }

    async fn thread_delete(&self, _: Context, _: PartialGuildChannel, _: Option<GuildChannel>) {
        self.guild_changed();
    }

    async fn channel_update(&self, _: Context, _: Option<GuildChannel>, _: GuildChannel) {
        self.guild_changed();
    }

    async fn guild_role_update(&self, _: Context, _: Option<Role>, _: Role) {
        self.guild_changed();
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.connected.send_replace(true);
        self.engine.announce_jobs();
    }

    async fn shard_stage_update(&self, _: Context, event: serenity::all::ShardStageUpdateEvent) {
        if event.new != ConnectionStage::Connected {
            self.connected.send_replace(false);
        }
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        let span = info_span!("interaction", interaction.id = %interaction.id());
        async {
            match interaction {
                Interaction::Command(command) => self.on_command(command).await,
                Interaction::Component(component) => self.on_button(component).await,
                Interaction::Modal(form) => self.on_form(form).await,
                Interaction::Autocomplete(typing) => complete::complete(self, &typing).await,
                _ => (),
            }
        }
        .instrument(span)
        .await;
    }
}
