// Elements without markup: no text of anybody's ever becomes HTML here.

export const $ = (id) => document.getElementById(id);

// h("button", {class: "plain", onclick: press, "aria-label": "Close"}, "✕")
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "hue") element.style.setProperty("--hue", value);
    else if (name === "edge") element.style.setProperty("--edge", value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return element;
}

// A round picture of somebody, made from the name.
export function face(name, id, isBot = false) {
  let hue = 0;
  for (const digit of String(id)) hue = (hue * 31 + digit.charCodeAt(0)) % 360;
  const letters = name.split(/\s+/).map((word) => word[0] ?? "").slice(0, 2).join("").toUpperCase();
  return h("span", { class: isBot ? "face bot" : "face", hue, "aria-hidden": "true" }, letters);
}

export const hidden = (text) => h("span", { class: "hidden" }, text);
