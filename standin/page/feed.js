// The messages of the open channel. Only what changed is drawn, and never more at once than a picture can bear.

import { $, fill, h } from "./dom.js";
import { draw, isDismissed, pinned } from "./message.js";
import { whenReleased } from "./press.js";
import { fetchEarlier, later, markRead, messagesOf, nameOfChannel, readMark, channelOf, unread, world } from "./world.js";

const SHOWN = 60;
const AT_ONCE = 25;
const NEAR_PX = 80;
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

let nodes = new Map(); // id → element, in order
let todo = new Set();
let drawing = false;
let shown = SHOWN;
let isAtEnd = true;
let unreadFrom = "0";
let earlierLeft = new Map(); // channel → whether the server may have more
let drawn = () => {};

export function start(onDrawn) {
  drawn = onDrawn;
  const feed = $("feed");
  feed.addEventListener("scroll", () => {
    isAtEnd = feed.scrollHeight - feed.scrollTop - feed.clientHeight < NEAR_PX;
    if (isAtEnd) seen();
  });
  new ResizeObserver(() => isAtEnd && toEnd()).observe(feed);
  $("newest").addEventListener("click", () => toEnd());
  $("pins").addEventListener("click", openPins);
  document.addEventListener("dismissed", ({ detail }) => {
    nodes.get(detail.id)?.remove();
    nodes.delete(detail.id);
    $("feed").focus();
  });
}

// Another channel, or everything anew.
export function reset() {
  nodes = new Map();
  todo = new Set();
  shown = SHOWN;
  isAtEnd = true;
  unreadFrom = readMark(world.channel);
  fill($("feed"), h("div", { id: "feed-top" }), h("div", { id: "feed-end", tabindex: "-1" }));
  for (const id of visible()) todo.add(id);
  head();
  flush();
}

export function changed(ids) {
  if (ids === "all") return reset();
  for (const id of ids) todo.add(id);
  return schedule();
}

function visible() {
  return [...messagesOf(world.channel).keys()].slice(-shown);
}

function schedule() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => whenReleased(() => {
    drawing = false;
    flush();
  }));
}

function flush() {
  const messages = messagesOf(world.channel);
  const oldest = visible()[0];
  const ids = [...todo].sort(later).slice(-AT_ONCE);
  for (const id of ids) {
    todo.delete(id);
    const message = messages.get(id);
    if (!message || isDismissed(message)) remove(id);
    else if (nodes.has(id) || later(id, oldest ?? "") >= 0) put(message, messages);
  }
  trim(oldest);
  top();
  if (isAtEnd) toEnd();
  else more();
  pins();
  drawn();
  if (todo.size > 0) schedule();
}

function put(message, messages) {
  const old = nodes.get(message.id);
  const element = draw(message, before(message, messages));
  if (old) {
    const focus = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(element);
    nodes.set(message.id, element);
    // Who was on a button stays on it, though the message was drawn anew.
    if (focus) (focus.dataset.key && element.querySelector(`[data-key="${CSS.escape(focus.dataset.key)}"]`) || element.querySelector("button"))?.focus();
    return;
  }
  let next = $("feed-end");
  while (next.previousElementSibling?.dataset.message && later(next.previousElementSibling.dataset.message, message.id) > 0) {
    next = next.previousElementSibling;
    while (next.previousElementSibling?.classList.contains("divider")) next = next.previousElementSibling;
  }
  for (const divider of dividers(message, messages)) next.before(divider);
  next.before(element);
  nodes.set(message.id, element);
  // What follows may stand under another name now.
  const after = element.nextElementSibling?.dataset.message;
  if (after && nodes.has(after)) todo.add(after);
}

function before(message, messages) {
  let found;
  for (const id of [...messages.keys()].slice(-shown - 1).reverse()) {
    if (later(id, message.id) < 0 && !isDismissed(messages.get(id))) {
      found = messages.get(id);
      break;
    }
  }
  return found && day(found) === day(message) && !isFirstUnread(message, found) ? found : undefined;
}

const day = (message) => new Date(message.timestamp).toDateString();
const isFirstUnread = (message, previous) => later(message.id, unreadFrom) > 0 && later(previous?.id ?? "0", unreadFrom) <= 0 && unreadFrom !== "0";

function dividers(message, messages) {
  let previous;
  for (const [id, other] of messages) {
    if (later(id, message.id) >= 0) break;
    previous = other;
  }
  const out = [];
  if (!previous || day(previous) !== day(message)) {
    out.push(h("p", { class: "divider" }, h("span", {}, DAY.format(new Date(message.timestamp)))));
  }
  if (isFirstUnread(message, previous) && message.author.id !== world.me) {
    out.push(h("p", { class: "divider new" }, h("span", {}, "New")));
  }
  return out;
}

function remove(id) {
  nodes.get(id)?.remove();
  nodes.delete(id);
}

// What scrolled far up is taken from the page; it is still known.
function trim(oldest) {
  if (!isAtEnd || !oldest) return;
  for (const [id, element] of nodes) {
    if (later(id, oldest) >= 0) continue;
    element.remove();
    nodes.delete(id);
  }
  const feed = $("feed");
  while (feed.children[1]?.classList.contains("divider") && feed.children[2]?.classList.contains("divider")) feed.children[1].remove();
}

function top() {
  const channel = channelOf(world.channel);
  if (!channel) return;
  const known = messagesOf(world.channel).size;
  const mayHaveMore = known > shown || (known >= 100 && earlierLeft.get(world.channel) !== false);
  if ($("feed-top").dataset.more === `${channel.id}/${mayHaveMore}`) return;
  $("feed-top").dataset.more = `${channel.id}/${mayHaveMore}`;
  const name = `${channel.direct ? "@" : "#"}${nameOfChannel(channel)}`;
  fill($("feed-top"), mayHaveMore
    ? h("button", { type: "button", class: "control secondary", onclick: showEarlier }, "Show earlier messages")
    : h("div", { class: "welcome" }, h("p", { class: "welcome-name" }, name), h("p", {}, channel.direct ? "The private conversation with the bot." : `This is where ${name} begins.`)));
}

async function showEarlier() {
  const feed = $("feed");
  const height = feed.scrollHeight;
  if (messagesOf(world.channel).size <= shown) earlierLeft.set(world.channel, (await fetchEarlier(world.channel)) > 0);
  shown += SHOWN;
  isAtEnd = false;
  for (const id of visible()) if (!nodes.has(id)) todo.add(id);
  flush();
  feed.scrollTop += feed.scrollHeight - height;
}

function toEnd() {
  const feed = $("feed");
  feed.scrollTop = feed.scrollHeight;
  isAtEnd = true;
  seen();
}

function seen() {
  $("newest").hidden = true;
  if (!document.hidden && markRead(world.channel)) document.dispatchEvent(new CustomEvent("read"));
}

function more() {
  const channel = channelOf(world.channel);
  const { count } = channel ? unread(channel) : { count: 0 };
  $("newest").hidden = count === 0;
  $("newest").textContent = `${count} new ${count === 1 ? "message" : "messages"} ↓`;
}

export function head() {
  const channel = channelOf(world.channel);
  if (!channel) return;
  const name = nameOfChannel(channel);
  $("room-name").textContent = `${channel.direct ? "@" : "#"} ${name}`;
  $("room-topic").textContent = channel.topic ?? "";
  document.title = `${channel.direct ? "@" : "#"}${name} · a stand-in for Discord`;
}

function pins() {
  const count = pinned(world.channel).length;
  $("pins").hidden = count === 0;
  $("pins").textContent = `📌 ${count}`;
  $("pins").setAttribute("aria-label", `Pinned messages: ${count}`);
}

function openPins() {
  const dialog = h("dialog", { class: "pins", "aria-label": "Pinned messages" },
    h("div", { class: "row ends" }, h("h2", {}, "Pinned messages"), h("button", { type: "button", class: "plain", "aria-label": "Close", onclick: () => dialog.close() }, "✕")),
    pinned(world.channel).map((message) => draw(message)));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

// Shows one message, and says where it is by a flash.
export function reveal(id) {
  if (!nodes.has(id) && messagesOf(world.channel).has(id)) {
    shown = messagesOf(world.channel).size;
    isAtEnd = false;
    for (const each of visible()) if (!nodes.has(each)) todo.add(each);
    while (todo.size > 0) flush();
  }
  const element = nodes.get(id);
  if (!element) return null;
  isAtEnd = false;
  element.scrollIntoView({ block: "center" });
  element.classList.remove("flash");
  void element.offsetWidth;
  element.classList.add("flash");
  return element;
}
