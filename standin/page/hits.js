// The list above the composer: what could be meant, to be chosen with the arrows, Tab, Enter, or by pointing.

import { h } from "./dom.js";

export class Hits {
  constructor(element) {
    this.element = element;
    this.entries = [];
    this.active = -1;
    this.input = null;
  }

  get isOpen() {
    return this.entries.length > 0;
  }

  // `entries`: {name, detail, pick}.
  show(input, entries, title) {
    this.hide();
    this.input = input;
    this.entries = entries.slice(0, 25);
    if (!this.isOpen) return;
    this.element.replaceChildren(...this.entries.map((entry, at) => h("li", {
      id: `hit-${at}`, role: "option", "aria-selected": "false", onpointerdown: (event) => event.preventDefault(), onclick: () => entry.pick(),
    }, h("span", { class: "hit-name" }, entry.name), entry.detail && h("span", { class: "hit-detail" }, entry.detail))));
    this.element.setAttribute("aria-label", title);
    this.element.hidden = false;
    this.tell("true");
    this.to(0);
  }

  hide() {
    this.entries = [];
    this.active = -1;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.tell("false");
    this.input?.removeAttribute("aria-activedescendant");
  }

  // A text area has no such state, an input with a list has.
  tell(isOpen) {
    if (this.input?.getAttribute("role") === "combobox") this.input.setAttribute("aria-expanded", isOpen);
  }

  to(index) {
    this.element.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = (index + this.entries.length) % this.entries.length;
    const entry = this.element.children[this.active];
    entry.setAttribute("aria-selected", "true");
    entry.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", entry.id);
  }

  // Takes a key if it is for the list; says whether it was.
  steer(event) {
    if (!this.isOpen) return false;
    if (event.key === "ArrowDown") this.to(this.active + 1);
    else if (event.key === "ArrowUp") this.to(this.active - 1);
    else if (event.key === "Escape") this.hide();
    else if (event.key === "Enter" || event.key === "Tab") this.entries[this.active].pick();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
