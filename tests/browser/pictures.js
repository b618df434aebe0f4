// Takes the pictures of the README: `node pictures.js FOLDER`.

import { join } from "node:path";
import { actAs, launch, visit } from "./support/browser.js";
import { startDemo } from "./support/demo.js";

const folder = process.argv[2] ?? ".";
const WIDE = { viewport: { width: 1320, height: 860 }, deviceScaleFactor: 1.25, colorScheme: "dark", reducedMotion: "reduce" };
const NARROW = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, colorScheme: "light", reducedMotion: "reduce" };

const demo = await startDemo();
const browser = await launch();

async function open(options) {
  const { page } = await visit(browser, demo, options);
  const dismiss = page.getByRole("button", { name: "Dismiss the tour" });
  if (await dismiss.isVisible()) await dismiss.click();
  return page;
}

const room = (page) => page.locator("#sidebar [data-channel]", { hasText: "inc-1-" });
const press = (page, label, on = "") => page.locator("#feed .message").filter({ hasText: on }).locator(`[data-label="${label}"]`).last().click();
const wait = (page, text) => page.locator("#feed").getByText(text).first().waitFor();
const take = (page, name) => page.screenshot({ path: join(folder, name) });

async function run(page, command, ...values) {
  await page.locator("#say").fill(`/${command}`);
  await page.keyboard.press("Enter");
  for (const value of values) {
    await page.keyboard.type(value);
    await page.keyboard.press("Enter");
  }
}

// A night: it drifts, the first in line acknowledges and leads, and says what is the case.
const page = await open(WIDE);
const card = page.locator("#feed .embed").first();
await page.locator('[data-alarm="drift"]').click();
await room(page).click();
await page.getByRole("button", { name: "+10 s" }).click();
await press(page, "Acknowledge");
await wait(page, "acknowledged and has it");
await press(page, "Take the lead");
await wait(page, "is now the lead");
await page.getByRole("button", { name: "+5 min" }).click();
await page.locator('[data-alarm="drift-spreads"]').click();
await wait(page, "1 alert joined");
await run(page, "incident severity", "SEV1", "payments are declined that should not be");
await press(page, "Acknowledge", "SEV1");
await press(page, "Report");
const inputs = page.getByRole("dialog").locator("textarea");
await inputs.nth(0).fill("Scores of version 14 are too high for card-not-present and marketplace.");
await inputs.nth(1).fill("Rolling back to version 13, at 40 %.");
await page.getByRole("button", { name: "Submit" }).click();
await wait(page, "Rolling back to version 13");
await page.locator("#say").fill("the feature table was rebuilt at 01:30, that is when it started");
await page.keyboard.press("Enter");
await page.getByRole("button", { name: "+5 min" }).click();
await card.getByText("SEV1").first().waitFor();
await actAs(page, "Dana");
await room(page).click();
await wait(page, "that is when it started");
await card.getByText("SEV1").first().waitFor();
await card.evaluate((embed) => embed.scrollIntoView({ block: "start" }));
await page.locator("#feed").evaluate((feed) => { feed.scrollTop -= 70; });
await page.locator("#tab-body").evaluate((body) => { body.scrollTop = 0; });
await page.mouse.move(700, 5);
await take(page, "room.png");

// The liaison drafts, and makes the external text plainer.
await actAs(page, "Liam");
await room(page).click();
await press(page, "Take the liaison role");
await wait(page, "is now the liaison");
await press(page, "Draft update");
await wait(page, "for external");
await press(page, "Edit", "for external");
await page.getByRole("dialog").locator("textarea").first().fill("Some card payments are being declined by mistake. We have found the cause and are undoing it.");
await page.getByRole("button", { name: "Submit" }).click();
await wait(page, "version 2");
await actAs(page, "Mia");
await room(page).click();
await page.getByRole("tab", { name: "People" }).click();
const draft = page.locator("#feed .message").filter({ hasText: "update for external" }).last();
await draft.evaluate((message) => message.scrollIntoView({ block: "start" }));
await page.mouse.move(700, 5);
await take(page, "draft.png");

// On a telephone: the page that whoever is on call gets.
await page.getByRole("tab", { name: "Backstage" }).click();
await page.locator('[data-alarm="endpoint-slow"]').click();
await page.getByText("202 in").waitFor();
const phone = await open(NARROW);
const called = (await phone.locator("#act-as").innerText()).includes("ML Platform");
await phone.getByRole("button", { name: "Channels" }).click();
if (!called) {
  await phone.locator("#act-as").click();
  await phone.getByRole("menuitemradio", { name: /on call · ML Platform/ }).click();
}
await phone.locator("#sidebar [data-channel]:has(.face)").click();
await phone.getByRole("button", { name: "Acknowledge" }).waitFor();
await phone.mouse.move(200, 5);
await phone.locator("#scrim").waitFor({ state: "hidden" });
await take(phone, "phone.png");

await browser.close();
await demo.stop();
