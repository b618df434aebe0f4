// Typing: commands, their options, what is suggested, forms, menus.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { absent, actAs, launch, visit } from "./support/browser.js";
import { startDemo } from "./support/demo.js";

let demo;
let browser;
before(async () => {
  if (absent) return;
  [demo, browser] = await Promise.all([startDemo(), launch()]);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

const room = (page) => page.locator("#sidebar [data-channel]", { hasText: "inc-1-" });
const hits = (page) => page.getByRole("listbox").getByRole("option");

// The visitor in the room of an incident that was just rung.
async function inTheRoom() {
  const { page, faults } = await visit(browser, demo);
  if (!(await room(page).isVisible())) await page.locator('[data-alarm="drift"]').click();
  await room(page).click();
  await page.locator("#feed").getByRole("button", { name: "Take the lead" }).first().waitFor();
  return { page, faults };
}

test("a command is found by some letters, its choices are offered, and it runs", { skip: absent }, async () => {
  const { page, faults } = await inTheRoom();
  await page.locator("#say").focus();
  await page.keyboard.type("/inc sev");
  await hits(page).filter({ hasText: "/incident severity" }).waitFor();
  await page.keyboard.press("Tab");
  await hits(page).filter({ hasText: "SEV4" }).waitFor();
  await page.keyboard.type("SEV1");
  await page.keyboard.press("Enter");
  await page.keyboard.type("payments are declined");
  await page.keyboard.press("Enter");
  const answer = page.locator(".message.ephemeral").filter({ hasText: "raised the severity from SEV2 to SEV1: payments are declined" });
  await answer.getByText("Only you can see this").waitFor();
  assert.deepEqual(faults, []);
});

test("an answer for one person is not on the page of another", { skip: absent }, async () => {
  const { page, faults } = await inTheRoom();
  await page.locator("#say").fill("/oncall now");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.locator(".message.ephemeral").last().getByText("Fraud").first().waitFor();
  await actAs(page, "Max");
  await room(page).click();
  await page.locator("#feed .message").first().waitFor();
  assert.equal(await page.locator(".message.ephemeral").count(), 0);
  assert.deepEqual(faults, []);
});

test("what the bot suggests while one types can be chosen", { skip: absent }, async () => {
  const { page, faults } = await inTheRoom();
  await page.locator('#sidebar [data-channel]', { hasText: "firebell-operators" }).click();
  await page.locator("#say").fill("/incident info");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "+ incident" }).click();
  await page.keyboard.type("INC");
  await hits(page).filter({ hasText: "INC-1" }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.locator(".message.ephemeral").filter({ hasText: "INC-1" }).waitFor();
  assert.deepEqual(faults, []);
});

test("a required option that is empty is asked for, and Escape leaves the command", { skip: absent }, async () => {
  const { page, faults } = await inTheRoom();
  await page.locator("#say").fill("/incident take");
  await page.keyboard.press("Tab");
  await hits(page).filter({ hasText: "liaison" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Run /incident take" }).click();
  await page.locator(".option.wrong", { hasText: "role" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.locator("#say").waitFor();
  assert.deepEqual(faults, []);
});

test("a form opens as a dialog, is filled in, and its words stand in the room", { skip: absent }, async () => {
  const { page, faults } = await inTheRoom();
  await page.locator("#feed").getByRole("button", { name: "Report", exact: true }).first().click();
  const form = page.getByRole("dialog");
  const inputs = form.locator("input, textarea");
  assert.equal(await inputs.first().evaluate((input) => input === document.activeElement), true, "the first input has the focus");
  await inputs.first().fill("Scores of version 14 are too high.");
  for (let at = 1; at < await inputs.count(); at += 1) {
    if (await inputs.nth(at).evaluate((input) => input.required && !input.value)) await inputs.nth(at).fill("Rolling back.");
  }
  await page.keyboard.press("Control+Enter");
  await form.waitFor({ state: "detached" });
  await page.locator("#feed .message:not(.ephemeral)").getByText("Scores of version 14 are too high.").first().waitFor();
  assert.deepEqual(faults, []);
});

test("words, reactions, pins and the menu of a message work", { skip: absent }, async () => {
  const { page, faults } = await inTheRoom();
  await page.locator("#say").fill("the **feature table** was rebuilt at 01:30 <script>alert(1)</script>");
  await page.keyboard.press("Enter");
  const said = page.locator(".message").filter({ hasText: "was rebuilt at 01:30 <script>alert(1)</script>" }).last();
  await said.locator("strong", { hasText: "feature table" }).waitFor();
  const choose = async (entry) => {
    await said.getByRole("button", { name: /What can be done/ }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: entry }).click();
  };
  await choose("React with 👀");
  await said.getByRole("button", { name: /👀, 1/, pressed: true }).click();
  await said.getByRole("button", { name: /👀/ }).waitFor({ state: "detached" });
  await choose("Reply");
  await page.keyboard.type("and who rebuilt it?");
  await page.keyboard.press("Enter");
  await page.locator(".message").filter({ hasText: "and who rebuilt it?" }).last().locator(".lead", { hasText: "the feature table was rebuilt" }).waitFor();
  await choose("Pin");
  await page.getByText("pinned a message to this channel").last().waitFor();
  await choose("Add to timeline");
  await page.locator(".message.ephemeral").filter({ hasText: "kept a message" }).waitFor();
  assert.deepEqual(faults, []);
});

test("people carry who is on call, and the page of one whose messages are closed says so", { skip: absent }, async () => {
  const { page, faults } = await inTheRoom();
  await page.getByRole("tab", { name: "People" }).click();
  const people = page.locator(".person");
  await people.filter({ hasText: "on call · Fraud" }).first().waitFor();
  await people.filter({ hasText: "second line · Fraud" }).first().waitFor();
  await people.filter({ hasText: "Sam" }).filter({ hasText: "no role" }).waitFor();
  await people.filter({ hasText: "Max" }).click();
  await page.getByRole("menuitem", { name: "Close direct messages" }).click();
  await people.filter({ hasText: "Max" }).getByText("direct messages closed").waitFor();
  assert.deepEqual(faults, []);
});
