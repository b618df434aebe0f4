// Puts the parts together: what changed in the world is drawn where it is shown.

import { $, fill, h } from "./dom.js";
import * as backstagePanel from "./backstage.js";
import * as composer from "./composer.js";
import * as feed from "./feed.js";
import * as peoplePanel from "./people.js";
import * as sidebar from "./sidebar.js";
import * as tour from "./tour.js";
import { closeMenu } from "./menu.js";
import { get } from "./server.js";
import { inStyle, keepFresh, now } from "./time.js";
import { actAs, channelOf, listen, openChannel, world } from "./world.js";

const THEMES = [["auto", "◐", "as the system"], ["dark", "☾", "dark"], ["light", "☀", "light"]];
let tab = "backstage";
let composed = null; // "me/channel" for which the composer was made

function onNews(news) {
  if (news.connected) connection();
  const here = composer.key();
  const isElsewhere = composed !== here;
  if (isElsewhere && channelOf(world.channel)) {
    composer.moved(composed);
    composed = here;
  }
  if (news.scene || news.commands) side();
  if (news.scene) {
    connection();
    feed.head();
  }
  if (isElsewhere || news.channel || news.messages === "all") feed.reset();
  else if (news.messages.has(world.channel)) feed.changed(news.messages.get(world.channel));
  sidebar.draw();
  tour.draw();
  tour.point();
}

function connection() {
  const words = !world.connected ? "The stand-in is gone: is the program still running?"
    : world.scene && !world.scene.connected ? "The bot is not connected." : "";
  if ($("connection").textContent !== words) $("connection").textContent = words;
}

// ── The right side ──────────────────────────────────────────────────────────────────────────────────────────────────

function side() {
  const root = $("side");
  const focus = root.contains(document.activeElement) ? document.activeElement : null;
  const open = [...root.querySelectorAll("details")].map((details) => details.open);
  const scroll = root.querySelector(".tab-body")?.scrollTop ?? 0;
  const choose = (name) => () => {
    tab = name;
    side();
    $("tab-body").scrollTop = 0;
    tour.point();
    $(`tab-${name}`).focus();
  };
  const button = (name, label) => h("button", {
    type: "button", role: "tab", id: `tab-${name}`, "aria-selected": String(tab === name), "aria-controls": "tab-body",
    tabindex: tab === name ? "0" : "-1", onclick: choose(name),
  }, label);
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "What is shown on this side" }, button("backstage", "Backstage"), button("people", "People"));
  tabs.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") choose(tab === "people" ? "backstage" : "people")();
  });
  fill(root, tabs,
    h("div", { id: "tab-body", class: "tab-body", role: "tabpanel", tabindex: "0", "aria-labelledby": `tab-${tab}` },
      tab === "people" ? peoplePanel.people() : backstagePanel.backstage(() => { side(); tour.point(); })));
  root.querySelectorAll("details").forEach((details, at) => { details.open = open[at] ?? false; });
  root.querySelector(".tab-body").scrollTop = scroll;
  if (focus) again(root, focus)?.focus();
}

// What stands for an element in what was drawn anew.
function again(root, old) {
  if (old.id) return $(old.id);
  const name = ["key", "person"].find((each) => old.dataset[each]);
  return name ? root.querySelector(`[data-${name}="${CSS.escape(old.dataset[name])}"]`) : root.querySelector("[role=tabpanel]");
}

// ── Drawers, where there is no room for all ─────────────────────────────────────────────────────────────────────────

const DRAWERS = { sidebar: "open-sidebar", side: "open-side" };

function drawer(name) {
  for (const [each, opener] of Object.entries(DRAWERS)) {
    $(each).classList.toggle("drawn", each === name);
    $(opener).setAttribute("aria-expanded", String(each === name));
  }
  $("scrim").hidden = !name;
}

function toggleDrawer(name) {
  const isOpen = $(name).classList.contains("drawn");
  drawer(isOpen ? null : name);
  if (!isOpen) $(name).querySelector("button")?.focus();
  else $(DRAWERS[name]).focus();
}

function showSide() {
  tab = "backstage";
  side();
  if (getComputedStyle($("open-side")).display !== "none") drawer("side");
}

// ── Colours ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function theme(name) {
  const [own, sign, words] = THEMES.find(([each]) => each === name) ?? THEMES[0];
  document.documentElement.dataset.theme = own;
  localStorage.setItem("theme", own);
  fill($("theme"), sign);
  $("theme").setAttribute("aria-label", `Colours: ${words}`);
  $("theme").title = `Colours: ${words}`;
}

function nextTheme() {
  const at = THEMES.findIndex(([name]) => name === document.documentElement.dataset.theme);
  theme(THEMES[(at + 1) % THEMES.length][0]);
}

// ── Beginning ───────────────────────────────────────────────────────────────────────────────────────────────────────

function go({ detail: { channel, message } }) {
  document.querySelector("dialog")?.close();
  openChannel(channel);
  if (message) feed.reveal(message);
}

function otherChannel(by) {
  const all = [...document.querySelectorAll("#sidebar [data-channel]")];
  const at = all.findIndex((element) => element.dataset.channel === world.channel);
  const next = all[(at + by + all.length) % all.length];
  if (next) openChannel(next.dataset.channel);
}

async function begin() {
  theme(localStorage.getItem("theme"));
  $("skip").addEventListener("click", () => $("feed").focus());
  $("theme").addEventListener("click", nextTheme);
  $("open-sidebar").addEventListener("click", () => toggleDrawer("sidebar"));
  $("open-side").addEventListener("click", () => toggleDrawer("side"));
  $("scrim").addEventListener("click", () => drawer(null));
  document.addEventListener("chosen", () => drawer(null));
  document.addEventListener("go", go);
  document.addEventListener("read", () => sidebar.draw());
  addEventListener("keydown", (event) => {
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      otherChannel(event.key === "ArrowUp" ? -1 : 1);
    } else if (event.key === "Escape" && !$("scrim").hidden) {
      const name = Object.keys(DRAWERS).find((each) => $(each).classList.contains("drawn"));
      if (name) toggleDrawer(name);
    }
  });
  // Somebody pasted an address of this page into it.
  addEventListener("hashchange", () => actAs(...location.hash.slice(1).split("/")));
  addEventListener("resize", () => closeMenu(false));
  composer.start();
  feed.start(() => tour.point());
  tour.start(showSide);
  listen(onNews);
  const [user, channel] = location.hash.slice(1).split("/");
  const { cast, people } = await get("/cast", {});
  const known = people.includes(user);
  actAs(known ? user : cast[0], known ? channel || null : null);
  setInterval(() => {
    keepFresh();
    const clock = $("clock-now");
    if (clock) clock.textContent = inStyle(now(), "T");
  }, 1000);
}

begin();
