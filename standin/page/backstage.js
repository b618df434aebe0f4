// Behind the scenes: alarms to ring, the clock, and trouble.

import { h, face } from "./dom.js";
import { post } from "./server.js";
import { attempt } from "./toast.js";
import { inStyle, moment, now } from "./time.js";
import { personOf, world } from "./world.js";

const STEPS = [[10, "10 s"], [300, "5 min"], [3600, "1 h"]];
const WEATHER = [
  ["well", "Well", "Discord answers as it should."],
  ["slow", "Slow", "Every answer takes a second and a half."],
  ["limited", "429", "Every request is told to come back later."],
  ["down", "Down", "Discord is away: no answers, no connection."],
];
let rung = null; // the last exchange, with the alarm that it was of

export function backstage(redraw) {
  const { scene } = world;
  return [
    scene.rack.length > 0 && rack(redraw),
    clock(),
    trouble(),
  ];
}

function rack(redraw) {
  return h("section", { class: "panel", "aria-labelledby": "rack-title" },
    h("h2", { id: "rack-title" }, "Alert rack"),
    h("p", { class: "small" }, "Each is posted over HTTP to the hook, as its sender would."),
    h("ul", { class: "rack" }, world.scene.rack.map((alarm) => h("li", {}, h("button", {
      type: "button", class: "alarm", title: alarm.note, "data-alarm": alarm.id, "data-key": `alarm-${alarm.id}`, onclick: (event) => ring(event.currentTarget, alarm, redraw),
    }, h("span", { class: "alarm-name" }, alarm.name), h("span", { class: "small" }, alarm.note))))),
    rung && exchange());
}

async function ring(button, alarm, redraw) {
  button.setAttribute("aria-busy", "true");
  const answer = await attempt(() => post("/ring", { alarm: alarm.id }));
  button.removeAttribute("aria-busy");
  if (!answer) return;
  rung = { alarm, ...answer };
  redraw();
}

function exchange() {
  const { alarm, request, body, status, answer, requests, accepted, took_ms } = rung;
  const isGood = accepted === requests;
  const summary = requests === 1 ? `${status} in ${took_ms} ms` : `${accepted} of ${requests} accepted in ${(took_ms / 1000).toFixed(1)} s`;
  return h("div", { class: "exchange", id: "exchange" },
    h("p", { role: "status" }, h("span", { class: isGood ? "good" : "bad" }, summary), ` — ${alarm.name}`),
    h("details", {}, h("summary", {}, requests === 1 ? "Request" : "The first request"), h("pre", { tabindex: "0" }, `${request}\n\n${body}`)),
    h("details", {}, h("summary", {}, "Answer"), h("pre", { tabindex: "0" }, `HTTP ${status}\n\n${answer}`)));
}

function clock() {
  const { timer } = world.scene;
  const pass = (body) => () => attempt(() => post("/pass", body));
  return h("section", { class: "panel", "aria-labelledby": "clock-title" },
    h("h2", { id: "clock-title" }, "Clock"),
    h("p", { class: "clock" }, h("span", { id: "clock-now" }, inStyle(now(), "T")),
      world.scene.moved_ms > 0 && h("span", { class: "small" }, ` ${moved(world.scene.moved_ms)} ahead`)),
    h("div", { class: "row" },
      STEPS.map(([seconds, label]) => h("button", { type: "button", class: "control secondary", "data-key": `pass-${seconds}`, onclick: pass({ seconds }) }, `+${label}`)),
      h("button", { type: "button", class: "control secondary", "data-key": "pass-timer", disabled: !timer, onclick: pass({}) }, "To the next timer")),
    timer
      ? h("p", { class: "small" }, "Next: ", timer.what, ", ", moment(timer.at, "R"), " (", moment(timer.at, "t"), ")")
      : h("p", { class: "small" }, "No timer is set."));
}

function moved(milliseconds) {
  const minutes = Math.floor(milliseconds / 60000);
  const parts = [[Math.floor(minutes / 1440), "d"], [Math.floor(minutes / 60) % 24, "h"], [minutes % 60, "min"], [Math.floor(milliseconds / 1000) % 60, "s"]];
  return parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`).slice(0, 2).join(" ");
}

function trouble() {
  const { weather } = world.scene;
  const set = (value) => () => attempt(() => post("/weather", { weather: value }));
  const me = personOf(world.me);
  const closed = me?.closed_dms ?? false;
  return h("section", { class: "panel", "aria-labelledby": "trouble-title" },
    h("h2", { id: "trouble-title" }, "Trouble"),
    h("div", { class: "switch", role: "group", "aria-label": "How Discord is doing" }, WEATHER.map(([value, label, title]) => h("button", {
      type: "button", class: "control secondary", title, "data-key": `weather-${value}`, "aria-pressed": String(weather === value), onclick: set(value),
    }, label))),
    h("p", { class: "small" }, WEATHER.find(([value]) => value === weather)[2]),
    me && h("button", {
      type: "button", class: "control secondary wide", "data-key": "close-dms", "aria-pressed": String(closed),
      onclick: () => attempt(() => post("/close-dms", { user: me.id, closed: !closed })),
    }, face(me.name, me.id), ` ${me.name} takes ${closed ? "no" : ""} direct messages`),
    world.scene.violations > 0 && h("p", { class: "bad" }, `${world.scene.violations} things were done that Discord would not have: `, h("a", { href: "/violations", target: "_blank" }, "see which")));
}
