// What is known of the world, as the person sees it whom the visitor acts as. Changes come in gulps: they are gathered
// and handed on once for each picture that the browser draws.

import { whenReleased } from "./press.js";
import { follow, get } from "./server.js";

export const world = {
  me: null,
  channel: null,
  scene: null,
  commands: [],
  connected: false,
  messages: new Map(), // channel → Map of id → message, oldest first
};

const listeners = [];
let queue = [];
let drawing = false;
let unfollow = () => {};
const readUpTo = new Map(); // "me/channel" → id of the newest message that was read

// `listener(news)`: news.scene, news.commands, news.channel, news.connected say whether; news.messages is a Map of
// channel → Set of ids, or "all".
export const listen = (listener) => listeners.push(listener);

export const later = (a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

export function actAs(user, channel) {
  unfollow();
  queue = [];
  world.me = user;
  if (channel !== undefined) world.channel = channel;
  world.scene = null;
  world.messages = new Map();
  remember();
  unfollow = follow(user, (name, data) => enqueue(name, data));
}

export function openChannel(channel) {
  if (world.channel === channel) return;
  world.channel = channel;
  remember();
  announce({ channel: true, messages: new Map() });
}

function remember() {
  history.replaceState(null, "", `#${world.me ?? ""}/${world.channel ?? ""}`);
}

function enqueue(name, data) {
  queue.push([name, data]);
  if (drawing) return;
  drawing = true;
  // A page that nobody looks at gets no pictures to draw.
  if (document.hidden) setTimeout(flush, 200);
  else requestAnimationFrame(() => whenReleased(flush));
}

function flush() {
  drawing = false;
  const news = { messages: new Map() };
  for (const [name, data] of queue.splice(0)) take(name, data, news);
  if (world.scene) announce(news);
}

function take(name, data, news) {
  if (name === "open") {
    world.messages = new Map();
    world.connected = true;
    news.connected = true;
    news.messages = "all";
  } else if (name === "lost") {
    world.connected = false;
    news.connected = true;
  } else if (name === "scene") {
    world.scene = data;
    news.scene = true;
    if (!channelOf(world.channel)) {
      world.channel = data.channels.find((channel) => channel.type === 0)?.id ?? null;
      news.channel = true;
      remember();
    }
  } else if (name === "commands") {
    world.commands = data;
    news.commands = true;
  } else if (name === "messages") {
    for (const message of data.messages) keep(message, news);
    for (const { channel, id } of data.gone) {
      if (world.messages.get(channel)?.delete(id)) note(news, channel, id);
    }
  }
}

function keep(message, news) {
  const channel = message.channel_id;
  let own = world.messages.get(channel);
  if (!own) world.messages.set(channel, (own = new Map()));
  const isNew = !own.has(message.id);
  own.set(message.id, message);
  if (isNew && own.size > 1 && later(message.id, own.newest ?? "") < 0) {
    const sorted = [...own].sort(([a], [b]) => later(a, b));
    own.clear();
    for (const [id, each] of sorted) own.set(id, each);
  } else if (isNew) {
    own.newest = message.id;
  }
  note(news, channel, message.id);
}

function note(news, channel, id) {
  if (news.messages === "all") return;
  if (!news.messages.has(channel)) news.messages.set(channel, new Set());
  news.messages.get(channel).add(id);
}

function announce(news) {
  for (const listener of listeners) listener(news);
}

// Fetches the messages of a channel before the first that is known; says how many came.
export async function fetchEarlier(channel) {
  const own = world.messages.get(channel);
  const first = own?.keys().next().value;
  if (!first) return 0;
  const messages = await get("/earlier", { user: world.me, channel, before: first });
  const news = { messages: new Map() };
  const known = [...own];
  const { newest } = own;
  own.clear();
  for (const message of messages) own.set(message.id, message);
  for (const [id, message] of known) own.set(id, message);
  own.newest = newest;
  for (const message of messages) note(news, channel, message.id);
  return messages.length;
}

export const channelOf = (id) => world.scene?.channels.find((channel) => channel.id === id);
export const personOf = (id) => world.scene?.people.find((person) => person.id === id);
export const nameOf = (id) => personOf(id)?.name ?? "somebody who left";
export const messagesOf = (channel) => world.messages.get(channel) ?? new Map();

export function nameOfChannel(channel) {
  return channel.direct ? nameOf(world.scene.bot) : channel.name;
}

// How many messages of a channel are new to this person, and how many of them call them.
export function unread(channel) {
  const read = readUpTo.get(`${world.me}/${channel.id}`) ?? "0";
  let count = 0;
  let calls = 0;
  const all = [...messagesOf(channel.id).values()];
  for (let at = all.length - 1; at >= 0 && later(all[at].id, read) > 0; at -= 1) {
    const message = all[at];
    if (message.author.id === world.me || message.ephemeral) continue;
    count += 1;
    const calls_me = channel.direct || message.mention_everyone || message.mentions.some((user) => user.id === world.me);
    if (calls_me) calls += 1;
  }
  return { count, calls };
}

export function markRead(channel) {
  const newest = messagesOf(channel).newest;
  const key = `${world.me}/${channel}`;
  if (!newest || readUpTo.get(key) === newest) return false;
  readUpTo.set(key, newest);
  return true;
}

export const readMark = (channel) => readUpTo.get(`${world.me}/${channel}`) ?? "0";
