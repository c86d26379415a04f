import { execFileSync } from "node:child_process";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { open, server } from "./open";

const PROMPT = `it's a "red" tent`;
/** With awkward values, on the code tab. */
async function opened(language: string): Promise<Page> {
  const page = await open(`/#input=${encodeURIComponent(JSON.stringify({ prompt: PROMPT, seed: 5, image_size: { width: 64, height: 48 } }))}`);
  await page.getByRole("tab", { name: "Code" }).click();
  await page.getByText(language, { exact: true }).click();
  return page;
}
/** What its n-th copy button copies. */
async function copied(page: Page, n: number): Promise<string> {
  await page.locator(".block").nth(n).getByRole("button", { name: "Copy" }).click();
  await page.getByText("Copied").first().waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}
/**
 * In a shell that finds this project's Python and Node. Without --norc, an outermost bash (SHLVL below 2) whose input is
 * a socket, as Node's pipes are, takes itself for a remote one and reads ~/.bashrc, which may name another Python first.
 */
const shell = (script: string, folder: string) =>
  execFileSync("bash", ["--norc", "-ec", script], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, PATH: `${process.env["PYTHON_BIN"]}:${dirname(process.execPath)}:${process.env["PATH"]}` },
  });
const folder = () => mkdtempSync(join(tmpdir(), "code-"));
/** All but the installation, which the tests have behind them. */
const exportsOf = (before: string) => before.split("\n").filter((line) => !/^(pip|npm) install /.test(line)).join("\n");

test("cURL runs as copied", async () => {
  const answer = JSON.parse(shell(`${await copied(await opened("cURL"), 0)} --silent`, folder())) as Record<string, unknown>;
  expect(answer).toMatchObject({ seed: 5, prompt: PROMPT, images: [{ width: 64, height: 48 }] });
});

test("Python runs as copied", async () => {
  const page = await opened("Python");
  const before = exportsOf(await copied(page, 0));
  const place = folder();
  writeFileSync(join(place, "run.py"), await copied(page, 1));
  const said = shell(`${before}\npython run.py`, place);
  expect(said).toMatch(/^step 8\/8/m);
  expect(said).toContain(`'seed': 5`);
});

test("JavaScript runs as copied", async () => {
  const page = await opened("JavaScript");
  const before = exportsOf(await copied(page, 0));
  const place = folder();
  symlinkSync(join(import.meta.dirname, "../node_modules"), join(place, "node_modules"));
  writeFileSync(join(place, "run.mjs"), await copied(page, 1));
  const said = shell(`${before}\nnode run.mjs`, place);
  expect(said).toContain("seed: 5");
  expect(said).toContain(`url: '${server}/files/`);
});
