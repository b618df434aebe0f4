// The channels on the left, with what is unread, and the person whom one acts as.

import { $, face, fill, h, hidden } from "./dom.js";
import { openMenu } from "./menu.js";
import { actAs, nameOf, nameOfChannel, openChannel, personOf, unread, world } from "./world.js";

const CATEGORY = 4;
const THREADS = [11, 12];

let drawn = ""; // what is shown, so that the same is not drawn again

// What of a channel's unread messages is shown: whether there are any, and how many call this person.
function unreadSigns(channel) {
  const { count, calls } = unread(channel);
  return [count > 0, calls];
}

export function draw() {
  const { scene } = world;
  const channels = scene.channels.filter((channel) => !channel.archived || channel.id === world.channel);
  const of = (parent) => channels.filter((channel) => channel.parent === parent && channel.type !== CATEGORY && !channel.direct && !THREADS.includes(channel.type))
    .sort((a, b) => a.position - b.position);
  const categories = channels.filter((channel) => channel.type === CATEGORY);
  const isKnown = (channel) => categories.some((category) => category.id === channel.parent);
  const loose = channels.filter((channel) => channel.type !== CATEGORY && !channel.direct && !THREADS.includes(channel.type) && !isKnown(channel));
  const direct = channels.filter((channel) => channel.direct);
  const key = JSON.stringify([world.me, world.channel, scene.guild.name, channels, channels.map(unreadSigns), scene.cast, personOf(world.me)]);
  if (key === drawn) return;
  drawn = key;
  const focus = $("sidebar").contains(document.activeElement) ? document.activeElement.dataset.channel ?? document.activeElement.id : null;
  const scroll = $("sidebar").querySelector(".channels")?.scrollTop ?? 0;
  fill($("sidebar"),
    h("p", { class: "guild" }, scene.guild.name),
    h("div", { class: "channels", tabindex: "-1" },
      list(null, loose),
      categories.map((category) => list(category.name, of(category.id), "Nothing here yet")),
      list("Direct messages", direct, "Nobody has written to you")),
    me());
  $("sidebar").querySelector(".channels").scrollTop = scroll;
  if (focus) ($("sidebar").querySelector(`[data-channel="${focus}"]`) ?? $(focus))?.focus();
}

function list(title, channels, empty) {
  if (channels.length === 0 && !empty) return null;
  return h("section", {},
    title && h("h2", {}, title),
    channels.length === 0 ? h("p", { class: "small" }, empty) : h("ul", {}, channels.map((channel) => h("li", {}, row(channel),
      threads(channel)))));
}

function threads(channel) {
  const own = world.scene.channels.filter((thread) => THREADS.includes(thread.type) && thread.parent === channel.id && (!thread.archived || thread.id === world.channel));
  return own.length > 0 && h("ul", { class: "threads" }, own.map((thread) => h("li", {}, row(thread))));
}

function row(channel) {
  const { count, calls } = unread(channel);
  const isOpen = channel.id === world.channel;
  const sign = channel.direct ? face(nameOf(world.scene.bot), world.scene.bot, true) : h("span", { class: "sign", "aria-hidden": "true" }, THREADS.includes(channel.type) ? "⌙" : "#");
  const classes = ["channel", count > 0 && !isOpen && "unread", isOpen && "open"].filter(Boolean).join(" ");
  const go = () => {
    openChannel(channel.id);
    document.dispatchEvent(new CustomEvent("chosen"));
  };
  return h("button", { type: "button", class: classes, "data-channel": channel.id, "aria-current": isOpen ? "page" : undefined, onclick: go },
    sign, h("span", { class: "channel-name" }, nameOfChannel(channel)),
    count > 0 && !isOpen && (calls > 0 ? h("span", { class: "calls" }, String(calls), hidden(calls === 1 ? " message for you" : " messages for you")) : hidden(", unread")));
}

function me() {
  const person = personOf(world.me);
  const line = world.scene.cast.find((part) => part.user === world.me)?.line ?? "";
  return h("button", { id: "act-as", type: "button", class: "myself", "aria-haspopup": "menu", "aria-expanded": "false", onclick: (event) => chooseWho(event.currentTarget) },
    face(person?.name ?? "?", world.me),
    h("span", { class: "me-words" }, h("span", { class: "small" }, "Acting as"), h("strong", {}, person?.name ?? "nobody"), h("span", { class: "small" }, [line, ...(person?.marks ?? [])].join(" · "))),
    h("span", { "aria-hidden": "true" }, "⇅"));
}

function chooseWho(anchor) {
  openMenu(anchor, world.scene.cast.map((part) => {
    const person = personOf(part.user);
    return {
      label: nameOf(part.user), detail: [part.line, ...(person?.marks ?? [])].join(" · "), node: face(nameOf(part.user), part.user),
      radio: true, checked: () => part.user === world.me, go: () => actAs(part.user),
    };
  }));
}
