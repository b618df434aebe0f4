// A browser, if there is one, and pages in it that note what must not happen.

import { accessSync, constants } from "node:fs";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

// The browser's program; none where there is none, unless it is required.
function program() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const folder of (process.env.PATH ?? "").split(":")) {
    for (const name of NAMES) {
      try {
        accessSync(`${folder}/${name}`, constants.X_OK);
        return `${folder}/${name}`;
      } catch {
        // The next may be there.
      }
    }
  }
  return null;
}

export const absent = program() === null && process.env.FIREBELL_TEST_BROWSER !== "required"
  ? "no Chromium on this machine; name one in CHROMIUM" : false;
if (absent) process.stderr.write(`SKIPPED: ${absent}\n`);

// Nothing but loopback has an address in it: what would leave the machine fails, and is noted.
export const launch = () => chromium.launch({
  executablePath: program(),
  args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
});

// A page at the demo; `faults` has every error on its console and every request that went elsewhere.
export async function visit(browser, demo, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "dark", locale: "en-GB", ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  context.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol !== "data:" && hostname !== "127.0.0.1") faults.push(`request: ${request.url()}`);
  });
  page.setDefaultTimeout(20_000);
  await page.goto(`${demo.address}/${options.at ?? ""}`);
  await page.locator("#act-as").waitFor({ state: "attached" });
  return { page, faults };
}

// Becomes somebody, by the switch at the lower left.
export async function actAs(page, name) {
  await page.locator("#act-as").click();
  await page.getByRole("menuitemradio", { name }).click();
  await page.locator("#act-as strong", { hasText: name }).waitFor();
}

export const acting = (page) => page.locator("#act-as strong").innerText();
