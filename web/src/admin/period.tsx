/** Which stretch of time is looked at, and into what it is cut. */

export interface Period {
  name: string;
  timeframe: "minute" | "hour" | "day";
  /** So many of them, the present one among them. */
  count: number;
}
export const PERIODS: Period[] = [
  { name: "Hour", timeframe: "minute", count: 60 },
  { name: "Day", timeframe: "hour", count: 24 },
  { name: "Week", timeframe: "hour", count: 168 },
  { name: "Month", timeframe: "day", count: 30 },
];
const LENGTHS = { minute: 60e3, hour: 3600e3, day: 86400e3 };

/** When each bucket begins, in milliseconds since 1970; as the server cuts them, by the clock of UTC. */
export function beginnings({ timeframe, count }: Period, now = Date.now()): number[] {
  const length = LENGTHS[timeframe];
  const last = Math.floor(now / length) * length;
  return Array.from({ length: count }, (_, n) => last - (count - 1 - n) * length);
}

/** The parameters that ask for it. */
export const asking = (period: Period): Record<string, string> => ({
  start: new Date(beginnings(period)[0]!).toISOString(),
  timeframe: period.timeframe,
});

export const Periods = ({ chosen, choose }: { chosen: Period; choose: (period: Period) => void }) => (
  <div class="bar periods" role="radiogroup" aria-label="The last">
    {PERIODS.map((period) => (
      <label key={period.name}>
        <input type="radio" name="period" checked={period === chosen} onChange={() => choose(period)} />
        {period.name}
      </label>
    ))}
  </div>
);
