/** One request: what was asked, what came of it and how it went; while it is not over, how it stands. */

import { useEffect, useState } from "preact/hooks";
import { json, Refused } from "../shared/client";
import { Deliveries, deliveries, type Delivery } from "../shared/deliveries";
import { outcome, pastRequest, type Past } from "../shared/history";
import type { Line } from "../shared/lines";
import { link } from "../shared/root";
import { Doing } from "./doing";
import { Course, Log } from "./course";
import { Input, Output } from "./payloads";
import "./style.css";

/** How the queue tells it. */
interface Standing {
  status: "IN_QUEUE" | "IN_PROGRESS" | "COMPLETED";
  queue_position?: number;
  logs: Line[] | null;
}
interface Known {
  past?: Past;
  standing?: Standing;
  sent: Delivery[];
  /** Why it cannot be shown. */
  trouble?: string;
}
/** Between two looks at one that is not over. */
const PAUSE = 1000;

export default function Request({ params: [id = ""] }: { params: string[] }) {
  const [known, know] = useState<Known | null>(null);
  const look = () => lookUp(id).then(know, (error: Error) => know({ sent: [], trouble: error.message }));
  useEffect(() => void look(), []);
  useEffect(() => {
    if (!known?.standing || known.past) return;
    const timer = setTimeout(() => void look(), PAUSE);
    return () => clearTimeout(timer);
  }, [known]);
  if (!known) return null;
  const { past, standing, sent, trouble } = known;
  const went = past && outcome(past);
  return (
    <>
      <div class="heading">
        <h1>Request</h1>
        {went && <span class={`badge ${went.kind}`}>{went.word}</span>}
        <code>{id}</code>
      </div>
      {trouble && (
        <p class="error">
          {trouble} <a href={link("/requests")}>All requests</a>
        </p>
      )}
      {!past && standing && <Now standing={standing} />}
      {past && <Over past={past} lines={standing?.logs ?? null} sent={sent} again={() => void look()} />}
    </>
  );
}

function Now({ standing }: { standing: Standing }) {
  return (
    <section class="card nothing" aria-label="How it stands">
      <p role="status">{sentence(standing)}</p>
      <Log lines={standing.logs ?? []} />
    </section>
  );
}

function sentence({ status, queue_position: ahead }: Standing): string {
  if (status === "IN_QUEUE") return ahead ? `It is in the queue, ${ahead} before it.` : "It is in the queue, next in line.";
  return status === "IN_PROGRESS" ? "It is being painted." : "It is over.";
}

function Over({ past, lines, sent, again }: { past: Past; lines: Line[] | null; sent: Delivery[]; again: () => void }) {
  const isKept = past.json_input !== null;
  return (
    <>
      <Doing past={past} again={again} />
      <div class="one">
        <div>
          <Output past={past} />
          <Input past={past} />
        </div>
        <div>
          <section class="card" aria-label="How it went">
            <h2>How it went</h2>
            <Course past={past} />
          </section>
          {isKept && (
            <section class="card" aria-label="Log">
              <h2>Log</h2>
              {lines ? <Log lines={lines} /> : <p class="hint">Only the key that sent the request reads its log.</p>}
            </section>
          )}
          {sent.length > 0 && (
            <section class="card" aria-label="Webhook">
              <h2>Webhook</h2>
              <Deliveries list={sent} again={again} />
            </section>
          )}
        </div>
      </div>
    </>
  );
}

async function lookUp(id: string): Promise<Known> {
  const [past, standing] = await Promise.all([pastRequest(id), standingOf(id)]);
  if (!past && !standing) return { sent: [], trouble: "There is no such request, or this key may not see it." };
  if (!past && standing!.status === "COMPLETED") return { past: await pastRequest(id), standing, sent: [] };
  return { past, standing, sent: past ? await deliveries({ request_id: id }).catch(() => []) : [] };
}

/** Undefined for the requests of others, which the queue does not show to an operator either. */
async function standingOf(id: string): Promise<Standing | undefined> {
  try {
    return await json<Standing>(`/queue/fal-ai/z-image/requests/${encodeURIComponent(id)}/status?logs=1`);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}
