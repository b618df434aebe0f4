// A newcomer takes the tour: from the first ring to the end of an incident, by keyboard, as three people.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { absent, acting, launch, visit } from "./support/browser.js";
import { startDemo } from "./support/demo.js";

const TEXT = "Some card payments are declined by mistake. We have found the cause and are undoing it.";

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

test("the tour is completed as three different people, with the keyboard alone", { skip: absent }, async () => {
  const { page, faults } = await visit(browser, demo);
  const tour = page.locator("#tour");
  const people = new Set();
  // Shows the thing to press, which takes the focus, and presses it.
  const follow = async (hint) => {
    await tour.getByText(hint).waitFor();
    await page.locator("#tour-show").focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement?.classList.contains("pointed"));
    await page.keyboard.press("Enter");
  };

  await follow("on the alert rack");
  await page.getByRole("status").filter({ hasText: "202" }).waitFor();

  await follow("press Acknowledge");
  const responder = await acting(page);
  people.add(responder);

  await follow("take the liaison role");
  people.add(await acting(page));
  await follow("Press Draft update");
  await follow("Press Edit on the draft for external");
  const form = page.getByRole("dialog");
  await form.getByLabel(/text/i).fill(TEXT);
  await form.getByRole("button", { name: "Submit" }).click();
  await form.waitFor({ state: "detached" });

  await follow("approve the external update");
  people.add(await acting(page));

  await follow("press Resolve");
  assert.equal(await acting(page), responder);
  await tour.getByText("That was all of it.").waitFor();

  await page.locator('[data-channel]', { hasText: "status" }).click();
  await page.locator("#feed").getByText(TEXT).waitFor();
  assert.equal(people.size, 3, `the tour was done as ${[...people]}`);
  assert.deepEqual(faults, []);
});

test("a tour that was dismissed stays away", { skip: absent }, async () => {
  const { page, faults } = await visit(browser, demo);
  await page.getByRole("button", { name: /^(Close|Dismiss the tour)$/ }).click();
  await page.locator("#tour").waitFor({ state: "hidden" });
  await page.reload();
  await page.locator("#act-as").waitFor();
  assert.equal(await page.locator("#tour").isVisible(), false);
  assert.deepEqual(faults, []);
});
