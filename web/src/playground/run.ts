/** One request at a time, from its submission to its end, through fal's own client. */

import { ApiError, ValidationError } from "@fal-ai/client";
import { signal } from "@preact/signals";
import { MODEL } from "../routes";
import { fal, reason, withKey } from "../shared/client";
import type { Picture } from "../shared/history";
import type { Line } from "../shared/lines";
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
  logs: Line[];
  /** The pictures as they stand, as data URIs. */
  previews: string[];
  output?: Output;
  /** Seconds from the click to the end, as it was felt here. */
  seconds?: number;
  error?: string;
  /** What is wrong with which field. */
  fieldErrors: Record<string, string>;
}
/** What the server's status stream tells; `preview` because it is asked for. */
interface Update {
  status: "IN_QUEUE" | "IN_PROGRESS" | "COMPLETED";
  queue_position?: number;
  logs?: Line[];
  preview?: { images: Picture[] } | null;
}

/** The last request of this page. */
export const current = signal<Run | null>(null);
export const isOver = (run: Run | null) => !run || ["done", "failed", "cancelled"].includes(run.phase);

const PREVIEWS = { "x-tintype-previews": "1" };
let leaving = new AbortController();

/** Paint it; what happens is told in {@link current}. */
export async function start(input: Values): Promise<void> {
  if (!isOver(current.value)) return;
  const began = performance.now();
  leaving = new AbortController();
  current.value = { phase: "sending", input, logs: [], previews: [], fieldErrors: {} };
  try {
    const { request_id: requestId } = await withKey(() =>
      fal.queue.submit(MODEL as string, { input, headers: PREVIEWS, abortSignal: leaving.signal }),
    );
    tell({ id: requestId });
    if (leaving.signal.aborted) void cancel();
    await follow(requestId);
    const { data } = await fal.queue.result(MODEL, { requestId });
    tell({ phase: "done", output: data as Output, seconds: (performance.now() - began) / 1000 });
  } catch (error) {
    tell(ending(error));
  }
}

/** Have it stop before its next step. */
export async function cancel(): Promise<void> {
  const id = current.value?.id;
  leaving.abort();
  // It may be over already; then its result tells.
  if (id) await fal.queue.cancel(MODEL, { requestId: id }).catch(() => undefined);
}

/** Hear how it goes on until it is over; asks again and again if the stream breaks. */
async function follow(requestId: string): Promise<void> {
  const options = { requestId, logs: true as const, onQueueUpdate: (update: unknown) => hear(update as Update) };
  try {
    await fal.queue.subscribeToStatus(MODEL, { ...options, mode: "streaming" });
  } catch {
    await fal.queue.subscribeToStatus(MODEL, { ...options, mode: "polling", pollInterval: 500 });
  }
}

function hear(update: Update): void {
  if (update.status === "IN_QUEUE") tell({ phase: "queued", position: update.queue_position });
  if (update.status === "IN_PROGRESS") tell({ phase: "running", position: undefined });
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
    return { phase: "failed", error: "The server refuses the settings marked in the form.", fieldErrors };
  }
  const said = error instanceof ApiError ? reason(error.body) : undefined;
  return { phase: "failed", error: said ?? (error instanceof Error ? error.message : String(error)) };
}
