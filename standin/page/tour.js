// The guided tour: says what comes next, and points at the real thing to press.

import { $, fill, h } from "./dom.js";
import { reveal } from "./feed.js";
import { plain } from "./message.js";
import { post } from "./server.js";
import { attempt } from "./toast.js";
import { actAs, later, messagesOf, nameOf, openChannel, world } from "./world.js";

let isDismissed = sessionStorage.getItem("tour") === "dismissed";
let showSide = () => {};
let wanted = false; // whether the target is to be shown as soon as it can be

export function start(openSide) {
  showSide = openSide;
}

export function draw() {
  const { tour } = world.scene;
  const strip = $("tour");
  strip.hidden = !tour || isDismissed;
  if (strip.hidden) return;
  const done = tour.step >= tour.steps.length;
  const step = tour.steps[Math.min(tour.step, tour.steps.length - 1)];
  const key = JSON.stringify([tour.step, tour.next, world.me]);
  if (strip.dataset.key === key) return;
  strip.dataset.key = key;
  const focus = strip.contains(document.activeElement);
  fill(strip,
    h("ol", { class: "steps" }, tour.steps.map((own, at) => h("li", {
      class: at < tour.step ? "done" : at === tour.step ? "now" : "", "aria-current": at === tour.step ? "step" : undefined,
    }, `${at < tour.step ? "✓" : at + 1} ${own.title}`))),
    h("div", { class: "tour-words", role: "status" }, done
      ? h("p", {}, h("strong", {}, "That was all of it. "), "Go on as you like: other alarms, other people, trouble, time.")
      : [h("p", {}, h("strong", {}, `${tour.next.hint} `), tour.next.number === 1 && step.text)]),
    h("div", { class: "row ends" },
      !done && h("button", { type: "button", class: "control primary", id: "tour-show", onclick: show }, label(step)),
      done && h("button", { type: "button", class: "control secondary", onclick: () => attempt(() => post("/tour", { restart: true })) }, "Once more"),
      h("button", { type: "button", class: "plain", onclick: dismiss }, done ? "Close" : "Dismiss the tour")));
  if (focus) strip.querySelector("button")?.focus();
}

const label = (step) => (step.who && step.who !== world.me ? `Be ${nameOf(step.who)} and show me` : "Show me");

function dismiss() {
  isDismissed = true;
  sessionStorage.setItem("tour", "dismissed");
  $("tour").hidden = true;
  for (const old of document.querySelectorAll(".pointed")) old.classList.remove("pointed");
  $("feed").focus();
}

function show() {
  const step = world.scene.tour.steps[world.scene.tour.step];
  wanted = true;
  if (step.who && step.who !== world.me) actAs(step.who);
  else point();
}

// Marks the thing to press; takes the visitor to it when that was asked for.
export function point() {
  for (const old of document.querySelectorAll(".pointed")) old.classList.remove("pointed");
  const next = world.scene?.tour?.next;
  if (!next || isDismissed) return;
  const found = next.point.alarm ? alarm(next.point.alarm) : button(next.point);
  if (!found) return;
  found.classList.add("pointed");
  if (!wanted) return;
  wanted = false;
  found.scrollIntoView({ block: "center" });
  found.focus();
}

function alarm(id) {
  if (wanted) showSide();
  return document.querySelector(`[data-alarm="${CSS.escape(id)}"]`);
}

// The newest button of this label on a message that has this text, in a channel that this person sees.
function button({ button: label, at, on }) {
  const isThere = (channel) => (at === "@" ? channel.direct : !channel.direct && channel.name.startsWith(at));
  const has = (message) => plain(message).includes(on)
    && message.components.some((row) => row.components.some((part) => part.label === label && !part.disabled));
  let found;
  for (const channel of world.scene.channels.filter(isThere)) {
    for (const message of messagesOf(channel.id).values()) {
      if (has(message) && (!found || later(message.id, found.id) > 0)) found = message;
    }
  }
  if (!found) return null;
  if (found.channel_id !== world.channel) {
    if (wanted) openChannel(found.channel_id);
    if (found.channel_id !== world.channel) return document.querySelector(`[data-channel="${found.channel_id}"]`);
  }
  if (wanted) reveal(found.id);
  return document.querySelector(`[data-message="${found.id}"] [data-label="${CSS.escape(label)}"]`);
}
