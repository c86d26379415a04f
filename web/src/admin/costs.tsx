/** What was made and what it cost: by key, and the last requests one by one. */

import { useEffect, useState } from "preact/hooks";
import { json } from "../shared/client";
import { amount, moment, money } from "../shared/format";
import { link } from "../shared/root";
import { asking, type Period } from "./period";

interface Line {
  auth_method: string;
  quantity: number;
  unit: string;
  cost: number;
  currency: string;
}
interface Event {
  request_id: string;
  timestamp: string;
  output_units: number;
  cost_total: number;
  auth_method: string;
}
const LAST = "10";

export function Costs({ period }: { period: Period }) {
  const [told, tell] = useState<{ lines: Line[]; events: Event[] } | null>(null);
  const [trouble, say] = useState("");
  useEffect(() => void costsOf(period).then(tell, (error: Error) => say(error.message)), []);
  const currency = told?.lines[0]?.currency ?? "USD";
  return (
    <div class="rooms">
      <section class="card" aria-label="Usage by key">
        <h2>Usage by key</h2>
        {trouble && <p class="error">{trouble}</p>}
        <Listed label="Usage by key" heads={["Who", "What", "Cost"]} empty="Nothing was made.">
          {told?.lines.map((line) => [
            line.auth_method,
            `${amount(line.quantity)} ${line.unit}`,
            money(line.cost, line.currency),
          ])}
        </Listed>
      </section>
      <section class="card" aria-label="The last that cost something">
        <h2>The last ones, one by one</h2>
        <Listed label="The last requests and their cost" heads={["When", "Who", "Megapixels", "Cost"]} empty="Nothing was made.">
          {told?.events.map((event) => [
            <a href={link(`/requests/${event.request_id}`)}>{moment(event.timestamp)}</a>,
            event.auth_method,
            amount(event.output_units),
            money(event.cost_total, currency),
          ])}
        </Listed>
      </section>
    </div>
  );
}

interface Rows {
  label: string;
  heads: string[];
  empty: string;
  children?: (string | preact.JSX.Element)[][];
}

function Listed({ label, heads, empty, children: rows }: Rows) {
  if (rows?.length === 0) return <p class="hint">{empty}</p>;
  return (
    <div class="wide" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows?.map((cells, n) => (
            <tr key={n}>
              {cells.map((cell, m) => (
                <td key={m}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

async function costsOf(period: Period): Promise<{ lines: Line[]; events: Event[] }> {
  const { start, timeframe } = asking(period) as { start: string; timeframe: string };
  const [usage, billing] = await Promise.all([
    json<{ summary: Line[] }>(`/v1/models/usage?${String(new URLSearchParams({ expand: "summary,auth_method", start, timeframe }))}`),
    json<{ billing_events: Event[] }>(
      `/v1/models/billing-events?${String(new URLSearchParams({ expand: "auth_method", start, limit: LAST }))}`,
    ),
  ]);
  return { lines: usage.summary, events: billing.billing_events };
}
