import { expect, test } from "vitest";
import { THEMES, barriers, locked, open, shoot } from "./open";

test("a key is asked for only when the server wants one, and kept in this tab only", async () => {
  const page = await open(locked.url);
  await page.getByLabel("Prompt", { exact: true }).fill("a house");
  const dialog = page.getByRole("dialog");
  expect(await dialog.count()).toBe(0);
  await page.getByRole("button", { name: /^Run/ }).click();
  await dialog.waitFor();
  await page.getByLabel("API key").fill("not:right");
  await page.getByRole("button", { name: "Use it" }).click();
  await page.getByText("does not know this key").waitFor();
  expect(await barriers(page)).toEqual([]);
  await page.getByLabel("API key").fill(`Key ${locked.key}`);
  await page.keyboard.press("Enter");
  await page.getByText(/^Done in/).waitFor();
  expect(await page.evaluate(() => [sessionStorage.getItem("tintype-key"), localStorage.length])).toEqual([locked.key, 0]);
  expect(await page.getByRole("dialog").count()).toBe(0);
});

test("who has no key is told that one is needed", async () => {
  const page = await open(locked.url);
  await page.getByLabel("Prompt", { exact: true }).fill("a house");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("invalid key credentials").waitFor();
  await page.getByRole("tab", { name: "Code" }).click();
  await page.getByText("Authorization: Key $FAL_KEY").waitFor();
});

for (const theme of THEMES)
  test(`pictures of it: ${theme}`, async () => {
    const page = await open(locked.url, "phone", theme);
    await page.getByRole("button", { name: /^A hyper-realistic/ }).click();
    await page.getByRole("button", { name: /^Run/ }).click();
    await page.getByRole("dialog").waitFor();
    await shoot(page, `key-phone-${theme}`);
  });
