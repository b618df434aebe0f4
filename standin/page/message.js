// One message: who, when, what, and what hangs on it.

import { h, face, hidden } from "./dom.js";
import { attachment, embed } from "./embed.js";
import { answer } from "./composer.js";
import { act, rows } from "./controls.js";
import { blocks, inline } from "./markdown.js";
import { moment } from "./time.js";
import { openMenu } from "./menu.js";
import { post } from "./server.js";
import { attempt } from "./toast.js";
import { channelOf, messagesOf, nameOf, openChannel, world } from "./world.js";

const EPHEMERAL = 1 << 6;
const LOADING = 1 << 7;
const PIN_NOTICE = 6;
const THREAD_NOTICE = 18;
const EMOJI = ["👍", "👀", "✅", "🙏", "🔥"];
// Messages of one person within this time stand under one name.
const TOGETHER_MS = 7 * 60 * 1000;
const dismissed = new Set();

export const isDismissed = (message) => dismissed.has(message.id);

export function continues(message, before) {
  return Boolean(before) && before.type === 0 && message.type === 0 && before.author.id === message.author.id
    && !message.message_reference && !message.interaction_metadata && !(message.flags & EPHEMERAL) && !(before.flags & EPHEMERAL)
    && Date.parse(message.timestamp) - Date.parse(before.timestamp) < TOGETHER_MS;
}

// What of a message can be read, as plain text: for the tour, which looks for buttons by what stands around them.
export function plain(message) {
  const embeds = message.embeds.flatMap((own) =>
    [own.title, own.description, own.footer?.text, ...(own.fields ?? []).flatMap((field) => [field.name, field.value])]);
  return [message.content, ...embeds].filter(Boolean).join("\n").replaceAll("**", "");
}

export function draw(message, before) {
  const name = message.author_name || nameOf(message.author.id);
  if (message.type === PIN_NOTICE || message.type === THREAD_NOTICE) return notice(message, name);
  const isBot = message.author.bot === true;
  const isEphemeral = Boolean(message.flags & EPHEMERAL);
  const isFollowing = continues(message, before);
  const callsMe = message.mention_everyone || message.mentions.some((user) => user.id === world.me);
  const classes = ["message", isFollowing && "following", isEphemeral && "ephemeral", callsMe && "calls-me"].filter(Boolean);
  const head = isFollowing
    ? hidden(`${name}, `)
    : h("div", { class: "head" }, h("h2", { class: "who" }, name), isBot && h("span", { class: "tag" }, "bot"),
      moment(message.timestamp, "t", "when"));
  const article = h("article", {
    class: classes.join(" "), "data-message": message.id, "aria-label": `${name}, ${new Date(message.timestamp).toLocaleTimeString()}`,
  },
    lead(message),
    isFollowing ? moment(message.timestamp, "t", "aside when") : face(name, message.author.id, isBot),
    h("div", { class: "body" },
      head,
      words(message),
      message.embeds.map((own) => embed(own, message)),
      message.attachments.filter((file) => !isInEmbed(file, message)).map(attachment),
      rows(message),
      reactions(message),
      thread(message),
      isEphemeral && onlyYou(message)),
    h("div", { class: "tools" }, h("button", {
      type: "button", class: "plain more", "aria-haspopup": "menu", "aria-label": `What can be done with this message of ${name}`,
      onclick: (event) => menu(event.currentTarget, message),
    }, "⋯")));
  article.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a, button, pre") || !getSelection().isCollapsed) return;
    event.preventDefault();
    menu(article.querySelector(".more"), message);
  });
  return article;
}

function words(message) {
  if (message.flags & LOADING) return h("p", { class: "loading" }, `${nameOf(world.scene.bot)} is thinking…`);
  if (!message.content) return message.edited_timestamp && message.embeds.length === 0 ? edited(message) : null;
  const own = blocks(message.content);
  // At the end of the last line, not on one of its own.
  if (message.edited_timestamp) own.at(-1).append(edited(message));
  return h("div", { class: "words" }, own);
}

function edited(message) {
  return h("span", { class: "edited", title: new Date(message.edited_timestamp).toLocaleString() }, "(edited)");
}

// What stands above a message: what it answers.
function lead(message) {
  const answered = message.referenced_message;
  if (message.message_reference && !message.interaction_metadata) {
    const text = answered ? [h("strong", {}, nameOf(answered.author.id)), " ", inline(plain(answered).split("\n")[0].slice(0, 120))]
      : "a message that was deleted";
    const go = () => document.dispatchEvent(new CustomEvent("go",
      { detail: { channel: message.channel_id, message: message.message_reference.message_id } }));
    return h("div", { class: "lead" }, "↩ ", answered ? h("button", { type: "button", class: "plain", onclick: go }, text) : text);
  }
  const origin = message.interaction_metadata;
  if (!origin) return null;
  const used = origin.name ? h("span", { class: "mention" }, `/${origin.name}`) : "a button";
  return h("div", { class: "lead" }, "↩ ", h("strong", {}, nameOf(origin.user.id)), " used ", used);
}

function notice(message, name) {
  const target = message.message_reference?.message_id;
  const go = () => document.dispatchEvent(new CustomEvent("go", { detail: { channel: message.channel_id, message: target } }));
  const what = message.type === PIN_NOTICE
    ? ["📌 ", h("strong", {}, name), " pinned ", h("button", { type: "button", class: "link", onclick: go }, "a message"), " to this channel."]
    : ["🧵 ", h("strong", {}, name), ` started a thread: ${message.content}`];
  return h("article", { class: "message notice", "data-message": message.id }, h("p", {}, what, " ", moment(message.timestamp, "t", "when")));
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return h("div", { class: "reactions" }, message.reactions.map((reaction) => h("button", {
    type: "button", class: "reaction", "aria-pressed": String(reaction.me), title: reaction.names.join(", "),
    "aria-label": `${reaction.emoji.name}, ${reaction.count}: ${reaction.names.join(", ")}`,
    onclick: () => react(message, reaction.emoji.name, !reaction.me),
  }, `${reaction.emoji.name} ${reaction.count}`)));
}

function react(message, emoji, on) {
  return attempt(() => post(on ? "/react" : "/unreact", {
    user: world.me, channel: message.channel_id, message: message.id, emoji,
  }));
}

function thread(message) {
  if (!message.thread || !channelOf(message.thread.id)) return null;
  return h("button", { type: "button", class: "thread", onclick: () => openChannel(message.thread.id) },
    "🧵 ", h("strong", {}, message.thread.name), " — open the thread");
}

function onlyYou(message) {
  const dismiss = () => {
    dismissed.add(message.id);
    document.dispatchEvent(new CustomEvent("dismissed", { detail: message }));
  };
  return h("p", { class: "only-you" }, "👁 Only you can see this · ", h("button", { type: "button", class: "link", onclick: dismiss }, "Dismiss message"));
}

function isInEmbed(file, message) {
  return message.embeds.some((own) => [own.image?.url, own.thumbnail?.url].includes(`attachment://${file.filename}`));
}

function menu(anchor, message) {
  const ask = (path, body) => () => attempt(() => post(path, { user: world.me, channel: message.channel_id, message: message.id, ...body }));
  const entries = world.commands.filter((command) => command.type === 3)
    .map((command) => ({ label: command.name, detail: "app", go: () => act("/message-menu", { message: message.id, channel: message.channel_id, name: command.name }) }));
  const isShared = !(message.flags & EPHEMERAL);
  openMenu(anchor, [
    ...(isShared ? EMOJI.map((emoji) => ({ label: `React with ${emoji}`, go: () => react(message, emoji, true) })) : []),
    ...(isShared ? [{ label: message.pinned ? "Unpin" : "Pin", go: ask(message.pinned ? "/unpin" : "/pin", {}) }] : []),
    ...(isShared && channelOf(message.channel_id)?.can_write ? [{ label: "Reply", go: () => answer(message) }] : []),
    { label: "Copy the text", go: () => attempt(() => navigator.clipboard.writeText(plain(message))) },
    ...(isShared ? entries : []),
  ]);
}

export function pinned(channel) {
  return [...messagesOf(channel).values()].filter((message) => message.pinned);
}
