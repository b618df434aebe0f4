// Times as a reader in this zone would say them, by the stand-in's clock, which can be moved.

import { h } from "./dom.js";
import { world } from "./world.js";

export const now = () => Date.now() + (world.scene?.moved_ms ?? 0);

const format = (options) => new Intl.DateTimeFormat(undefined, options);
const STYLES = {
  t: format({ hour: "2-digit", minute: "2-digit" }),
  T: format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  d: format({ day: "2-digit", month: "2-digit", year: "numeric" }),
  D: format({ day: "numeric", month: "long", year: "numeric" }),
  f: format({ day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" }),
  F: format({ weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" }),
};
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export function relative(at) {
  const seconds = Math.round((at - now()) / 1000);
  if (Math.abs(seconds) < 1) return "now";
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  return RELATIVE.format(Math.round(seconds / length), unit);
}

export const inStyle = (at, style) => (style === "R" ? relative(at) : (STYLES[style] ?? STYLES.f).format(at));
export const long = (at) => STYLES.F.format(at);

export function moment(at, style, className) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return document.createTextNode("an invalid date");
  return h("time", { class: className, datetime: date.toISOString(), title: long(date), "data-style": style },
    inStyle(date.getTime(), style));
}

// Relative times grow old.
export function keepFresh() {
  for (const time of document.querySelectorAll('time[data-style="R"]')) {
    const text = relative(Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}
