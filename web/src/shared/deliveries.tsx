/** What became of webhooks, and one more try. */

import { useState } from "preact/hooks";
import { json } from "./client";
import { moment } from "./format";
import { link } from "./root";

export interface Delivery {
  request_id: string;
  url: string;
  state: "pending" | "delivered" | "failed";
  attempts: { n: number; at: number; status_code: number | null; error: string | null }[];
}

/** Milliseconds between two looks. */
const PAUSE = 700;

/** Those of one request, or those in a state; the last submitted first. */
export const deliveries = async (asked: Record<string, string>): Promise<Delivery[]> =>
  (await json<{ deliveries: Delivery[] }>(`/v1/webhooks/deliveries?${String(new URLSearchParams(asked))}`)).deliveries;

/** `again`: to ask anew, after a try that was ordered here. */
export function Deliveries({ list, again, linked = false }: { list: Delivery[]; again: () => void; linked?: boolean }) {
  const [said, say] = useState("");
  const retry = async ({ request_id: id, attempts }: Delivery) => {
    try {
      await json(`/v1/webhooks/deliveries/${encodeURIComponent(id)}/retry`, { method: "POST" });
      say("It is being delivered once more.");
      await tried(id, attempts.length);
      say("");
    } catch (error) {
      say((error as Error).message);
    }
    again();
  };
  return (
    <>
      <ul class="entries deliveries">
        {list.map((each) => (
          <li key={each.request_id}>
            <div>
              <code>{each.url}</code>
              <p class="hint">
                <span class={each.state === "failed" ? "badge bad" : each.state === "delivered" ? "badge good" : "badge"}>{each.state}</span>{" "}
                {tries(each)}
                {linked && <a href={link(`/requests/${each.request_id}`)}>the request</a>}
              </p>
            </div>
            <button type="button" onClick={() => void retry(each)} aria-label={`Retry the delivery to ${each.url}`}>
              Retry
            </button>
          </li>
        ))}
      </ul>
      <p class="hint" role="status">
        {said}
      </p>
    </>
  );
}

/** Until it was tried more often than that. */
async function tried(id: string, often: number): Promise<void> {
  for (;;) {
    await new Promise((done) => setTimeout(done, PAUSE));
    const [now] = await deliveries({ request_id: id });
    const last = now?.attempts[often];
    if (!now || last?.error || last?.status_code) return;
  }
}

function tries({ attempts }: Delivery): string {
  const last = attempts.at(-1);
  if (!last) return "no try yet ";
  const end = last.error ?? (last.status_code === null ? "under way" : `answered ${last.status_code}`);
  return `${attempts.length} ${attempts.length === 1 ? "try" : "tries"}, the last at ${moment(new Date(last.at * 1000).toISOString())}: ${end} `;
}
