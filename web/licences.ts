/** What the authors of bundled packages ask to be shipped with them, as one file beside the pages. */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

export const licences = (): Plugin => ({
  name: "licences",
  generateBundle(_, bundle) {
    const folders = new Set<string>();
    for (const chunk of Object.values(bundle))
      for (const module of chunk.type === "chunk" ? chunk.moduleIds : []) {
        const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0];
        if (folder && existsSync(join(folder, "package.json"))) folders.add(folder);
      }
    const source = [...folders].map(licence).sort().join(`\n${"-".repeat(80)}\n\n`);
    this.emitFile({ type: "asset", fileName: "licences.txt", source });
  },
});

function licence(folder: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const by = typeof author === "string" ? author : ((author as { name?: string } | undefined)?.name ?? "its authors");
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Copyright ${by}. The package holds no text of its licence.`;
  return `${name} ${version}, ${license}\n\n${text}\n`;
}
