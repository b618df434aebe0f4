// Menus that open at a button: arrow keys, Home, End, Escape, the first letter.

import { h } from "./dom.js";

let open = null;

export function closeMenu(backTo = true) {
  if (!open) return;
  const { menu, anchor, stop } = open;
  open = null;
  stop();
  menu.remove();
  anchor.setAttribute("aria-expanded", "false");
  // What it opened at may have been drawn anew meanwhile.
  const back = anchor.isConnected ? anchor : document.getElementById(anchor.id);
  if (backTo) back?.focus();
}

// `items`: {label, detail?, checked?: () => boolean, radio?: boolean, stays?: boolean, node?, go}
export function openMenu(anchor, items) {
  closeMenu(false);
  const menu = h("div", { class: "menu", role: "menu" }, items.map((item) => entry(item)));
  // In a dialog, or it would lie below it; elsewhere in what is not drawn anew while it is open.
  (anchor.closest("dialog") ?? document.querySelector("main")).append(menu);
  place(menu, anchor);
  anchor.setAttribute("aria-expanded", "true");
  const outside = (event) => {
    if (!menu.contains(event.target)) closeMenu(false);
  };
  const stop = () => removeEventListener("pointerdown", outside, true);
  addEventListener("pointerdown", outside, true);
  open = { menu, anchor, stop };
  menu.addEventListener("keydown", (event) => steer(event, menu));
  (menu.querySelector('[aria-checked="true"]') ?? menu.firstElementChild)?.focus();
}

function entry(item) {
  const role = item.checked ? (item.radio ? "menuitemradio" : "menuitemcheckbox") : "menuitem";
  const go = (event) => {
    if (item.stays) {
      item.go();
      event.currentTarget.setAttribute("aria-checked", String(item.checked()));
      return;
    }
    closeMenu();
    item.go();
  };
  return h("button", { type: "button", class: "entry", role, tabindex: "-1", "aria-checked": item.checked && String(item.checked()), onclick: go },
    item.node, h("span", { class: "entry-label" }, item.label), item.detail && h("span", { class: "entry-detail" }, item.detail));
}

function steer(event, menu) {
  const entries = [...menu.children];
  const at = entries.indexOf(document.activeElement);
  const to = (index) => {
    event.preventDefault();
    entries[(index + entries.length) % entries.length].focus();
  };
  if (event.key === "ArrowDown") to(at + 1);
  else if (event.key === "ArrowUp") to(at - 1);
  else if (event.key === "Home") to(0);
  else if (event.key === "End") to(entries.length - 1);
  else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu();
  } else if (event.key.length === 1 && event.key !== " ") {
    const begins = (entry) => entry.textContent.toLowerCase().startsWith(event.key.toLowerCase());
    const next = [...entries.slice(at + 1), ...entries.slice(0, at + 1)].find(begins);
    next?.focus();
  }
}

function place(menu, anchor) {
  const { left, right, top, bottom } = anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const x = left + width > innerWidth - 8 ? Math.max(8, right - width) : left;
  const y = bottom + height > innerHeight - 8 ? Math.max(8, top - height - 4) : bottom + 4;
  menu.style.left = `${Math.min(x, Math.max(8, innerWidth - width - 8))}px`;
  menu.style.top = `${y}px`;
}
