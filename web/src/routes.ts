/** Every page: its address, its name, and the file that draws it. A new page is a folder and a line here. */

import type { ComponentType } from "preact";

/** `params`: what the groups of the pattern matched. */
export type View = ComponentType<{ params: string[] }>;

export interface Page {
  pattern: RegExp;
  /** Where its link in the header leads; pages without one have none. */
  href?: string;
  title: string;
  load: () => Promise<{ default: View }>;
}

export const MODEL = "fal-ai/z-image/turbo";

export const PAGES: Page[] = [
  {
    pattern: new RegExp(`^/(?:models/${MODEL})?$`),
    href: "/",
    title: "Playground",
    load: () => import("./playground/page"),
  },
  {
    pattern: new RegExp(`^/models/${MODEL}/api$`),
    href: `/models/${MODEL}/api`,
    title: "API",
    load: () => import("./api-page/page"),
  },
  { pattern: /^\/requests$/, href: "/requests", title: "Requests", load: () => import("./requests/page") },
  { pattern: /^\/requests\/([^/]+)$/, title: "Request", load: () => import("./requests/one") },
  { pattern: /^\/admin$/, href: "/admin", title: "Admin", load: () => import("./admin/page") },
  { pattern: /^\/docs$/, href: "/docs", title: "Docs", load: () => import("./docs/page") },
];

const MISSING: Page = { pattern: /.*/, title: "No such page", load: () => import("./missing") };

/** The page of an address, and what its pattern took from it. */
export function routeOf(path: string): { page: Page; params: string[] } {
  for (const page of PAGES) {
    const match = page.pattern.exec(path);
    if (match) return { page, params: match.slice(1).map(decodeURIComponent) };
  }
  return { page: MISSING, params: [] };
}
