/** How requests went: how many, how long they waited and took, how many failed or were flagged. */

import { useEffect, useState } from "preact/hooks";
import { MODEL } from "../routes";
import { json } from "../shared/client";
import { seconds } from "../shared/format";
import { asking, beginnings, type Period } from "./period";
import { Plot, type Series } from "./plot";

const COUNTS = ["success_count", "user_error_count", "error_count", "flagged_count", "request_count"] as const;
const TIMES = ["p50_duration", "p95_duration", "p50_prepare_duration", "p95_prepare_duration"] as const;
type Name = (typeof COUNTS)[number] | (typeof TIMES)[number];
type Metrics = Partial<Record<Name, number>>;
interface Analytics {
  time_series: { bucket: string; results: Metrics[] }[];
  summary: Metrics[];
}
const PAUSE = 10_000;

export function Plots({ period }: { period: Period }) {
  const [told, tell] = useState<{ at: number; analytics: Analytics } | null>(null);
  const [trouble, say] = useState("");
  useEffect(() => {
    const ask = () =>
      void analyticsOf(period).then(
        (analytics) => (tell({ at: Date.now(), analytics }), say("")),
        (error: Error) => say(error.message),
      );
    ask();
    const timer = setInterval(ask, PAUSE);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      {trouble && <p class="error">{trouble}</p>}
      <Drawn period={period} at={told?.at ?? Date.now()} analytics={told?.analytics ?? { time_series: [], summary: [] }} />
    </>
  );
}

function Drawn({ period, at, analytics }: { period: Period; at: number; analytics: Analytics }) {
  const begins = beginnings(period, at);
  const known = new Map(analytics.time_series.map(({ bucket, results }) => [Date.parse(bucket), results[0]!]));
  const of = (read: (metrics: Metrics) => number | undefined, otherwise: number | null) =>
    begins.map((begin) => (known.has(begin) ? (read(known.get(begin)!) ?? otherwise) : otherwise));
  const line = (name: string, colour: number, metric: Name): Series => ({ name, colour, values: of((each) => each[metric], null) });
  const bar = (name: string, colour: number, metric: Name): Series => ({ name, colour, values: of((each) => each[metric], 0) });
  const share = (name: string, colour: number, metric: Name): Series => ({
    name,
    colour,
    values: of((each) => (each[metric] ?? 0) / (each.request_count || 1), null),
  });
  const names = begins.map((begin) => named(begin, period));
  const all = analytics.summary[0];
  return (
    <div class="plots">
      <Plot
        title={`Requests per ${period.timeframe}${all ? `: ${all.request_count!.toLocaleString()} in all` : ""}`}
        names={names}
        as="bars"
        series={[bar("done", 0, "success_count"), bar("refused or cancelled", 1, "user_error_count"), bar("failed", 2, "error_count")]}
        written={String}
      />
      <Plot
        title={`Time to paint${percentiles(all?.p50_duration, all?.p95_duration)}`}
        names={names}
        as="lines"
        series={[line("half take at most", 0, "p50_duration"), line("95 % take at most", 1, "p95_duration")]}
        written={seconds}
      />
      <Plot
        title={`Time in the queue${percentiles(all?.p50_prepare_duration, all?.p95_prepare_duration)}`}
        names={names}
        as="lines"
        series={[line("half wait at most", 0, "p50_prepare_duration"), line("95 % wait at most", 1, "p95_prepare_duration")]}
        written={seconds}
      />
      <Plot
        title="Share that failed or was flagged"
        names={names}
        as="lines"
        series={[share("failed", 2, "error_count"), share("flagged", 1, "flagged_count")]}
        written={percent}
      />
    </div>
  );
}

const percentiles = (half?: number, most?: number) =>
  half === undefined || most === undefined ? "" : `: half ${seconds(half)}, 95 % ${seconds(most)}`;
const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 && share > 0 ? 1 : 0)} %`;

/** Days are those of UTC, so they are called by its calendar. */
function named(begin: number, { timeframe, count }: Period): string {
  const date = new Date(begin);
  if (timeframe === "day") return date.toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return count > 60 || timeframe === "hour" ? `${date.toLocaleDateString(undefined, { day: "numeric", month: "short" })}, ${time}` : time;
}

function analyticsOf(period: Period): Promise<Analytics> {
  const expand = ["time_series", "summary", ...COUNTS, ...TIMES].join(",");
  return json<Analytics>(`/v1/models/analytics?${String(new URLSearchParams({ endpoint_id: MODEL, expand, ...asking(period) }))}`);
}
