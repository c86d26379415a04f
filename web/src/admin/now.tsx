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
  const [health, hear] = useState<Health | null>(null);
  const [lost, lose] = useState(false);
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
        {(["queued", "running", "done", "failed", "cancelled"] as const).map((state) => (
          <div key={state}>
            <dt>{state}</dt>
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
          <tbody>{health?.workers.map((worker, n) => <One key={n} worker={worker} />)}</tbody>
        </table>
      </div>
      {lost && <p class="error">The server does not answer.</p>}
      {health && health.safety_checker !== "on" && <p class="hint">The safety checker is {health.safety_checker}.</p>}
    </section>
  );
}

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
