/** When what happened to a request, and its log. */

import { clock, moment, seconds } from "../shared/format";
import type { Past } from "../shared/history";
import { Lines, type Line } from "../shared/lines";

const between = (from: string, to: string) => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);

export function Course({ past }: { past: Past }) {
  const isStarted = past.started_at !== past.ended_at;
  return (
    <ol class="course">
      <li>
        Sent <time dateTime={past.sent_at}>{moment(past.sent_at)}</time>
      </li>
      {isStarted && (
        <li>
          Started <time dateTime={past.started_at}>{clock(past.started_at)}</time>
          <span class="hint">after {seconds(between(past.sent_at, past.started_at))} in the queue</span>
        </li>
      )}
      {Object.entries(past.json_output?.timings ?? {}).map(([name, value]) => (
        <li key={name} class="part">
          {name} <span class="hint">{seconds(value)}</span>
        </li>
      ))}
      <li>
        Ended <time dateTime={past.ended_at}>{clock(past.ended_at)}</time>
        <span class="hint">
          {isStarted ? `${seconds(past.duration)} after its start` : "never started"}, answered {past.status_code}
        </span>
      </li>
    </ol>
  );
}

export function Log({ lines }: { lines: Line[] }) {
  if (!lines.length) return <p class="hint">It has no lines.</p>;
  return (
    <div class="log" role="log" aria-label="Log" tabIndex={0}>
      <Lines lines={lines} />
    </div>
  );
}
