// What the demo says of itself, whom it lets in, and how it starts and ends.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
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

test("the database is kept where it was asked for", async () => {
  const folder = await mkdtemp(join(tmpdir(), "firebell-keep-"));
  const demo = await startDemo("--keep", folder);
  await demo.stop();
  const files = await readdir(folder);
  await rm(folder, { recursive: true });
  assert.ok(files.includes("firebell.db"), files.join(", "));
});
