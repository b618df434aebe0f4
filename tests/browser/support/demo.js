// A demo of its own for each test file: `firebell demo`, as a visitor starts it.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const program = process.env.FIREBELL ?? `${process.env.CARGO_TARGET_DIR ?? `${root}/target`}/debug/firebell`;
const PATIENCE_MS = 60_000;

// Starts it and waits until it says where its page is.
export async function startDemo(...options) {
  if (!existsSync(program)) throw new Error(`there is no ${program}: run cargo build first, or name the program in FIREBELL`);
  const child = spawn(program, ["demo", ...(options.includes("--port") ? [] : ["--port", "0"]), ...options], { cwd: root });
  process.once("exit", () => child.kill());
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  let said = "";
  const address = await new Promise((resolve, reject) => {
    const hear = (data) => {
      said += data;
      const found = said.match(/Open (http:\/\/127\.0\.0\.1:\d+)/);
      if (found) resolve(found[1]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    ended.then(({ code }) => reject(new Error(`the demo ended with ${code}:\n${said}`)));
    setTimeout(() => reject(new Error(`the demo does not say where it is:\n${said}`)), PATIENCE_MS).unref();
  });
  return {
    address,
    said: () => said,
    // Ctrl-C; how it ended.
    async stop() {
      child.kill("SIGINT");
      return ended;
    },
  };
}
