/** Hears how a request goes on until it is over; a server that went away is waited for. */

import { ApiError } from "@fal-ai/client";
import { MODEL } from "../routes";
import { fal, Silent, withKey } from "../shared/client";
import type { Picture } from "../shared/history";
import type { Line } from "../shared/lines";

/** What the server tells of it; `preview` because it was asked for at the submission. */
export interface Update {
  status: "IN_QUEUE" | "IN_PROGRESS" | "COMPLETED";
  queue_position?: number;
  logs?: Line[];
  preview?: { images: Picture[] } | null;
}
interface Heard {
  hear: (update: Update) => void;
  /** Whether the server has gone away. */
  lose: (lost: boolean) => void;
  /** Aborted: nobody waits any more for a server that is away. */
  leaving: AbortSignal;
}
/** Milliseconds before the next try. */
const PAUSE = 500;

/** Its result, in the end. Throws why there is none. */
export async function follow(requestId: string, heard: Heard): Promise<unknown> {
  while (!isOver(await streamed(requestId, heard.hear))) {
    // The stream broke. A look tells whether the server is there, and does alone where no stream comes through.
    await pause();
    const now = (await patiently(() => fal.queue.status(MODEL, { requestId, logs: true }), heard)) as Update;
    heard.hear(now);
    if (isOver(now)) break;
  }
  const { data } = await patiently(() => fal.queue.result(MODEL, { requestId }), heard);
  return data;
}

/** The last that its stream said; undefined: it broke. */
async function streamed(requestId: string, hear: Heard["hear"]): Promise<Update | undefined> {
  const onQueueUpdate = (update: unknown) => hear(update as Update);
  try {
    return (await fal.queue.subscribeToStatus(MODEL, { requestId, logs: true, mode: "streaming", onQueueUpdate })) as Update;
  } catch {
    return undefined;
  }
}

/** What the server answers, as soon as it does. */
async function patiently<T>(ask: () => Promise<T>, { lose, leaving }: Heard): Promise<T> {
  for (;;) {
    try {
      const answer = await withKey(ask);
      lose(false);
      return answer;
    } catch (error) {
      if (!isAway(error)) throw error;
      lose(true);
      if (leaving.aborted) throw error;
      await pause();
    }
  }
}

/** A proxy's word for a server that is away has no JSON in it. */
const isAway = (error: unknown) =>
  error instanceof Silent || error instanceof TypeError || (error instanceof ApiError && error.status >= 500 && error.body === undefined);
const isOver = (update: Update | undefined) => update?.status === "COMPLETED";
const pause = () => new Promise((done) => setTimeout(done, PAUSE));
