/** What the playground says of how a request ended. The other server's prompts say how. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { barriers, openLocked, shoot } from "./open";

async function painted(prompt: string, prepare: (page: Page) => Promise<void> = async () => undefined): Promise<Page> {
  const page = await openLocked("/");
  await page.getByLabel("Prompt", { exact: true }).fill(prompt);
  await prepare(page);
  await page.getByRole("button", { name: /^Run/ }).click();
  return page;
}
const status = (page: Page) => page.locator(".standing [role=status]");

test("a picture that was flagged says so", async () => {
  const page = await painted("nsfw");
  await page.getByText("Flagged by the safety checker").waitFor();
  await shoot(page, "playground-flagged-wide-light");
  expect(await barriers(page)).toEqual([]);
});

test("a failure is told in the server's words", async () => {
  const page = await painted("oom");
  await status(page).getByText("Out of memory; ask for a smaller image_size").waitFor();
  await shoot(page, "playground-failed-wide-light");
  expect(await barriers(page)).toEqual([]);
});

test("markup in prompts, logs and expanded prompts is text", async () => {
  const markup = "<b>bold</b><img/src=x/onerror=document.title=1>";
  const page = await painted(markup, (form) => form.getByRole("switch", { name: "Enable prompt expansion" }).check());
  await page.locator(".expanded p", { hasText: `${markup}, in one flat colour` }).waitFor();
  expect(await page.getByRole("log").textContent()).toContain(markup);
  expect(await page.locator("main b:not(.title b), main img:not(.stage img)").count()).toBe(0);
  expect(await page.locator(".stage img").getAttribute("alt")).toContain(markup);
  await page.getByRole("tab", { name: "Code" }).click();
  expect(await page.locator(".block pre").textContent()).toContain(markup);
  expect(await page.title()).toBe("Playground · Tintype");
});

test("of several pictures it says which one is painted", async () => {
  const page = await painted("slow:0.05", (form) => form.getByRole("radio", { name: "3", exact: true }).check());
  await status(page).getByText(/Picture 2 of 3, step \d of 8/).waitFor();
  await shoot(page, "playground-several-wide-light");
  await page.getByText(/^Done in/).waitFor();
  expect(await page.locator(".stage img:not(.preview)").count()).toBe(3);
});

test("one that waits is cancelled too", async () => {
  const page = await painted("slow:1");
  await status(page).getByText(/Step 1/).waitFor();
  const other = await painted("a tent");
  await status(other).getByText(/In the queue/).waitFor();
  await other.getByRole("button", { name: "Cancel" }).click();
  await status(other).getByText("Cancelled.").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await status(page).getByText("Cancelled.").waitFor();
});
