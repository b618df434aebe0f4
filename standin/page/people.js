// The people on the right, with what they have at the moment.

import { act } from "./controls.js";
import { face, h } from "./dom.js";
import { mentionInDraft } from "./composer.js";
import { openMenu } from "./menu.js";
import { post } from "./server.js";
import { attempt } from "./toast.js";
import { actAs, world } from "./world.js";

export function people() {
  const { scene } = world;
  const line = (person) => scene.cast.find((part) => part.user === person.id)?.line;
  const humans = scene.people.filter((person) => !person.bot);
  const order = (person) => scene.cast.findIndex((part) => part.user === person.id);
  humans.sort((a, b) => order(a) - order(b));
  const bots = scene.people.filter((person) => person.bot);
  return [
    h("h2", {}, `People — ${humans.length}`),
    h("ul", { class: "people" }, humans.map((person) => h("li", {}, row(person, line(person))))),
    h("h2", {}, "Bots"),
    h("ul", { class: "people" }, bots.map((person) => h("li", {}, row(person, scene.connected ? "connected" : "not connected")))),
  ];
}

function row(person, line) {
  return h("button", {
    type: "button", class: "person", "data-person": person.id, "aria-haspopup": "menu", "aria-expanded": "false",
    onclick: (event) => menu(event.currentTarget, person),
  }, face(person.name, person.id, person.bot), h("span", { class: "person-words" },
    h("span", { class: "person-name" }, person.name, person.id === world.me && h("span", { class: "small" }, " (you)")),
    line && h("span", { class: "small" }, line),
    person.marks.map((mark) => h("span", { class: "mark" }, mark)),
    person.closed_dms && h("span", { class: "mark closed" }, "direct messages closed")));
}

function menu(anchor, person) {
  const commands = world.commands.filter((command) => command.type === 2).map((command) => ({
    label: command.name, detail: "app", go: () => act("/user-menu", { channel: world.channel, target: person.id, name: command.name }),
  }));
  openMenu(anchor, [
    ...(person.bot || person.id === world.me ? [] : [{ label: `Act as ${person.name}`, go: () => actAs(person.id) }]),
    { label: `Mention ${person.name}`, go: () => mentionInDraft(person.id) },
    ...(person.bot ? [] : [{
      label: person.closed_dms ? "Open direct messages" : "Close direct messages",
      go: () => attempt(() => post("/close-dms", { user: person.id, closed: !person.closed_dms })),
    }]),
    ...commands,
  ]);
}
