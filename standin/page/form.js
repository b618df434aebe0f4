// Forms that the bot opens, as dialogs.

import { h } from "./dom.js";
import { post } from "./server.js";
import { sentence } from "./toast.js";
import { world } from "./world.js";

const PARAGRAPH = 2;

export function openForm(reply) {
  const { modal, interaction } = reply;
  const back = document.activeElement;
  const inputs = modal.fields.map((own) => field(own));
  const trouble = h("p", { class: "trouble", role: "alert" });
  const send = h("button", { type: "submit", class: "control primary" }, "Submit");
  const cancel = h("button", { type: "button", class: "control secondary", onclick: () => dialog.close() }, "Cancel");
  const form = h("form", { method: "dialog" }, h("h2", { id: "form-title" }, modal.title), inputs.map((own) => own.element), trouble,
    h("div", { class: "row ends" }, cancel, send));
  const dialog = h("dialog", { class: "form", "aria-labelledby": "form-title" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      const values = Object.fromEntries(inputs.map((own) => [own.id, own.input.value]));
      await post("/submit", { user: world.me, interaction, values });
      dialog.close();
    } catch (error) {
      trouble.textContent = sentence(error.message);
    }
    send.disabled = false;
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (back?.isConnected) back.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  inputs[0]?.input.focus();
}

function field(own) {
  const id = `field-${own.custom_id}`;
  const shape = {
    id, required: own.required, minlength: own.min_length || undefined, maxlength: own.max_length, placeholder: own.placeholder,
    "aria-describedby": `${id}-count`, value: own.value ?? "",
  };
  const input = own.style === PARAGRAPH ? h("textarea", { ...shape, rows: 4 }) : h("input", { ...shape, type: "text" });
  const count = h("span", { class: "count", id: `${id}-count` });
  const tell = () => {
    count.textContent = `${[...input.value].length} of ${own.max_length} characters`;
  };
  input.addEventListener("input", tell);
  tell();
  return {
    id: own.custom_id,
    input,
    element: h("div", { class: "form-field" }, h("label", { for: id }, own.label, own.required && h("span", { class: "needed" }, " (needed)")), input, count),
  };
}
