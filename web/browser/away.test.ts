/** The server goes away and comes back: what the pages say meanwhile. It is one of its own, for it is stopped. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { open, shoot } from "./open";

const home = mkdtempSync(join(tmpdir(), "away-"));
let ports: number[] = [];
let running: ChildProcess;

async function freePort(): Promise<number> {
  const socket = createServer().listen(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address() as AddressInfo;
  socket.close();
  return port;
}
const address = () => `http://127.0.0.1:${ports[0]}`;
async function arrive() {
  const names = ["port", "queue-port", "tls-port", "tls-queue-port", "proxy-port"];
  const given = names.flatMap((name, n) => [`--${name}`, String(ports[n])]);
  running = spawn(join(process.env["PYTHON_BIN"]!, "tintype"), ["serve", "--home", home, ...given], {
    env: { ...process.env, TINTYPE_ENGINE: "tintype.testing.engine" },
    stdio: "ignore",
  });
  while (!(await fetch(`${address()}/readyz`).catch(() => undefined))?.ok) await new Promise((done) => setTimeout(done, 100));
}
async function leave() {
  const ended = once(running, "exit");
  running.kill("SIGINT");
  await ended;
}
beforeAll(async () => {
  ports = await Promise.all([1, 2, 3, 4, 5].map(freePort));
  await arrive();
});
afterAll(leave);

const status = (page: Page) => page.locator(".standing [role=status]");
async function painting(): Promise<Page> {
  const page = await open(`${address()}/#input=${encodeURIComponent('{"prompt": "slow:0.3"}')}`);
  await page.getByRole("button", { name: /^Run/ }).click();
  await status(page).getByText(/Step [1-9]/).waitFor();
  return page;
}

test("a request outlives the server's absence, and the page waits for both", async () => {
  const page = await painting();
  const admin = await open(`${address()}/admin`);
  const now = admin.getByRole("region", { name: "Now" });
  await now.getByRole("cell", { name: /step \d\/8/ }).waitFor();
  await leave();
  await status(page).getByText("The server does not answer; waiting …").waitFor();
  await shoot(page, "playground-away-wide-light");
  await now.getByText("The server does not answer.").waitFor();
  expect(await now.locator("dl").textContent()).toMatch(/queued–running–/);
  expect(await now.getByRole("row").nth(1).textContent()).toMatch(/flat colours–––$/);
  await shoot(admin, "admin-away-wide-light");
  await arrive();
  await page.getByText(/^Done in/).waitFor();
  expect(await page.locator(".stage img:not(.preview)").count()).toBe(1);
  await now.getByText("idle").waitFor();
});

test("whoever does not want to wait cancels; what cannot be sent says why", async () => {
  const page = await painting();
  await leave();
  await status(page).getByText(/waiting …/).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await status(page).getByText("No longer waited for.").waitFor();
  await page.getByRole("button", { name: /^Run/ }).click();
  await status(page).getByText("The server does not answer.", { exact: true }).waitFor();
  await arrive();
});
