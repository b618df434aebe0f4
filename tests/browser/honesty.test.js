// What the demo says of itself, whom it lets in, and how it starts and ends.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { absent, launch, visit } from "./support/browser.js";
import { startDemo } from "./support/demo.js";

// A request with headers that a browser would not let a page set.
function ask(address, method, path, headers) {
  return new Promise((resolve, reject) => {
    const asked = request(`${address}${path}`, { method, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.once("error", reject);
    asked.end(method === "POST" ? "{}" : undefined);
  });
}

test("other hosts, other sites and other origins are refused", async () => {
  const demo = await startDemo();
  const own = new URL(demo.address);
  const json = { "content-type": "application/json" };
  const statuses = {
    page: await ask(demo.address, "GET", "/", {}),
    rebound: await ask(demo.address, "GET", "/", { host: `evil.example.org:${own.port}` }),
    state: await ask(demo.address, "GET", "/state", { host: "evil.example.org" }),
    crossSite: await ask(demo.address, "POST", "/ring", { ...json, "sec-fetch-site": "cross-site" }),
    otherOrigin: await ask(demo.address, "POST", "/down", { ...json, origin: "https://evil.example.org" }),
    otherPort: await ask(demo.address, "POST", "/down", { ...json, origin: "http://127.0.0.1:1" }),
    asForm: await ask(demo.address, "POST", "/ring", { "content-type": "text/plain" }),
  };
  await demo.stop();
  assert.deepEqual(statuses, { page: 200, rebound: 403, state: 403, crossSite: 403, otherOrigin: 403, otherPort: 403, asForm: 415 });
});

test("it says that it is a stand-in, and ends on Ctrl-C with a page open", { skip: absent }, async () => {
  const [demo, browser] = await Promise.all([startDemo(), launch()]);
  const { page, faults } = await visit(browser, demo);
  await page.getByRole("banner").getByText("A stand-in, not Discord.").waitFor();
  assert.deepEqual(faults, []);
  const ended = await demo.stop();
  assert.deepEqual(ended, { code: 0, signal: null });
  await page.getByText("The stand-in is gone").waitFor();
  await browser.close();
});

test("a port that is taken is named, and the next is tried", async () => {
  const taken = createServer();
  await new Promise((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address();
  const demo = await startDemo("--port", String(port));
  taken.close();
  await demo.stop();
  assert.match(demo.said(), new RegExp(`port ${port} cannot be taken for the page`));
  assert.notEqual(new URL(demo.address).port, String(port));
});

test("what was kept is there again: the incident, its room, and the time", { skip: absent }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "firebell-keep-"));
  const browser = await launch();
  const room = (page) => page.locator("#sidebar [data-channel]", { hasText: "inc-1-" });

  const first = await startDemo("--keep", folder);
  const before = await visit(browser, first);
  await before.page.locator('[data-alarm="drift"]').click();
  await room(before.page).click();
  await before.page.getByRole("button", { name: "+1 h" }).click();
  await before.page.locator(".clock").getByText("1 h ahead").waitFor();
  await before.page.context().close();
  assert.equal((await first.stop()).code, 0);

  const second = await startDemo("--keep", folder);
  const { page, faults } = await visit(browser, second);
  await page.locator(".clock").getByText("1 h ahead").waitFor();
  await room(page).click();
  await page.locator("#feed").getByRole("button", { name: "Take the lead" }).first().click();
  await page.locator(".message:not(.ephemeral)").getByText("is now the lead").waitFor();
  assert.equal(await page.locator("#sidebar [data-channel]", { hasText: "inc-" }).count(), 1, "one room");
  assert.deepEqual(faults, []);
  await browser.close();
  assert.equal((await second.stop()).code, 0);
  await rm(folder, { recursive: true });
});
