// Discord's markdown, as elements.

import { h } from "./dom.js";
import { moment } from "./time.js";
import { channelOf, nameOfChannel, personOf, world, openChannel } from "./world.js";

// A text with blocks: headings, quotes, lists, code.
export function blocks(text) {
  const out = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    const fence = line.match(/^```([\w+-]*)\s*$/) ?? (line.startsWith("```") ? ["", ""] : null);
    if (line.startsWith("```") && text.indexOf("```", text.indexOf(line) + 3) >= 0) {
      const rest = lines.slice(at).join("\n");
      const end = rest.indexOf("```", 3);
      if (end > 0) {
        let code = rest.slice(3, end);
        if (fence[1] && code.startsWith(`${fence[1]}\n`)) code = code.slice(fence[1].length);
        out.push(h("pre", { tabindex: "0" }, h("code", {}, code.replace(/^\n/, "").replace(/\n$/, ""))));
        const consumed = rest.slice(0, end + 3).split("\n").length;
        const tail = rest.slice(end + 3).split("\n")[0];
        at += consumed - 1;
        if (tail.trim()) out.push(h("p", {}, inline(tail)));
        continue;
      }
    }
    if (line.startsWith(">>> ")) {
      out.push(h("blockquote", {}, blocks([line.slice(4), ...lines.slice(at + 1)].join("\n"))));
      break;
    }
    const quoted = gather(lines, at, /^> ?(.*)$/);
    if (quoted.length > 0 && line.startsWith(">")) {
      out.push(h("blockquote", {}, blocks(quoted.map((match) => match[1]).join("\n"))));
      at += quoted.length - 1;
      continue;
    }
    const heading = line.match(/^(#{1,3}) (.+)$/);
    if (heading) {
      out.push(h("p", { class: `heading level-${heading[1].length}`, role: "heading", "aria-level": heading[1].length + 2 },
        inline(heading[2])));
      continue;
    }
    const small = line.match(/^-# (.+)$/);
    if (small) {
      out.push(h("p", { class: "small" }, inline(small[1])));
      continue;
    }
    const items = gather(lines, at, /^ *[-*] (.+)$/);
    if (items.length > 0) {
      out.push(h("ul", {}, items.map((match) => h("li", {}, inline(match[1])))));
      at += items.length - 1;
      continue;
    }
    const numbered = gather(lines, at, /^ *(\d+)\. (.+)$/);
    if (numbered.length > 0) {
      out.push(h("ol", { start: numbered[0][1] }, numbered.map((match) => h("li", {}, inline(match[2])))));
      at += numbered.length - 1;
      continue;
    }
    out.push(line.trim() === "" ? h("div", { class: "gap" }) : h("p", {}, inline(line)));
  }
  return out;
}

function gather(lines, from, pattern) {
  const found = [];
  for (let at = from; at < lines.length; at += 1) {
    const match = lines[at].match(pattern);
    if (!match) break;
    found.push(match);
  }
  return found;
}

const wrap = (tag, className) => (match) => h(tag, { class: className }, inline(match[1]));

// Tried in order at every place; the first that begins there wins.
const RULES = [
  [/^\\([^\w\s])/, (match) => match[1]],
  [/^``(.+?)``(?!`)/s, (match) => h("code", {}, match[1])],
  [/^`([^`]+)`/, (match) => h("code", {}, match[1])],
  [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (match) => moment(Number(match[1]) * 1000, match[2] ?? "f", "stamp")],
  [/^<@!?(\d+)>/, (match) => mention(match[1])],
  [/^<@&(\d+)>/, (match) => h("span", { class: "mention" }, `@${world.scene.roles.find((role) => role.id === match[1])?.name ?? "unknown role"}`)],
  [/^<#(\d+)>/, (match) => place(match[1])],
  [/^<\/([^:>]+):\d+>/, (match) => h("span", { class: "mention" }, `/${match[1]}`)],
  [/^<a?:(\w+):\d+>/, (match) => `:${match[1]}:`],
  [/^@(everyone|here)\b/, (match) => h("span", { class: "mention" }, match[0])],
  [/^\[((?:\\.|[^\]\\])+)\]\(<?(https?:\/\/[^\s)>]+)>?(?: "[^"]*")?\)/, (match) => link(match[2], inline(match[1]))],
  [/^<(https?:\/\/[^\s>]+)>/, (match) => link(match[1], [match[1]])],
  [/^https?:\/\/[^\s<>]*[^\s<>.,:;!?'")\]]/, (match) => link(match[0], [match[0]])],
  [/^\*\*\*(?=\S)(.+?\S|\S)\*\*\*(?!\*)/s, (match) => h("strong", {}, h("em", {}, inline(match[1])))],
  [/^\*\*(?=\S)((?:\\.|[^\\])*?[^\s\\]|[^\s\\])\*\*(?!\*)/s, wrap("strong")],
  [/^__(?=\S)(.+?)__(?!_)/s, wrap("u")],
  [/^\*(?=[^\s*])((?:\\.|\*\*.+?\*\*|[^*\\])+?)\*(?!\*)/s, wrap("em")],
  [/^_(?=\S)((?:\\.|[^_\\])+?)_(?!\w)/s, wrap("em")],
  [/^~~(?=\S)(.+?)~~/s, wrap("s")],
  [/^\|\|(.+?)\|\|/s, spoiler],
];
// Where a rule could begin; everything before it is text.
const NEXT = /[\\`<@[*_~|]|https?:\/\//;

export function inline(text) {
  const out = [];
  let plain = "";
  let before = "";
  while (text) {
    const rule = text.search(NEXT) === 0 ? RULES.find(([pattern]) => begins(pattern, text, before)) : undefined;
    if (rule) {
      const match = text.match(rule[0]);
      if (plain) out.push(plain);
      plain = "";
      const made = rule[1](match);
      if (typeof made === "string") plain = made;
      else out.push(made);
      before = match[0].at(-1);
      text = text.slice(match[0].length);
      continue;
    }
    const next = text.slice(1).search(NEXT);
    const length = next < 0 ? text.length : next + 1;
    plain += text.slice(0, length);
    before = text[length - 1];
    text = text.slice(length);
  }
  if (plain) out.push(plain);
  return out;
}

// An underscore within a word is no emphasis: model_version_14.
function begins(pattern, text, before) {
  return !(text[0] === "_" && text[1] !== "_" && /\w/.test(before)) && pattern.test(text);
}

function mention(id) {
  const person = personOf(id);
  const isMe = id === world.me;
  return h("span", { class: isMe ? "mention me" : "mention", "data-user": id }, `@${person?.name ?? "unknown user"}`);
}

function place(id) {
  const channel = channelOf(id);
  if (!channel) return h("span", { class: "mention" }, "#unknown");
  return h("button", { type: "button", class: "mention", onclick: () => openChannel(id) }, `#${nameOfChannel(channel)}`);
}

// Addresses of Discord's own lead to what they name here; all others lead outside, in a tab of their own.
function link(address, label) {
  const own = address.match(/^https:\/\/discord\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?$/);
  if (own && channelOf(own[1])) {
    const isBare = label.length === 1 && label[0] === address;
    const text = isBare ? `#${nameOfChannel(channelOf(own[1]))}${own[2] ? " › message" : ""}` : label;
    const go = () => document.dispatchEvent(new CustomEvent("go", { detail: { channel: own[1], message: own[2] } }));
    return h("button", { type: "button", class: isBare ? "mention" : "link", onclick: go }, text);
  }
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label);
}

function spoiler(match) {
  const show = (event) => event.currentTarget.setAttribute("aria-pressed", "true");
  return h("button", { type: "button", class: "spoiler", "aria-pressed": "false", "aria-label": "Spoiler", onclick: show },
    h("span", {}, inline(match[1])));
}
