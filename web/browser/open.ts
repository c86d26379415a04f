/** The browser of all tests of a file, and what every page of ours must keep: no error, no breach of the policy. */

import axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

/** What tests/pages gives: the server's address, where to put pictures, and the browser. */
const given = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run the tests by: .venv/bin/python -m pytest tests/pages`);
  return value;
};
export const server = given("SERVER_URL");
/** Another server, which wants a key; and a key of its operator. */
export const locked = { url: given("LOCKED_URL"), key: given("LOCKED_KEY") };
const shots = given("SCREENSHOTS");
let browser: Browser;
const complaints: string[] = [];

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: given("CHROMIUM"), args: ["--no-sandbox"] });
});
afterAll(() => browser.close());
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  expect(complaints.splice(0)).toEqual([]);
});

export const SIZES = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
export type SizeName = keyof typeof SIZES;
export const THEMES = ["light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** A page of its own, at that path of the server, or at a whole address. */
export async function open(path: string, size: SizeName = "wide", theme: Theme = "light"): Promise<Page> {
  const isPhone = size === "phone";
  const context = await browser.newContext({
    viewport: SIZES[size],
    colorScheme: theme,
    // A picture taken amid a movement shows nothing.
    reducedMotion: isPhone ? "reduce" : "no-preference",
    isMobile: isPhone,
    hasTouch: isPhone,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  await page.addInitScript(watchShifts);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // Refusals are what some tests are about.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  await page.goto(path.startsWith("http") ? path : server + path);
  return page;
}

/** The same on the server that wants a key, which the tab has. */
export async function openLocked(path: string, size: SizeName = "wide", theme: Theme = "light"): Promise<Page> {
  const page = await open("/pages/licences.txt", size, theme);
  await page.addInitScript((key) => sessionStorage.setItem("tintype-key", key), locked.key);
  await page.goto(locked.url + path);
  return page;
}

/** A picture of what is seen now, for people to look at. */
export const shoot = (page: Page, name: string) => page.screenshot({ path: `${shots}/${name}.png` });

/** Everything that keeps somebody out, by axe-core: must be nothing. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}

/** How much moved so far that nobody had touched. */
export const shifted = (page: Page) => page.evaluate(() => (window as unknown as { shifted: number }).shifted);

function watchShifts() {
  const seen = window as unknown as { shifted: number };
  seen.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[])
      if (!entry.hadRecentInput) seen.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}
