// The registered commands as what a person types, and what is offered for their options.

import { post } from "./server.js";
import { nameOfChannel, world } from "./world.js";

const SLASH = 1;
const SUB_COMMAND = 1;
const GROUP = 2;
export const KIND = { string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9, number: 10 };

// Every command that can be run, as {path, description, options}.
export function leaves() {
  return world.commands.filter((command) => command.type === SLASH).flatMap((command) => below(command, command.name))
    .sort((a, b) => a.path.localeCompare(b.path));
}

function below(node, path) {
  const inner = (node.options ?? []).filter((option) => option.type === SUB_COMMAND || option.type === GROUP);
  if (inner.length > 0) return inner.flatMap((option) => below(option, `${path} ${option.name}`));
  return [{ path, description: node.description, options: node.options ?? [] }];
}

// The commands that a text could mean, the likeliest first.
export function matching(text) {
  const words = text.toLowerCase().replace(/^\//, "").split(/\s+/).filter(Boolean);
  const rank = (leaf) => {
    const parts = leaf.path.split(" ");
    if (leaf.path.startsWith(words.join(" "))) return 0;
    if (words.every((word, at) => parts[at]?.startsWith(word))) return 1;
    if (words.every((word) => parts.some((part) => part.startsWith(word)))) return 2;
    if (words.every((word) => leaf.path.includes(word))) return 3;
    return words.every((word) => leaf.path.includes(word) || leaf.description.toLowerCase().includes(word)) ? 4 : 9;
  };
  return leaves().map((leaf) => [rank(leaf), leaf]).filter(([own]) => own < 9).sort(([a], [b]) => a - b).map(([, leaf]) => leaf);
}

// What is offered for an option: a list of {name, value, detail?}; null when anything can be typed.
export function offered(option) {
  const people = () => world.scene.people.map((person) => ({ name: person.name, value: person.id, detail: person.marks.join(", ") }));
  const roles = () => world.scene.roles.map((role) => ({ name: role.name, value: role.id }));
  const channels = () => world.scene.channels.filter((channel) => !channel.direct).map((channel) => ({ name: `#${nameOfChannel(channel)}`, value: channel.id }));
  if (option.choices) return option.choices.map(({ name, value }) => ({ name, value }));
  switch (option.type) {
    case KIND.boolean: return [{ name: "true", value: true }, { name: "false", value: false }];
    case KIND.user: return people();
    case KIND.role: return roles();
    case KIND.mentionable: return [...people(), ...roles()];
    case KIND.channel: return channels();
    default: return null;
  }
}

export const filtered = (choices, text) => {
  const wanted = text.trim().toLowerCase().replace(/^[@#]/, "");
  return choices.filter((choice) => choice.name.toLowerCase().replace(/^[@#]/, "").includes(wanted));
};

// Asks the bot what it suggests.
export async function suggested(leaf, option, text, options) {
  const { choices } = await post("/autocomplete", {
    user: world.me, channel: world.channel, command: `/${leaf.path}`, options, focused: option.name, text,
  });
  return choices;
}

// A typed text as the value that the option takes.
export function typed(option, text) {
  if (option.type === KIND.integer || option.type === KIND.number) {
    const number = Number(text);
    return Number.isNaN(number) ? text : number;
  }
  return text;
}

