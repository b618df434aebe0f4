//! A small bot on the real serenity client, for the stand-in to play with.

use std::sync::Arc;

use serenity::all::{
    ActionRowComponent, AutocompleteChoice, ButtonStyle, Command, CommandInteraction, CommandOptionType, CommandType,
    ComponentInteraction, Context, CreateActionRow, CreateAutocompleteResponse, CreateButton, CreateCommand,
    CreateCommandOption, CreateEmbed, CreateInputText, CreateInteractionResponse, CreateInteractionResponseMessage,
    CreateModal, EditInteractionResponse, EventHandler, GatewayIntents, GuildId, HttpBuilder, InputTextStyle,
    Interaction, Message, ModalInteraction, Ready, ResumedEvent,
};
use serenity::gateway::ShardManager;
use standin::Discord;
use tokio::sync::mpsc;

use crate::support;

/// What the bot noticed.
#[derive(Debug, PartialEq, Eq)]
pub enum Noticed {
    Ready,
    Resumed,
    Guild { channels: usize },
    Said(String),
}

/// A running bot; it ends when dropped.
pub struct Bot {
    pub noticed: mpsc::Receiver<Noticed>,
    pub http: Arc<serenity::http::Http>,
    shards: Arc<ShardManager>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Handler(mpsc::Sender<Noticed>);

impl Handler {
    fn notice(&self, what: Noticed) {
        // The test may be over before its bot, or not care for all that happens.
        let _ = self.0.try_send(what);
    }
}

#[serenity::async_trait]
impl EventHandler for Handler {
    async fn ready(&self, context: Context, ready: Ready) {
        register(&context, ready.guilds[0].id).await;
        self.notice(Noticed::Ready);
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.notice(Noticed::Resumed);
    }

    async fn guild_create(&self, _: Context, guild: serenity::all::Guild, _: Option<bool>) {
        self.notice(Noticed::Guild { channels: guild.channels.len() });
    }

    async fn message(&self, _: Context, message: Message) {
        if !message.author.bot {
            self.notice(Noticed::Said(message.content));
        }
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        let result = match &interaction {
            Interaction::Command(command) => on_command(&context, command).await,
            Interaction::Component(press) => on_press(&context, press).await,
            Interaction::Modal(modal) => on_modal(&context, modal).await,
            Interaction::Autocomplete(typing) => {
                let typed = typing.data.autocomplete().map_or("", |option| option.value);
                let choices = ["checkout", "search"].into_iter().filter(|name| name.starts_with(typed));
                let choices = choices.map(|name| AutocompleteChoice::new(name, name)).collect();
                let answer = CreateAutocompleteResponse::new().set_choices(choices);
                typing.create_response(&context, CreateInteractionResponse::Autocomplete(answer)).await
            }
            _ => Ok(()),
        };
        result.expect("the stand-in takes what the bot answers");
    }
}

async fn register(context: &Context, guild: GuildId) {
    let title =
        CreateCommandOption::new(CommandOptionType::String, "title", "What is wrong").required(true).max_length(20);
    let severity = CreateCommandOption::new(CommandOptionType::Integer, "severity", "How bad")
        .add_int_choice("high", 1)
        .add_int_choice("low", 2);
    let lead = CreateCommandOption::new(CommandOptionType::User, "lead", "Who leads");
    let service = CreateCommandOption::new(CommandOptionType::String, "service", "Where").set_autocomplete(true);
    let declare = CreateCommandOption::new(CommandOptionType::SubCommand, "declare", "Declare one")
        .add_sub_option(title)
        .add_sub_option(severity)
        .add_sub_option(lead)
        .add_sub_option(service);
    let commands = vec![
        CreateCommand::new("ping").description("Answers pong"),
        CreateCommand::new("form").description("Opens a form"),
        CreateCommand::new("mute").description("Never answers"),
        CreateCommand::new("incident").description("About incidents").add_option(declare),
        CreateCommand::new("Quote").kind(CommandType::Message),
    ];
    guild.set_commands(context, commands).await.expect("the commands are good");
    Command::get_global_commands(context).await.expect("there are none");
}

async fn on_command(context: &Context, command: &CommandInteraction) -> serenity::Result<()> {
    match command.data.name.as_str() {
        "ping" => command.create_response(context, message("pong", true)).await,
        "form" => command.create_response(context, CreateInteractionResponse::Modal(form())).await,
        "incident" => {
            command.defer_ephemeral(context).await?;
            let options = command.data.options();
            let card = CreateEmbed::new().title("INC-1").description(format!("{:?}", options[0].name));
            let button = CreateButton::new("ack:1").label("Acknowledge").style(ButtonStyle::Primary);
            let row = CreateActionRow::Buttons(vec![button]);
            let edit = EditInteractionResponse::new().content("Declared").embed(card).components(vec![row]);
            command.edit_response(context, edit).await.map(drop)
        }
        "Quote" => {
            let quoted = command.data.resolved.messages.values().next().map(|message| message.content.clone());
            command.create_response(context, message(&quoted.unwrap_or_default(), false)).await
        }
        _ => Ok(()),
    }
}

async fn on_press(context: &Context, press: &ComponentInteraction) -> serenity::Result<()> {
    if press.data.custom_id == "edit" {
        return press.create_response(context, CreateInteractionResponse::Modal(form())).await;
    }
    let text = format!("Acknowledged by {}", press.user.display_name());
    let changed = CreateInteractionResponseMessage::new().content(text).components(vec![]);
    press.create_response(context, CreateInteractionResponse::UpdateMessage(changed)).await
}

async fn on_modal(context: &Context, modal: &ModalInteraction) -> serenity::Result<()> {
    // `ModalInteraction::defer` takes note of a press (6), which a form opened by a command has not.
    let wait = CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new());
    modal.create_response(context, wait).await?;
    let inputs = modal.data.components.iter().flat_map(|row| &row.components);
    let text = inputs.filter_map(|part| match part {
        ActionRowComponent::InputText(input) => input.value.clone(),
        _ => None,
    });
    let text = format!("Thank you: {}", text.collect::<Vec<_>>().join(", "));
    modal.edit_response(context, EditInteractionResponse::new().content(text)).await.map(drop)
}

fn message(text: &str, ephemeral: bool) -> CreateInteractionResponse {
    CreateInteractionResponse::Message(CreateInteractionResponseMessage::new().content(text).ephemeral(ephemeral))
}

fn form() -> CreateModal {
    let what = CreateInputText::new(InputTextStyle::Short, "What happened", "what").min_length(3);
    let more = CreateInputText::new(InputTextStyle::Paragraph, "More", "more").required(false).value("nothing");
    CreateModal::new("report", "Report")
        .components(vec![CreateActionRow::InputText(what), CreateActionRow::InputText(more)])
}

impl Bot {
    /// Starts a bot that may read what people write, and waits until it is ready.
    pub async fn start(discord: &Discord) -> Self {
        Self::start_with(discord, GatewayIntents::non_privileged() | GatewayIntents::MESSAGE_CONTENT).await
    }

    /// Starts a bot with these intents, and waits until it is ready.
    pub async fn start_with(discord: &Discord, intents: GatewayIntents) -> Self {
        let http = HttpBuilder::new(discord.token()).client(support::client(discord)).build();
        let (sender, noticed) = mpsc::channel(64);
        let mut client = serenity::client::ClientBuilder::new_with_http(http, intents)
            .event_handler(Handler(sender))
            .await
            .expect("a client");
        let (http, shards) = (Arc::clone(&client.http), Arc::clone(&client.shard_manager));
        let task = tokio::spawn(async move {
            // A client that is told to stop ends with an error, too.
            let _ = client.start().await;
        });
        let mut bot = Self { noticed, http, shards, task };
        bot.wait_for(&Noticed::Ready).await;
        bot
    }

    /// Waits until the bot has noticed this; what it noticed before is forgotten.
    pub async fn wait_for(&mut self, wanted: &Noticed) {
        let wait = async {
            let mut before = Vec::new();
            while let Some(noticed) = self.noticed.recv().await {
                if noticed == *wanted {
                    return;
                }
                before.push(noticed);
            }
            panic!("the bot ended after {before:?}");
        };
        tokio::time::timeout(std::time::Duration::from_secs(15), wait)
            .await
            .unwrap_or_else(|_| panic!("the bot never noticed {wanted:?}"));
    }

    pub async fn stop(&self) {
        self.shards.shutdown_all().await;
    }
}
