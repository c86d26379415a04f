/** What runs at this moment: the queue and the workers. */

import { useEffect, useState } from "preact/hooks";
import { once } from "../shared/client";
import { gigabytes } from "../shared/format";

interface Worker {
  device: string;
  model: string;
  status: "starting" | "ready" | "failed";
  phase: string;
  painting: string | null;
  memory_bytes: number | null;
}
interface Health {
  status: string;
  safety_checker: string;
  workers: Worker[];
  queue: Record<string, number>;
}
const PAUSE = 1000;

export function Now() {
  const [told, hear] = useState<Health | null>(null);
  const [lost, lose] = useState(false);
  const health = lost ? null : told;
  useEffect(() => {
    let timer = 0;
    const ask = async () => {
      await once<Health>("/healthz").then(
        (told) => (hear(told), lose(false)),
        () => lose(true),
      );
      timer = window.setTimeout(() => void ask(), PAUSE);
    };
    void ask();
    return () => clearTimeout(timer);
  }, []);
  return (
    <section class="card now" aria-label="Now" aria-busy={!health}>
      <dl class="figures">
        {Object.entries(STATES).map(([state, title]) => (
          <div key={state}>
            <dt>{title}</dt>
            <dd>{health ? health.queue[state]!.toLocaleString() : "–"}</dd>
          </div>
        ))}
      </dl>
      <div class="wide" tabIndex={0} role="region" aria-label="Workers">
        <table>
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col">Model</th>
              <th scope="col">Main memory</th>
              <th scope="col">State</th>
              <th scope="col">Doing</th>
            </tr>
          </thead>
          <tbody>{told?.workers.map((worker, n) => (lost ? <Unheard key={n} worker={worker} /> : <One key={n} worker={worker} />))}</tbody>
        </table>
      </div>
      {lost && <p class="error">The server does not answer.</p>}
      {health && health.safety_checker !== "on" && <p class="hint">The safety checker is {health.safety_checker}.</p>}
    </section>
  );
}

/** What the server counts, and what that is. */
const STATES = { queued: "queued", running: "running", done: "done", failed: "failed or refused", cancelled: "cancelled" };
const KINDS = { ready: "badge good", starting: "badge", failed: "badge bad" };

const One = ({ worker }: { worker: Worker }) => (
  <tr>
    <th scope="row">{worker.device}</th>
    <td>{worker.model || "–"}</td>
    <td>{worker.memory_bytes === null ? "not known" : gigabytes(worker.memory_bytes)}</td>
    <td>
      <span class={KINDS[worker.status]}>{worker.status}</span>
    </td>
    <td>{worker.painting ?? (worker.status === "ready" ? "idle" : worker.phase)}</td>
  </tr>
);

/** Nobody knows what it does now. */
const Unheard = ({ worker }: { worker: Worker }) => (
  <tr class="unheard">
    <th scope="row">{worker.device}</th>
    <td>{worker.model || "–"}</td>
    <td>–</td>
    <td>–</td>
    <td>–</td>
  </tr>
);
