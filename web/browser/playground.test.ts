import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { SIZES, THEMES, barriers, open, server, shifted, shoot, type SizeName } from "./open";

const prompt = (page: Page) => page.getByLabel("Prompt", { exact: true });
const run = (page: Page) => page.getByRole("button", { name: /^Run/ });
const status = (page: Page) => page.locator(".standing [role=status]");
const picture = (page: Page) => page.locator(".stage img:not(.preview)").first();
const choose = (page: Page, name: string | RegExp) => page.getByRole("radio", { name, exact: true }).check();
const done = (page: Page) => page.getByText(/^Done in/).waitFor();
const natural = (page: Page) =>
  picture(page).evaluate(async (image: HTMLImageElement) => (await image.decode(), [image.naturalWidth, image.naturalHeight]));

/** Something that takes some seconds, by the API. */
const occupy = () =>
  fetch(`${server}/queue/fal-ai/z-image/turbo`, {
    method: "POST",
    body: JSON.stringify({ prompt: "a cactus", num_inference_steps: 30, num_images: 4 }),
  });

test("from the first look to the picture: the position, the steps, the preview, the log", async () => {
  await occupy();
  const page = await open("/");
  await prompt(page).fill("a red sailboat on a calm sea");
  await run(page).click();
  await status(page).getByText(/In the queue/).waitFor();
  await status(page).getByText(/Step \d of 8/).waitFor();
  await page.locator("img.preview").waitFor();
  await done(page);
  expect(await natural(page)).toEqual([1024, 768]);
  expect(await status(page).textContent()).toMatch(/^Done in [\d.]+ s: queue [\d.]+, painting [\d.]+, rest [\d.]+$/);
  expect(await page.getByRole("log").textContent()).toMatch(/step 8\/8/);
  expect(await shifted(page)).toBe(0);
});

test("the first picture is there six seconds after the page was opened", async () => {
  const began = performance.now();
  const page = await open("/");
  await page.getByRole("button", { name: "a red sailboat" }).click();
  await run(page).click();
  await done(page);
  await natural(page);
  expect(performance.now() - began).toBeLessThan(6000);
});

test("another size, another format, four at once, and the next seed", async () => {
  const page = await open("/");
  await prompt(page).fill("a tent");
  await choose(page, /^Portrait 16:9/);
  await choose(page, "webp");
  await page.getByLabel("Seed", { exact: true }).fill("7");
  await page.keyboard.press("Control+Enter");
  await done(page);
  expect(await natural(page)).toEqual([576, 1024]);
  expect(await picture(page).getAttribute("src")).toMatch(/\.webp$/);
  await choose(page, /^Custom/);
  await page.getByLabel("Width").fill("320");
  await page.getByLabel("Height").fill("200");
  await choose(page, "2");
  await run(page).click();
  await done(page);
  expect(await natural(page)).toEqual([320, 200]);
  expect(await page.locator(".stage img").count()).toBe(2);
  await page.getByRole("button", { name: "Vary" }).click();
  await page.getByText("Painting").waitFor();
  await done(page);
  expect(await page.getByLabel("Seed", { exact: true }).inputValue()).toBe("9");
});

test("a running one is cancelled", async () => {
  const page = await open("/");
  await prompt(page).fill("a castle");
  await page.getByLabel("Num inference steps, as a number").fill("30");
  await choose(page, "4");
  await run(page).click();
  await page.locator("img.preview").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await status(page).getByText("Cancelled.").waitFor();
  expect(await run(page).isEnabled()).toBe(true);
});

test("who leaves finds the form as it was, and the request further on", async () => {
  const page = await open(`/#input=${encodeURIComponent('{"prompt": "a castle", "num_inference_steps": 30, "num_images": 4}')}`);
  await prompt(page).fill("a castle on a hill");
  await run(page).click();
  await page.locator("img.preview").first().waitFor();
  await page.reload();
  await status(page).getByText(/Picture \d of 4/).waitFor();
  expect(await prompt(page).inputValue()).toBe("a castle on a hill");
  await page.getByRole("link", { name: "Request page" }).click();
  await page.getByText("It is being painted.").waitFor();
  await page.goBack();
  await done(page);
  expect(await page.locator(".stage img:not(.preview)").count()).toBe(4);
  await page.reload();
  await page.getByText("Nothing is being painted.").waitFor();
  expect(await page.getByRole("radio", { name: "4", exact: true }).isChecked()).toBe(true);
});

test("what the server refuses stands at its field", async () => {
  const page = await open("/");
  await run(page).click();
  expect(await page.locator("#field-prompt-error").textContent()).toContain("is needed");
  expect(await prompt(page).evaluate((field) => field === document.activeElement)).toBe(true);
  await prompt(page).fill("a tree");
  await choose(page, /^Custom/);
  await page.getByLabel("Width").fill("20000");
  await run(page).click();
  const error = page.locator("#field-image_size-error");
  await error.waitFor();
  expect(await status(page).textContent()).toMatch(/^The server refuses this\. image_size: width: .*14142/);
  expect(await error.textContent()).toContain("less than or equal to 14142");
  const group = page.getByRole("radiogroup", { name: "Image size" });
  expect(await group.getAttribute("aria-describedby")).toContain("field-image_size-error");
  expect(await barriers(page)).toEqual([]);
});

test("a request that is refused leaves the last picture where it is", async () => {
  const page = await open(`/#input=${encodeURIComponent('{"prompt": "a tent", "image_size": "square"}')}`);
  await run(page).click();
  await done(page);
  await page.getByRole("tab", { name: "JSON" }).click();
  await page.getByLabel("The request's body").fill('{"prompt": "a tent", "num_images": 9}');
  await page.keyboard.press("Control+Enter");
  await status(page).getByText(/^The server refuses this\. num_images: .*less than or equal to 4/).waitFor();
  expect(await page.locator(".stage figure").count()).toBe(1);
  expect(await natural(page)).toEqual([512, 512]);
  await page.getByRole("button", { name: "Reuse settings" }).click();
  expect(await prompt(page).inputValue()).toBe("a tent");
});

test("form and JSON say the same", async () => {
  const page = await open("/");
  await prompt(page).fill("a pine");
  await page.getByRole("tab", { name: "JSON" }).click();
  const body = page.getByLabel("The request's body");
  expect(JSON.parse(await body.inputValue())).toMatchObject({ prompt: "a pine", num_inference_steps: 8 });
  await body.fill('{"prompt": "a palm", "num_inference_steps": 4');
  expect(await page.locator("#json-error").textContent()).not.toBe("");
  expect(await run(page).isDisabled()).toBe(true);
  await page.getByRole("tab", { name: "Form" }).click();
  expect(await body.inputValue()).toContain("a palm");
  await page.getByText("before it is mended").waitFor();
  await body.fill('{"prompt": "a palm", "num_inference_steps": 4, "output_format": "jpeg"}');
  await page.getByRole("tab", { name: "Form" }).click();
  expect(await prompt(page).inputValue()).toBe("a palm");
  expect(await page.getByLabel("Num inference steps, as a number").inputValue()).toBe("4");
  expect(await page.getByRole("radio", { name: "jpeg" }).isChecked()).toBe(true);
});

test("an expanded prompt and a picture inside the answer are shown", async () => {
  const page = await open("/");
  await prompt(page).fill("a cat");
  await page.getByRole("switch", { name: "Enable prompt expansion" }).check();
  await page.getByRole("switch", { name: "Sync mode" }).check();
  await run(page).click();
  await done(page);
  await page.locator(".expanded p").waitFor();
  expect(await picture(page).getAttribute("src")).toMatch(/^data:image\/png/);
  await page.getByText("The answer as JSON").click();
  expect(await page.locator(".as-json pre").textContent()).toContain('"url": "data:image/png;base64,');
});

test("what is copied is the seed, and the settings come back", async () => {
  const page = await open(`/#input=${encodeURIComponent('{"prompt": "a snowman", "seed": 41}')}`);
  await run(page).click();
  await done(page);
  await page.getByRole("button", { name: "Copy seed" }).click();
  await page.getByText("Copied").waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("41");
  await prompt(page).fill("something else");
  await page.getByRole("button", { name: "Reuse settings" }).click();
  expect(await prompt(page).inputValue()).toBe("a snowman");
});

test("the first paint comes at once, and nothing moves", async () => {
  const times: number[] = [];
  for (let n = 0; n < 3; n++) {
    const page = await open("/");
    await page.locator(".cost").getByText("$").waitFor();
    times.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]!.startTime));
    expect(await shifted(page)).toBe(0);
  }
  expect(Math.min(...times)).toBeLessThan(300);
});

for (const size of Object.keys(SIZES) as SizeName[])
  for (const theme of THEMES)
    test(`pictures of it: ${size}, ${theme}`, async () => {
      const page = await open("/", size, theme);
      await page.locator(".cost").getByText("$").waitFor();
      await shoot(page, `playground-before-${size}-${theme}`);
      expect(await barriers(page)).toEqual([]);
      await prompt(page).fill("a lighthouse at night with the moon");
      await run(page).click();
      await page.locator("img.preview").waitFor();
      await shoot(page, `playground-running-${size}-${theme}`);
      await done(page);
      await shoot(page, `playground-after-${size}-${theme}`);
      expect(await barriers(page)).toEqual([]);
      await page.getByRole("tab", { name: "Code" }).click();
      await shoot(page, `playground-code-${size}-${theme}`);
      expect(await barriers(page)).toEqual([]);
    });
