/** How the pages speak to the server: fal's own client for the model, plain JSON for everything else. */

import { ApiError, createFalClient } from "@fal-ai/client";
import { askForKey, authorization, forgetKey, key } from "./key";
import { link } from "./root";

/** Nobody answers: the server is not running, or there is no way to it. */
export class Silent extends Error {
  constructor() {
    super("The server does not answer.");
  }
}

/** fetch, in our words where browsers have one each: "Failed to fetch", "NetworkError when attempting …". */
const reach: typeof fetch = (...asked) =>
  fetch(...asked).catch((error: unknown) => {
    throw error instanceof TypeError ? new Silent() : error;
  });

/** @fal-ai/client, led here by its own configuration. */
export const fal = createFalClient({
  fetch: reach,
  proxyUrl: { url: link("/api/fal/proxy"), when: "always" },
  credentials: () => key(),
  suppressLocalCredentialsWarning: true,
});

/** What `work` gives; if the server wants a key, or another one, the person is asked and it is done again. */
export async function withKey<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof Refused) || error.status !== 401) throw error;
      const why = key() ? "The server does not know this key (any more)." : undefined;
      forgetKey();
      if (!(await askForKey(why))) throw error;
    }
  }
}

/** An answer that is a "no"; its message is for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {
    super(reason(body) ?? `The server answered ${status}`);
  }
}

/** The JSON at a path of this server, with the key; asks for one if need be. Throws {@link Refused}. */
export const json = <T>(path: string, options: { method?: string; body?: unknown } = {}): Promise<T> =>
  withKey(() => once<T>(path, options));

/** The same, but it never asks for a key. */
export async function once<T>(path: string, { method, body }: { method?: string; body?: unknown } = {}): Promise<T> {
  const answer = await reach(link(path), {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { Accept: "application/json", "Content-Type": "application/json", ...authorization() },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const read: unknown = text && answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text;
  if (!answer.ok) throw new Refused(answer.status, read);
  return read as T;
}

/** Why not, from the body of a "no" in fal's words or the Platform API's. */
export function reason(body: unknown): string | undefined {
  const said = body as { detail?: unknown; error?: { message?: string } } | undefined;
  if (typeof said?.detail === "string") return said.detail;
  if (Array.isArray(said?.detail)) return said.detail.map((each: { msg: string }) => each.msg).join("; ");
  return said?.error?.message;
}
