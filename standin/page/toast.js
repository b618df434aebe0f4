// Short words at the edge of the page: what could not be done, and why.

import { $, h } from "./dom.js";

const LASTS_MS = 8000;

export function toast(text, kind = "trouble") {
  const close = () => item.remove();
  const item = h("div", { class: `toast ${kind}` }, h("p", {}, text),
    h("button", { type: "button", class: "plain", "aria-label": "Close this notice", onclick: close }, "✕"));
  $("toasts").append(item);
  setTimeout(close, LASTS_MS);
}

// Does something that may fail, and says so when it does. The result, or undefined.
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    toast(sentence(error.message));
    return undefined;
  }
}

export const sentence = (text) => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
