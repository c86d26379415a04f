/** What paints here, and while it is not ready yet, what it is doing. */

import { useEffect, useState } from "preact/hooks";
import { MODEL } from "../routes";
import { once } from "../shared/client";

interface Health {
  status: "starting" | "ready" | "failed";
  phase: string;
  device: string;
}

const PAUSE = 2000;

export function Loading({ model }: { model: string }) {
  const [health, hear] = useState<Health | null>(null);
  useEffect(() => {
    if (health?.status === "ready") return;
    const ask = () => void once<Health>("/healthz").then(hear, () => undefined);
    const timer = setTimeout(ask, health ? PAUSE : 0);
    return () => clearTimeout(timer);
  }, [health]);
  return (
    <p>
      <code>{MODEL}</code> painted here by <b>{model}</b>
      {health?.device && ` on ${health.device}`}
      {health && health.status !== "ready" && (
        <span class={health.status === "failed" ? "badge bad" : "badge"} role="status">
          {health.status === "failed" ? "It cannot run: " : ""}
          {health.phase}
        </span>
      )}
    </p>
  );
}
