//! The real serenity client against the stand-in.

use std::time::Duration;

use serde_json::json;
use serenity::all::{
    ChannelId, ClientBuilder, CreateActionRow, CreateAttachment, CreateChannel, CreateEmbed, CreateMessage,
    CreateSelectMenu, CreateSelectMenuKind, CreateSelectMenuOption, CreateThread, EditChannel, EditMessage,
    GatewayError, GatewayIntents, GuildId, HttpBuilder, PermissionOverwrite, PermissionOverwriteType, Permissions,
    UserId,
};
use standin::{ActError, Options, ReplyKind};

use crate::bot::{Bot, Noticed};
use crate::support::{World, client};

const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_bot_connects_and_learns_of_the_guild_and_of_what_people_say() {
    let world = World::with(Options::default()).await;
    let mut bot = Bot::start(&world.discord).await;
    assert!(world.discord.connected());
    bot.wait_for(&Noticed::Guild { channels: 1 }).await;
    world.discord.say(world.ana, world.general, "hello");
    bot.wait_for(&Noticed::Said("hello".to_owned())).await;
    bot.stop().await;
    world.discord.wait_until(LIMIT, |discord| (!discord.connected()).then_some(())).await.expect("it left");
}

#[tokio::test]
async fn a_command_is_deferred_edited_and_its_button_changes_the_message() {
    let world = World::with(Options::default()).await;
    let (discord, ana, general) = (&world.discord, world.ana, world.general);
    let _bot = Bot::start(discord).await;
    let options = json!({"title": "Checkout is down", "severity": "high", "lead": ana.to_string()});
    let reply = discord.command(ana, general, "/incident declare", options).await.expect("an answer");
    assert!(reply.ephemeral);
    assert_eq!(reply.text(), "Declared\nINC-1\n\"declare\"\n[Acknowledge]");
    assert!(discord.messages(general).is_empty(), "a private answer is not in the channel");

    let message = reply.message().expect("a message").id;
    let pressed = discord.press_label(ana, general, message, "Acknowledge").await.expect("an answer");
    assert!(matches!(pressed.kind, ReplyKind::Updated(_)));
    assert!(pressed.text().starts_with("Acknowledged by Ana"), "{}", pressed.text());
    let again = discord.press(ana, general, message, "ack:1").await.expect_err("the button is gone");
    assert!(matches!(again, ActError::UnknownComponent { .. }), "{again}");
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_form_is_opened_filled_and_answered() {
    let world = World::with(Options::default()).await;
    let (discord, ana) = (&world.discord, world.ana);
    let _bot = Bot::start(discord).await;
    let opened = discord.command(ana, world.general, "/form", json!({})).await.expect("an answer");
    let modal = opened.modal().expect("a form");
    assert_eq!(modal.fields[0].label, "What happened");
    let empty = discord.submit(ana, modal, json!({})).await.expect_err("it must be filled");
    assert!(matches!(empty, ActError::WrongValue { .. }), "{empty}");
    let short = discord.submit(ana, modal, json!({"what": "ab"})).await.expect_err("it is too short");
    assert!(matches!(short, ActError::WrongValue { .. }), "{short}");
    let reply = discord.submit(ana, modal, json!({"what": "all of it"})).await.expect("an answer");
    assert_eq!(reply.text(), "Thank you: all of it, nothing");
    let again = discord.submit(ana, modal, json!({"what": "all of it"})).await.expect_err("it is closed");
    assert_eq!(again, ActError::NoSuchForm(ana));
}

#[tokio::test]
async fn suggestions_and_menus_reach_the_bot() {
    let world = World::with(Options::default()).await;
    let (discord, ana, general) = (&world.discord, world.ana, world.general);
    let _bot = Bot::start(discord).await;
    let choices = discord.autocomplete(ana, general, "/incident declare", json!({}), "service", "ch").await;
    let names: Vec<_> = choices.expect("an answer").into_iter().map(|choice| choice.name).collect();
    assert_eq!(names, ["checkout"]);
    let said = discord.say(ana, general, "remember this");
    let reply = discord.message_menu(ana, general, said.id, "Quote").await.expect("an answer");
    assert_eq!(reply.text(), "remember this");
    assert!(!reply.ephemeral);
}

#[tokio::test]
async fn what_discords_client_would_not_send_is_refused_before_the_bot_hears_of_it() {
    let world = World::with(Options::default()).await;
    let (discord, ana) = (&world.discord, world.ana);
    let _bot = Bot::start(discord).await;
    let cases = [
        ("/nothing", json!({})),
        ("/incident", json!({})),
        ("/incident close", json!({})),
        ("/incident declare", json!({})),
        ("/incident declare", json!({"title": 1})),
        ("/incident declare", json!({"title": "x", "severity": "middle"})),
        ("/incident declare", json!({"title": "x", "lead": "1"})),
        ("/incident declare", json!({"title": "x", "colour": "red"})),
        ("/incident declare", json!({"title": "x".repeat(21)})),
    ];
    for (command, options) in cases {
        let result = discord.command(ana, world.general, command, options.clone()).await;
        assert!(result.is_err(), "{command} {options} was let through");
    }
}

#[tokio::test]
async fn a_bot_that_never_answers_is_blamed_once() {
    let world = World::with(Options::default()).await;
    let _bot = Bot::start(&world.discord).await;
    let error = world.discord.command(world.ana, world.general, "/mute", json!({})).await.expect_err("no answer");
    assert_eq!(error, ActError::NoAnswer("/mute by Ana".to_owned()));
    assert_eq!(world.discord.violations(), ["/mute by Ana: not answered within 3 seconds"]);
}

#[tokio::test]
async fn a_dropped_line_is_resumed_and_what_was_missed_is_replayed() {
    let world = World::with(Options::default()).await;
    let mut bot = Bot::start(&world.discord).await;
    world.discord.close_gateway(None);
    world.discord.say(world.ana, world.general, "while you were away");
    bot.wait_for(&Noticed::Said("while you were away".to_owned())).await;
    assert_eq!(world.discord.identifies(), 1);
}

#[tokio::test]
async fn what_a_silent_gateway_swallowed_comes_with_the_resume() {
    let world = World::with(Options::default()).await;
    let mut bot = Bot::start(&world.discord).await;
    world.discord.silence_gateway(true);
    world.discord.say(world.ana, world.general, "into the void");
    world.discord.silence_gateway(false);
    world.discord.close_gateway(Some(4000));
    bot.wait_for(&Noticed::Said("into the void".to_owned())).await;
    bot.wait_for(&Noticed::Resumed).await;
}

#[tokio::test]
async fn without_the_intent_a_bot_reads_only_what_names_it() {
    let world = World::with(Options { privileged_intents: false, ..Options::default() }).await;
    let mut bot = Bot::start_with(&world.discord, GatewayIntents::non_privileged()).await;
    let said = world.discord.say(world.ana, world.general, "a secret");
    bot.wait_for(&Noticed::Said(String::new())).await;
    let read = bot.http.get_message(world.general.into(), said.id.into()).await.expect("the message");
    assert_eq!(read.content, "", "REST keeps it back too");
    let text = "<@1000000000000000002> listen";
    world.discord.say(world.ana, world.general, text);
    bot.wait_for(&Noticed::Said(text.to_owned())).await;
}

#[tokio::test]
async fn an_intent_that_the_owner_did_not_switch_on_ends_the_connection() {
    let world = World::with(Options { privileged_intents: false, ..Options::default() }).await;
    let http = HttpBuilder::new(world.discord.token()).client(client(&world.discord)).build();
    let mut bot = ClientBuilder::new_with_http(http, GatewayIntents::all()).await.expect("a client");
    let error = bot.start().await.expect_err("it must not start");
    let wanted = matches!(error, serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents));
    assert!(wanted, "{error}");
}

#[tokio::test]
async fn selects_and_overwrites_of_the_client_are_understood() {
    let world = World::start().await;
    let bot = Bot::start(&world.discord).await;
    let general = ChannelId::new(world.general);
    let lines = vec![CreateSelectMenuOption::new("One", "1").emoji('1'), CreateSelectMenuOption::new("Two", "2")];
    let lines = CreateSelectMenu::new("pick", CreateSelectMenuKind::String { options: lines }).placeholder("Pick one");
    let people = CreateSelectMenu::new("who", CreateSelectMenuKind::User { default_users: None }).max_values(2);
    let rows = vec![CreateActionRow::SelectMenu(lines), CreateActionRow::SelectMenu(people)];
    let builder = CreateMessage::new().content("choose").components(rows);
    let message = general.send_message(&bot.http, builder).await.expect("a message").id.get();
    let (discord, ana) = (&world.discord, world.ana);
    let chosen = discord.choose(ana, world.general, message, "pick", ["2"]).await.expect("an answer");
    assert!(chosen.text().starts_with("Acknowledged by Ana"), "{}", chosen.text());

    let overwrite = PermissionOverwrite {
        allow: Permissions::VIEW_CHANNEL,
        deny: Permissions::SEND_MESSAGES,
        kind: PermissionOverwriteType::Member(ana.into()),
    };
    general.create_permission(&bot.http, overwrite).await.expect("an overwrite");
    assert!(discord.try_say(ana, world.general, "may I?").is_err());
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_void_session_is_identified_anew() {
    let world = World::with(Options::default()).await;
    let mut bot = Bot::start(&world.discord).await;
    world.discord.invalidate_session(false);
    bot.wait_for(&Noticed::Ready).await;
    assert_eq!(world.discord.identifies(), 2);
}

#[tokio::test]
async fn the_client_reads_back_what_it_made() {
    let world = World::with(Options { rate_limits: false, ..Options::default() }).await;
    let bot = Bot::start(&world.discord).await;
    let http = &bot.http;
    let guild = GuildId::new(world.discord.guild());

    let room = guild.create_channel(http, CreateChannel::new("Room One").topic("t")).await.expect("a channel");
    assert_eq!((room.name.as_str(), room.topic.as_deref()), ("room-one", Some("t")));
    let room = room.id.edit(http, EditChannel::new().topic("u")).await.expect("a change");
    assert_eq!(room.topic.as_deref(), Some("u"));

    let file = CreateAttachment::bytes(&b"a,b"[..], "log.csv");
    let builder = CreateMessage::new().content("card").embed(CreateEmbed::new().title("T").field("a", "b", true));
    let card = room.id.send_files(http, [file], builder).await.expect("a message");
    assert_eq!(card.attachments[0].filename, "log.csv");
    let edited = room.id.edit_message(http, card.id, EditMessage::new().content("card 2")).await.expect("an edit");
    assert_eq!((edited.content.as_str(), edited.attachments.len()), ("card 2", 1));
    card.react(http, '👀').await.expect("a reaction");
    room.id.pin(http, card.id).await.expect("a pin");
    let thread = room.id.create_thread_from_message(http, card.id, CreateThread::new("talk")).await.expect("a thread");
    thread.id.say(http, "in the thread").await.expect("a message");
    assert_eq!(guild.get_active_threads(http).await.expect("a list").threads.len(), 1);

    let read = room.id.message(http, card.id).await.expect("the message");
    assert!(read.pinned && read.thread.is_some());
    assert_eq!(read.reactions[0].count, 1);
    let all = ChannelId::new(room.id.get()).messages(http, serenity::builder::GetMessages::new()).await.expect("all");
    assert_eq!(all.len(), 2, "the card and the notice of its pin");

    let direct = UserId::new(world.ana).create_dm_channel(http).await.expect("a conversation");
    direct.id.say(http, "psst").await.expect("a message");
    assert_eq!(world.discord.direct_messages(world.ana)[0].content, "psst");

    assert_eq!(guild.channels(http).await.expect("a list").len(), 2);
    assert_eq!(guild.to_partial_guild_with_counts(http).await.expect("a guild").approximate_member_count, Some(2));
    assert_eq!(guild.member(http, world.ana).await.expect("a member").display_name(), "Ana");
    assert_eq!(guild.roles(http).await.expect("roles").len(), 2);
    http.get_current_application_info().await.expect("the application");
    http.get_bot_gateway().await.expect("the gateway");
    room.id.delete(http).await.expect("it goes");
    assert!(world.discord.channel_named("talk").is_none(), "its thread goes with it");
    assert_eq!(world.discord.violations(), Vec::<String>::new());
}
