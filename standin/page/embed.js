// The framed parts of a message, and its files.

import { h } from "./dom.js";
import { blocks, inline } from "./markdown.js";
import { moment } from "./time.js";

export function embed(own, message) {
  const edge = own.color === undefined ? undefined : `#${own.color.toString(16).padStart(6, "0")}`;
  const address = (url) => (url && /^https?:/.test(url) ? url : null);
  const outside = (url, text) => (address(url) ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text) : text);
  const foot = [own.footer?.text, own.timestamp && moment(own.timestamp, "f")].filter(Boolean);
  return h("div", { class: "embed", edge },
    picture(own.thumbnail, message, "thumbnail"),
    own.author && h("p", { class: "embed-author" }, outside(own.author.url, own.author.name)),
    own.title && h("p", { class: "embed-title" }, outside(own.url, inline(own.title))),
    own.description && h("div", { class: "words" }, blocks(own.description)),
    own.fields && h("div", { class: "fields" }, own.fields.map((field) => h("div", { class: field.inline ? "field inline" : "field" },
      h("p", { class: "field-name" }, inline(field.name)), h("div", { class: "words" }, blocks(field.value))))),
    picture(own.image, message, "image"),
    foot.length > 0 && h("p", { class: "embed-foot" }, foot.flatMap((part, at) => (at === 0 ? [part] : [" · ", part]))));
}

// A picture that came with the message is shown; one from elsewhere is only named, since nothing is fetched from there.
function picture(own, message, className) {
  if (!own?.url) return null;
  const file = message.attachments.find((each) => `attachment://${each.filename}` === own.url);
  if (!file) return h("p", { class: "small" }, "a picture from ", h("a", { href: own.url, target: "_blank", rel: "noopener noreferrer" }, own.url));
  return h("img", { class: className, src: file.url, alt: file.description ?? file.filename, loading: "lazy" });
}

export function attachment(file) {
  if (/^image\/(png|jpeg|gif|webp)$/.test(file.content_type ?? "")) {
    return h("a", { href: file.url, target: "_blank", class: "image" },
      h("img", { src: file.url, alt: file.description ?? file.filename, loading: "lazy" }));
  }
  return h("a", { class: "file", href: file.url, download: file.filename },
    h("span", { "aria-hidden": "true" }, "📄"), h("span", {}, h("strong", {}, file.filename), h("small", {}, size(file.size))));
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KiB`;
}
