// Buttons and selects on messages, and what comes back when somebody acts.

import { h } from "./dom.js";
import { openForm } from "./form.js";
import { openMenu } from "./menu.js";
import { post } from "./server.js";
import { attempt } from "./toast.js";
import { nameOfChannel, world } from "./world.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary" };
const BUTTON = 2;

// Acts as the person; a form that comes back is opened, a refusal is said. Messages come by themselves.
export function act(path, body) {
  return attempt(async () => {
    const reply = await post(path, { user: world.me, ...body });
    if (reply.kind === "modal") openForm(reply);
    return reply;
  });
}

export function rows(message) {
  return message.components.map((row) => h("div", { class: "row" }, row.components.map((part) => component(part, message))));
}

function component(part, message) {
  return part.type === BUTTON ? button(part, message) : select(part, message);
}

function button(part, message) {
  const label = [part.emoji?.name, part.label].filter(Boolean).join(" ");
  if (part.style === 5) {
    return h("a", { class: "control secondary", href: part.url, target: "_blank", rel: "noopener noreferrer" }, `${label} ↗`);
  }
  const press = async (event) => {
    const own = event.currentTarget;
    own.setAttribute("aria-busy", "true");
    await act("/press", { channel: message.channel_id, message: message.id, custom_id: part.custom_id });
    own.removeAttribute("aria-busy");
  };
  return h("button", {
    type: "button", class: `control ${STYLES[part.style]}`, "data-key": part.custom_id, "data-label": part.label,
    disabled: part.disabled === true, onclick: press,
  }, label);
}

function select(part, message) {
  const options = part.options ?? offered(part.type);
  const chosen = options.filter((option) => option.default).map((option) => option.label).join(", ");
  const choose = (values) => act("/choose", { channel: message.channel_id, message: message.id, custom_id: part.custom_id, values });
  const open = (event) => {
    const several = part.max_values > 1;
    const picked = new Set(options.filter((option) => option.default).map((option) => option.value));
    openMenu(event.currentTarget, options.map((option) => ({
      label: option.label,
      detail: option.description,
      checked: several ? () => picked.has(option.value) : undefined,
      stays: several,
      go: () => (several ? void (picked.delete(option.value) || picked.add(option.value)) : choose([option.value])),
    })).concat(several ? [{ label: "Done", go: () => choose([...picked]) }] : []));
  };
  return h("button", {
    type: "button", class: "control select", "data-key": part.custom_id, "aria-haspopup": "menu", disabled: part.disabled === true, onclick: open,
  }, chosen || part.placeholder || "Choose", " ▾");
}

// What a select offers whose lines the bot did not write.
function offered(type) {
  const people = () => world.scene.people.map((person) => ({ label: person.name, value: person.id }));
  const roles = () => world.scene.roles.map((role) => ({ label: role.name, value: role.id }));
  const channels = () => world.scene.channels.filter((channel) => !channel.direct).map((channel) => ({ label: `#${nameOfChannel(channel)}`, value: channel.id }));
  return { 5: people, 6: roles, 7: () => [...people(), ...roles()], 8: channels }[type]?.() ?? [];
}
