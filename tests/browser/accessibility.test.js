// axe-core looks at the page in dark and light, wide and narrow, with all that can open open.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { absent, launch, visit } from "./support/browser.js";
import { startDemo } from "./support/demo.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NARROW = { width: 390, height: 844 };

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

// What axe-core finds, as sentences.
async function faultsOf(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map((node) => `${id} (${impact}): ${node.html.slice(0, 160)} ${node.failureSummary}`));
}

async function ringAndOpen(page) {
  const room = page.locator("#sidebar [data-channel]", { hasText: "inc-1-" });
  if ((await room.count()) === 0) await page.locator('[data-alarm="drift"]').dispatchEvent("click");
  await room.waitFor({ state: "attached" });
  await room.dispatchEvent("click");
  await page.locator("#feed .embed").first().waitFor();
}

for (const colorScheme of ["dark", "light"]) {
  test(`the room, ${colorScheme}, has no fault`, { skip: absent }, async () => {
    const { page } = await visit(browser, demo, { colorScheme });
    await ringAndOpen(page);
    await page.locator('[data-alarm="drift-spreads"]').click();
    await page.locator("#exchange summary").first().click();
    assert.deepEqual(await faultsOf(page), []);
    await page.getByRole("tab", { name: "People" }).click();
    assert.deepEqual(await faultsOf(page), []);
  });

  test(`a form, ${colorScheme}, has no fault`, { skip: absent }, async () => {
    const { page } = await visit(browser, demo, { colorScheme });
    await ringAndOpen(page);
    await page.locator("#feed").getByRole("button", { name: "Report", exact: true }).first().click();
    await page.getByRole("dialog").waitFor();
    assert.deepEqual(await faultsOf(page), []);
  });

  test(`a command that is being typed and an open menu, ${colorScheme}, have no fault`, { skip: absent }, async () => {
    const { page } = await visit(browser, demo, { colorScheme });
    await ringAndOpen(page);
    await page.locator("#say").fill("/inc");
    await page.getByRole("option").first().waitFor();
    assert.deepEqual(await faultsOf(page), []);
    await page.keyboard.press("Tab");
    assert.deepEqual(await faultsOf(page), []);
    await page.locator("#act-as").click();
    await page.getByRole("menu").waitFor();
    assert.deepEqual(await faultsOf(page), []);
  });

  test(`the width of a telephone, ${colorScheme}, has no fault and nothing beside it`, { skip: absent }, async () => {
    const { page } = await visit(browser, demo, { colorScheme, viewport: NARROW });
    await ringAndOpen(page);
    assert.deepEqual(await faultsOf(page), []);
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(tooWide, false, "nothing is to be scrolled sideways");
    await page.getByRole("button", { name: "Channels" }).click();
    await page.locator("#sidebar.drawn").waitFor();
    assert.deepEqual(await faultsOf(page), []);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Backstage" }).click();
    await page.locator("#side.drawn").waitFor();
    assert.deepEqual(await faultsOf(page), []);
  });
}
