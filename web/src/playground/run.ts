/** One request at a time, from its submission to its end, through fal's own client. */

import { ApiError, ValidationError } from "@fal-ai/client";
import { signal } from "@preact/signals";
import { MODEL } from "../routes";
import { fal, reason, withKey } from "../shared/client";
import type { Picture } from "../shared/history";
import type { Line } from "../shared/lines";
import { follow, type Update } from "./follow";
import { forgetRunning, keepRunning, type Running } from "./kept";
import type { Values } from "./schema";

export interface Output {
  images: Picture[];
  timings: Record<string, number>;
  seed: number;
  has_nsfw_concepts: boolean[];
  prompt: string;
}
/** Where it stands; `queued` knows how many are before it. */
export type Phase = "sending" | "queued" | "running" | "done" | "failed" | "cancelled";
export interface Run {
  phase: Phase;
  /** What was sent. */
  input: Values;
  id?: string;
  position?: number;
  /** The server does not answer. */
  lost?: boolean;
  logs: Line[];
  /** The pictures as they stand, as data URIs. */
  previews: string[];
  output?: Output;
  /** Seconds from the click to the end, as it was felt here; unknown if the page was left meanwhile. */
  seconds?: number;
  error?: string;
  /** What is wrong with which field. */
  fieldErrors: Record<string, string>;
  /** The last one with a picture, until this one is taken up: it may be refused. */
  before?: Run;
}

/** The last request of this page. */
export const current = signal<Run | null>(null);
export const isOver = (run: Run | null) => !run || ["done", "failed", "cancelled"].includes(run.phase);
/** The one whose pictures are to be seen. */
export const seen = (run: Run | null) => run?.before ?? (run && Object.keys(run.fieldErrors).length ? null : run);

const PREVIEWS = { "x-tintype-previews": "1" };
let leaving = new AbortController();

/** Paint it; what happens is told in {@link current}. */
export async function start(input: Values): Promise<void> {
  if (!isOver(current.value)) return;
  const began = performance.now();
  begin(input);
  try {
    const { request_id: id } = await withKey(() =>
      fal.queue.submit(MODEL as string, { input, headers: PREVIEWS, abortSignal: leaving.signal }),
    );
    keepRunning({ id, input });
    tell({ id });
    if (leaving.signal.aborted) void cancel();
  } catch (error) {
    return tell(ending(error));
  }
  await toTheEnd();
  tell({ seconds: (performance.now() - began) / 1000 });
}

/** Go on with one that was sent before the page was left. */
export async function resume({ id, input }: Running): Promise<void> {
  begin(input);
  tell({ id });
  await toTheEnd();
}

function begin(input: Values): void {
  leaving = new AbortController();
  const last = seen(current.value);
  current.value = { phase: "sending", input, logs: [], previews: [], fieldErrors: {}, before: last?.output && last };
}

async function toTheEnd(): Promise<void> {
  const lose = (lost: boolean) => tell({ lost });
  try {
    const output = await follow(current.value!.id!, { hear, lose, leaving: leaving.signal });
    tell({ phase: "done", output: output as Output, before: undefined });
  } catch (error) {
    tell(ending(error));
  }
  forgetRunning();
}

/** Have it stop before its next step. */
export async function cancel(): Promise<void> {
  const id = current.value?.id;
  leaving.abort();
  // It may be over already; then its result tells.
  if (id) await fal.queue.cancel(MODEL, { requestId: id }).catch(() => undefined);
}

function hear(update: Update): void {
  if (update.status === "IN_QUEUE") tell({ phase: "queued", position: update.queue_position, before: undefined, lost: false });
  if (update.status === "IN_PROGRESS") tell({ phase: "running", position: undefined, before: undefined, lost: false });
  if (update.logs?.length) tell({ logs: [...update.logs] });
  if (update.preview) tell({ previews: update.preview.images.map((image) => image.url) });
}

const tell = (news: Partial<Run>) => {
  if (current.value) current.value = { ...current.value, ...news };
};

/** Why there is no result. */
function ending(error: unknown): Partial<Run> {
  if (leaving.signal.aborted) return { phase: "cancelled" };
  if (error instanceof ValidationError) {
    const fieldErrors: Record<string, string> = {};
    for (const { loc, msg } of error.fieldErrors) {
      const name = String(loc[1] ?? "");
      const part = loc.slice(2).join(" ");
      fieldErrors[name] = [fieldErrors[name], part ? `${part}: ${msg}` : msg].filter(Boolean).join("; ");
    }
    const wrong = Object.entries(fieldErrors).map(([name, why]) => `${name}: ${why}`);
    return { phase: "failed", error: `The server refuses this. ${wrong.join("; ")}`, fieldErrors };
  }
  const said = error instanceof ApiError ? reason(error.body) : undefined;
  return { phase: "failed", error: said ?? (error instanceof Error ? error.message : String(error)) };
}
