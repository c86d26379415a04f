/** The operator's view. */

import { expect, test } from "vitest";
import { SIZES, THEMES, barriers, locked, open, openLocked, server, shifted, shoot, type SizeName } from "./open";

const MARKUP = "<b>bold</b><img/src=x/onerror=document.title=1>";
const paint = (key: string) =>
  fetch(`${locked.url}/run/fal-ai/z-image/turbo`, {
    method: "POST",
    headers: { Authorization: `Key ${key}` },
    body: JSON.stringify({ prompt: "a kite", image_size: { width: 64, height: 64 } }),
  });

test("an operator logs in, makes a key and uses it; it may not come in here; then it is revoked", async () => {
  const page = await open(`${locked.url}/admin`);
  await page.getByLabel("API key").fill(locked.key);
  await page.getByRole("button", { name: "Use it" }).click();
  const keys = page.getByRole("region", { name: "Keys" });
  await keys.getByLabel("What the new key is for").fill("a friend");
  await keys.getByRole("button", { name: "Create a key" }).click();
  await keys.getByText("This is shown once").waitFor();
  await keys.getByRole("button", { name: "Copy the key" }).click();
  await keys.getByText("Copied").waitFor();
  const made = await page.evaluate(() => navigator.clipboard.readText());
  expect(made).toMatch(/^[0-9a-f]{16}:\S{40,}$/);
  await shoot(page, "admin-key-wide-light");
  expect(await barriers(page)).toEqual([]);
  expect((await paint(made)).status).toBe(200);

  await page.reload();
  await keys.getByText("a friend").waitFor();
  expect(await page.getByText(made).count()).toBe(0);
  await page.getByRole("region", { name: "Usage by key", exact: true }).first().getByText("Key: a friend").waitFor();

  const other = await open(`${locked.url}/admin`);
  await other.getByLabel("API key").fill(made);
  await other.getByRole("button", { name: "Use it" }).click();
  await other.getByText("this call needs a key of scope ADMIN").waitFor();
  await other.getByRole("button", { name: "Use another key" }).click();
  await other.getByLabel("API key").fill(locked.key);
  await other.getByRole("button", { name: "Use it" }).click();
  await other.getByRole("region", { name: "Keys" }).waitFor();

  await keys.getByRole("button", { name: "Revoke the key for a friend" }).click();
  expect(await barriers(page)).toEqual([]);
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await keys.getByText("The key for a friend is revoked.").waitFor();
  expect((await paint(made)).status).toBe(401);
});

test("what is being painted, how far it is, and what waits", async () => {
  const page = await openLocked("/admin");
  const body = JSON.stringify({ prompt: "slow:0.3", image_size: "square" });
  for (let n = 0; n < 2; n++)
    await fetch(`${locked.url}/queue/fal-ai/z-image/turbo`, { method: "POST", headers: { Authorization: `Key ${locked.key}` }, body });
  const now = page.getByRole("region", { name: "Now" });
  await now.getByRole("cell", { name: /step \d\/8/ }).waitFor();
  expect(await now.locator("dl").textContent()).toMatch(/queued1running1/);
  expect(await now.getByRole("row").nth(1).textContent()).toMatch(/flat colours0\.\d\d GB.*ready/);
});

test("plots are tables too", async () => {
  const page = await openLocked("/admin");
  await page.getByText("Week", { exact: true }).click();
  const plot = page.locator(".plot").first();
  await plot.locator("figcaption").getByText(/^Requests per hour: [45],?\d{3} in all/).waitFor();
  await plot.getByText("As a table").click();
  expect(await plot.locator("tbody tr").count()).toBeGreaterThan(150);
  expect(await plot.getByRole("img").getAttribute("aria-labelledby")).toBe(await plot.locator("figcaption").getAttribute("id"));
  expect(await barriers(page)).toEqual([]);
});

test("a failed webhook is tried once more, and markup in it is text", async () => {
  const page = await openLocked("/admin");
  const failed = page.getByRole("region", { name: "Failed webhooks" });
  await failed.getByText(MARKUP).first().waitFor();
  expect(await failed.textContent()).toMatch(/\/<b>bold.*: <b>bold/);
  const keys = page.getByRole("region", { name: "Keys" });
  await keys.getByLabel("What the new key is for").fill(MARKUP);
  await keys.getByRole("button", { name: "Create a key" }).click();
  await keys.locator("li b", { hasText: MARKUP }).waitFor();
  expect(await page.locator("main img[src=x], main b b").count()).toBe(0);
  expect(await page.title()).toBe("Admin · Tintype");
  await failed.getByRole("button", { name: /^Retry/ }).click();
  const said = failed.getByText("It is being delivered once more.");
  await said.waitFor();
  await said.waitFor({ state: "hidden" });
  // It is pending again: this try failed too, and more will follow.
  await failed.getByText("None.").waitFor();
});

test("without keys it is open on this machine, and says what the first key does", async () => {
  const page = await open(`${server}/admin`);
  const keys = page.getByRole("region", { name: "Keys" });
  await keys.getByLabel("What the new key is for").fill("the first");
  await keys.getByRole("button", { name: "Create a key" }).click();
  await page.getByRole("dialog").getByText("tintype keys create NAME --admin").waitFor();
  await page.getByRole("button", { name: "Leave it" }).click();
  expect(((await (await fetch(`${server}/v1/keys`)).json()) as { keys: object[] }).keys).toEqual([]);
});

for (const size of Object.keys(SIZES) as SizeName[])
  for (const theme of THEMES)
    test(`pictures of it: ${size}, ${theme}`, async () => {
      const page = await openLocked("/admin", size, theme);
      await page.locator("figcaption", { hasText: "in all" }).waitFor();
      await page.waitForLoadState("networkidle");
      expect(await shifted(page)).toBe(0);
      await page.getByText("Week", { exact: true }).click();
      await page.locator("figcaption").getByText(/^Requests per hour: [45]/).waitFor();
      await page.waitForLoadState("networkidle");
      await shoot(page, `admin-${size}-${theme}`);
      await page.screenshot({ path: `${process.env["SCREENSHOTS"]}/admin-whole-${size}-${theme}.png`, fullPage: true });
      expect(await barriers(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth)).toBe(true);
    });
