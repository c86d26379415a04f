/** The present wish as a program, for this very server. Tests run every one of them as it is shown. */

import { MODEL } from "../routes";
import type { Values } from "./schema";

export interface Server {
  root: string;
  needsKey: boolean;
  /** The command that prints the exports for fal's Python client. */
  env: string;
}
export interface Listing {
  /** What has to be done once, in a shell. */
  before?: string;
  /** What to do with the code after that. */
  then?: string;
  code: string;
  language: string;
}

export function curl(wish: Values, { root, needsKey }: Server): Listing {
  const lines = [`curl ${root}/${MODEL}`];
  if (needsKey) lines.push(`--header "Authorization: Key $FAL_KEY"`);
  lines.push(`--header "Content-Type: application/json"`);
  lines.push(`--data '${JSON.stringify(wish, null, 2).replaceAll("'", `'\\''`)}'`);
  return { code: lines.join(" \\\n  "), language: "bash" };
}

export function python(wish: Values, { needsKey, env }: Server): Listing {
  const key = needsKey ? `\nexport FAL_KEY=ID:SECRET` : "";
  return {
    before: `pip install fal-client\neval "$(${env})"${key}`,
    then: "Then, saved as paint.py: python paint.py",
    language: "python",
    code: `import fal_client

def on_queue_update(update):
    if isinstance(update, fal_client.InProgress):
        for log in update.logs:
            print(log["message"])

result = fal_client.subscribe(
    "${MODEL}",
    arguments=${indented(pythonic(wish), "    ")},
    with_logs=True,
    on_queue_update=on_queue_update,
)
print(result)`,
  };
}

export function javascript(wish: Values, { root, needsKey }: Server): Listing {
  const key = needsKey ? `\nexport FAL_KEY=ID:SECRET` : "";
  return {
    before: `npm install @fal-ai/client${key}`,
    then: "Then, saved as paint.mjs: node paint.mjs",
    language: "javascript",
    code: `import { fal } from "@fal-ai/client";

fal.config({ proxyUrl: { url: "${root}/api/fal/proxy", when: "always" } });

const result = await fal.subscribe("${MODEL}", {
  input: ${indented(JSON.stringify(wish, null, 2).replace(/^( *)"(\w+)":/gm, "$1$2:"), "  ")},
  logs: true,
  onQueueUpdate: (update) => {
    if (update.status === "IN_PROGRESS") {
      update.logs.map((log) => log.message).forEach((line) => console.log(line));
    }
  },
});
console.log(result.data);
console.log(result.requestId);`,
  };
}

/** A value as Python writes it. */
export function pythonic(value: unknown, indent = ""): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const deeper = `${indent}    `;
  const [open, close, items] = Array.isArray(value)
    ? ["[", "]", value.map((each) => pythonic(each, deeper))]
    : ["{", "}", Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${pythonic(each, deeper)}`)];
  if (items.length === 0) return open + close;
  return `${open}\n${items.map((item) => `${deeper}${item},\n`).join("")}${indent}${close}`;
}

const indented = (text: string, by: string) => text.replaceAll("\n", `\n${by}`);
