// Five hundred alerts at once, time that is moved, and trouble: the page stays a page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { absent, launch, visit } from "./support/browser.js";
import { startDemo } from "./support/demo.js";

const LONGEST_TASK_MS = 200;

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

test("the page stays responsive while five hundred alerts arrive", { skip: absent }, async (test) => {
  const { page, faults } = await visit(browser, demo);
  await page.evaluate(() => {
    window.tasks = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
  });
  // What is measured is measured: a task that is long on purpose is seen, and forgotten.
  await page.evaluate(() => setTimeout(() => {
    const until = performance.now() + 80;
    while (performance.now() < until);
  }));
  await page.waitForFunction(() => window.tasks.length > 0);
  await page.evaluate(() => { window.tasks = []; });
  await page.locator('[data-alarm="storm"]').click();
  // The visitor goes where it is loudest, and types, while it goes on.
  await page.locator("#sidebar [data-channel]", { hasText: "inc-1-" }).click();
  await page.locator("#say").pressSequentially("is this one switch?", { delay: 20 });
  await page.keyboard.press("Enter");
  await page.locator("#feed").getByText("is this one switch?").waitFor();
  await page.getByRole("status").filter({ hasText: "500 of 500 accepted" }).waitFor({ timeout: 60_000 });
  for (const rack of [1, 2, 3, 4, 5]) {
    await page.locator("#sidebar [data-channel]", { hasText: `inc-${rack}-` }).waitFor();
  }
  await page.locator("#feed").getByText("100, all firing").first().waitFor({ timeout: 60_000 });
  const tasks = await page.evaluate(() => window.tasks);
  test.diagnostic(`the longest task took ${Math.round(Math.max(0, ...tasks))} ms`);
  assert.ok(Math.max(0, ...tasks) <= LONGEST_TASK_MS, `tasks of ${tasks.map(Math.round)} ms`);
  assert.deepEqual(faults, []);
});

test("time can be moved to the next timer, and the next in line is called", { skip: absent }, async () => {
  const { page, faults } = await visit(browser, demo);
  await page.locator("#sidebar [data-channel]", { hasText: "inc-1-" }).click();
  await page.getByText(/the next step of the escalation of INC-/).waitFor();
  await page.getByRole("button", { name: "To the next timer" }).click();
  await page.locator("#feed").getByText("step 2 for platform-primary").first().waitFor();
  await page.getByRole("button", { name: "+1 h" }).click();
  await page.getByText("1 h", { exact: false }).filter({ hasText: "ahead" }).first().waitFor();
  assert.deepEqual(faults, []);
});

test("Discord can be taken away and comes back, and what happened meanwhile is told", { skip: absent }, async () => {
  const { page, faults } = await visit(browser, demo);
  await page.getByRole("button", { name: "Down", exact: true }).click();
  await page.getByText("The bot is not connected.").waitFor();
  await page.locator('[data-alarm="table-late"]').click();
  await page.getByRole("status").filter({ hasText: "202" }).waitFor();
  await page.getByRole("button", { name: "Well", exact: true }).click();
  await page.locator("#sidebar [data-channel]", { hasText: "merchant" }).waitFor({ timeout: 60_000 });
  await page.getByText("The bot is not connected.").waitFor({ state: "detached", timeout: 60_000 });
  assert.deepEqual(faults, []);
});
