import { expect, test } from "vitest";
import { SIZES, THEMES, barriers, open, server, shifted, shoot, type SizeName } from "./open";

const API = "/models/fal-ai/z-image/turbo/api";
const PAGES = { api: API, docs: "/docs", missing: "/nothing" };

test("the API page says what llms.txt says, and its links lead somewhere", async () => {
  const page = await open(API);
  await page.getByRole("heading", { name: "Usage Examples" }).waitFor();
  const text = await (await fetch(`${server}/models/fal-ai/z-image/turbo/llms.txt`)).text();
  const titles = [...text.replaceAll(/```[^]*?```/g, "").matchAll(/^#+ (.*)$/gm)].map((match) => match[1]);
  expect(await page.locator("article :is(h1, h2, h3, h4)").allTextContents()).toEqual(titles);
  const listings = [...text.matchAll(/^```\w*\n([^]*?)\n```$/gm)].map((match) => match[1]);
  expect(await page.locator("article pre").allTextContents()).toEqual(listings);
  for (const link of await page.locator("article a").evaluateAll((found) => found.map((each) => (each as HTMLAnchorElement).href)))
    if (link.startsWith(server)) expect((await fetch(link)).status).toBe(200);
  await page.getByRole("link", { name: "Output Schema" }).click();
  expect(await page.locator("#output-schema").evaluate((title) => Math.round(title.getBoundingClientRect().top))).toBeLessThan(120);
  expect(await shifted(page)).toBe(0);
});

test("every route is on the page of routes", async () => {
  const page = await open("/docs");
  await page.locator(".route").first().waitFor();
  const { paths } = (await (await fetch(`${server}/openapi.json`)).json()) as { paths: Record<string, object> };
  const count = Object.values(paths).flatMap(Object.keys).length;
  expect(await page.locator(".route").count()).toBe(count);
  await page.locator(".route summary").first().click();
  await page.getByText("num_inference_steps").waitFor();
  expect(await barriers(page)).toEqual([]);
});

test("the light is switched and stays so", async () => {
  const page = await open("/docs", "wide", "light");
  await page.getByRole("button", { name: "Switch to dark" }).click();
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await paper();
  await page.reload();
  await page.getByRole("button", { name: "Switch to light" }).waitFor();
  expect(await paper()).toBe(dark);
});

for (const [name, path] of Object.entries(PAGES))
  for (const size of Object.keys(SIZES) as SizeName[])
    for (const theme of THEMES)
      test(`pictures of ${name}: ${size}, ${theme}`, async () => {
        const page = await open(path, size, theme);
        await page.locator("h1").waitFor();
        await shoot(page, `${name}-${size}-${theme}`);
        expect(await barriers(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      });
