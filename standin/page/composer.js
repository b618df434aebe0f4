// Where one types: words, or a command with its options.

import { act } from "./controls.js";
import { $, fill, h } from "./dom.js";
import { KIND, filtered, leaves, matching, offered, suggested, typed } from "./commands.js";
import { Hits } from "./hits.js";
import { post } from "./server.js";
import { attempt, toast } from "./toast.js";
import { channelOf, nameOf, nameOfChannel, world } from "./world.js";

const ASK_AFTER_MS = 120;
const LONGEST = 2000;

let hits;
let text; // the text area, when words are typed
let answers = null; // the message that is answered, when one is
let draft = null; // {leaf, fields}, when a command is filled in
const kept = new Map(); // "me/channel" → what was typed there

export function start() {
  const list = h("ul", { id: "hits", class: "hits", role: "listbox", tabindex: "0", hidden: true });
  hits = new Hits(list);
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (draft) run();
    else say();
  });
  toWords("");
}

// Another channel, or another person: what was typed stays where it was typed.
export function moved(from) {
  if (from && text) kept.set(from, text.value);
  answers = null;
  toWords(kept.get(`${world.me}/${world.channel}`) ?? "");
}

export const key = () => `${world.me}/${world.channel}`;

// What is typed next answers this message.
export function answer(message) {
  const typed = text?.value ?? "";
  answers = message;
  toWords(typed, true);
}

export function mentionInDraft(id) {
  if (!text) return;
  text.value += `<@${id}> `;
  text.focus();
}

// ── Words ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function toWords(value, isFocused = false) {
  draft = null;
  hits.hide();
  const channel = channelOf(world.channel);
  const mayWrite = channel?.can_write ?? false;
  const name = channel ? `${channel.direct ? "@" : "#"}${nameOfChannel(channel)}` : "";
  text = h("textarea", {
    id: "say", rows: 1, maxlength: LONGEST, disabled: !mayWrite, value, "aria-autocomplete": "list", "aria-controls": "hits", "aria-label": `Message ${name}`,
    placeholder: mayWrite ? `Message ${name}, or / for commands` : "You may not write here",
  });
  text.addEventListener("input", () => {
    grow();
    offerCommands();
  });
  text.addEventListener("keydown", (event) => {
    if (hits.steer(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      $("composer").requestSubmit();
    }
  });
  text.addEventListener("blur", () => hits.hide());
  fill($("composer"), hits.element, answers && answering(), h("div", { class: "box" }, text, h("button", { type: "submit", class: "send plain", "aria-label": "Send" }, "➤")));
  grow();
  if (isFocused) text.focus();
}

function answering() {
  const leave = () => {
    answers = null;
    toWords(text.value, true);
  };
  return h("p", { class: "answering" }, "Replying to ", h("strong", {}, nameOf(answers.author.id)),
    h("button", { type: "button", class: "plain", "aria-label": "Do not reply", onclick: leave }, "✕"));
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 200)}px`;
}

function offerCommands() {
  const value = text.value;
  if (!value.startsWith("/") || value.includes("\n")) return hits.hide();
  // A whole command and a space: its options come next.
  const whole = leaves().find((leaf) => value === `/${leaf.path} ` && leaf.options.length > 0);
  if (whole) return toCommand(whole);
  const entries = matching(value).map((leaf) => ({ name: `/${leaf.path}`, detail: leaf.description, pick: () => toCommand(leaf) }));
  return hits.show(text, entries, "Commands");
}

async function say() {
  const said = text.value.trim();
  if (!said) return;
  if (said.startsWith("/")) {
    const leaf = leaves().find((own) => said === `/${own.path}`);
    if (leaf) toCommand(leaf);
    else toast(`There is no command ${said.split(" ")[0]} that reads so. Type / and choose one.`);
    return;
  }
  const sent = await attempt(() => post("/say", { user: world.me, channel: world.channel, text: said, reply_to: answers?.id }));
  if (!sent) return;
  answers = null;
  kept.delete(key());
  toWords("", true);
}

// ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

function toCommand(leaf) {
  hits.hide();
  text = null;
  draft = { leaf, fields: [] };
  for (const option of leaf.options.filter((own) => own.required)) draft.fields.push(field(option));
  show();
  (draft.fields[0]?.input ?? $("composer").querySelector(".send")).focus();
}

function show() {
  const { leaf, fields } = draft;
  const rest = leaf.options.filter((option) => !fields.some((own) => own.option === option));
  const more = rest.map((option) => h("button", {
    type: "button", class: "more-option", title: option.description,
    onclick: () => {
      const own = field(option);
      draft.fields.push(own);
      show();
      own.input.focus();
    },
  }, `+ ${option.name}`));
  const box = h("div", { class: "box command", role: "group", "aria-label": `The command /${leaf.path}` },
    h("span", { class: "command-name", title: leaf.description }, `/${leaf.path}`),
    fields.map((own) => own.element), more,
    h("button", { type: "button", class: "plain drop", "aria-label": "Leave the command", onclick: () => toWords("", true) }, "✕"),
    h("button", { type: "submit", class: "send plain", "aria-label": `Run /${leaf.path}` }, "➤"));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !hits.isOpen) toWords("", true);
  });
  fill($("composer"), hits.element, box);
}

function field(option) {
  const own = { option, value: undefined, timer: 0 };
  const choices = offered(option);
  const isList = Boolean(choices) || option.autocomplete;
  own.input = h("input", {
    type: "text", size: 12, "aria-label": `${option.name}: ${option.description}`, "aria-required": option.required ? "true" : undefined,
    inputmode: option.type === KIND.integer ? "numeric" : undefined, spellcheck: "false",
    ...(isList ? { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "hits" } : {}),
  });
  own.element = h("label", { class: "option", title: option.description }, h("span", {}, option.name), own.input);
  const offer = () => {
    const pick = (choice) => () => {
      own.value = choice.value;
      own.input.value = choice.name;
      hits.hide();
      onward();
    };
    const show = (found) => {
      if (document.activeElement !== own.input || !draft?.fields.includes(own)) return;
      hits.show(own.input, found.map((choice) => ({ name: choice.name, detail: choice.detail, pick: pick(choice) })), option.name);
    };
    if (choices) show(filtered(choices, own.value === undefined ? own.input.value : ""));
    else if (option.autocomplete) {
      clearTimeout(own.timer);
      own.timer = setTimeout(async () => {
        const found = await attempt(() => suggested(draft.leaf, option, own.input.value, given(own)));
        if (found) show(found);
      }, ASK_AFTER_MS);
    }
  };
  own.input.addEventListener("focus", offer);
  own.input.addEventListener("blur", () => hits.hide());
  own.input.addEventListener("input", () => {
    own.value = undefined;
    own.input.size = Math.max(12, own.input.value.length + 1);
    own.element.classList.remove("wrong");
    offer();
  });
  own.input.addEventListener("keydown", (event) => {
    // An optional option may stay empty: Enter then is for the command.
    if (event.key === "Enter" && !own.input.value && !option.required) hits.hide();
    if (hits.steer(event)) return;
    if (event.key === "Enter") {
      event.preventDefault();
      onward();
    } else if (event.key === "Backspace" && !own.input.value) {
      event.preventDefault();
      takeAway(own);
    }
  });
  return own;
}

function takeAway(own) {
  if (own.option.required) {
    if (draft.fields[0] === own) toWords(`/${draft.leaf.path}`, true);
    return;
  }
  draft.fields = draft.fields.filter((other) => other !== own);
  show();
  (draft.fields.at(-1)?.input ?? $("composer").querySelector(".send")).focus();
}

// To the next option that must be filled; when all are, the command can be sent.
function onward() {
  const focused = draft.fields.findIndex((own) => own.input === document.activeElement);
  const open = draft.fields.find((own) => own.option.required && !own.input.value);
  if (open) open.input.focus();
  else if (focused >= 0 && draft.fields[focused].value !== undefined && document.activeElement !== $("composer").querySelector(".send")) {
    $("composer").querySelector(".send").focus();
  } else $("composer").requestSubmit();
}

// The options that are filled in, by name.
function given(but) {
  const options = {};
  for (const own of draft.fields) {
    if (own === but || (own.value === undefined && !own.input.value)) continue;
    options[own.option.name] = own.value ?? typed(own.option, own.input.value);
  }
  return options;
}

async function run() {
  const { leaf, fields } = draft;
  for (const own of fields) {
    const choices = own.value === undefined && own.input.value ? offered(own.option) : null;
    const found = choices && filtered(choices, own.input.value);
    // What was typed in full is as good as chosen.
    if (found?.length === 1) own.value = found[0].value;
    const isWrong = (own.option.required && !own.input.value) || (choices && found.length !== 1);
    own.element.classList.toggle("wrong", isWrong);
    if (isWrong) {
      own.input.focus();
      return;
    }
  }
  const options = given();
  toWords("", true);
  await act("/command", { channel: world.channel, command: `/${leaf.path}`, options });
}
