/** Where the seconds of a request went. */

import type { Line } from "../shared/lines";

/**
 * Its parts, in seconds and to the hundredth; they add up to the whole. `felt`: from the click to the end, if it was
 * seen; what the server did not measure of it is "rest": sending, saving, answering.
 */
export function stages(logs: Line[], timings: Record<string, number>, felt = 0): { whole: number; parts: [string, number][] } {
  const { inference = 0, expansion = 0 } = timings;
  const known: [string, number][] = [
    ["queue", hundredths(waited(logs))],
    ["expansion", hundredths(expansion)],
    ["painting", hundredths(inference - expansion)],
  ];
  const sum = known.reduce((all, [, value]) => all + value, 0);
  const whole = Math.max(sum, hundredths(felt));
  const parts = [...known, ["rest", whole - sum] as [string, number]].filter(([, value]) => value > 0);
  return { whole: whole / 100, parts: parts.map(([name, value]) => [name, value / 100]) };
}

const waited = (logs: Line[]) =>
  Number(logs.map(({ message }) => /^waited ([\d.]+) s in the queue$/.exec(message)?.[1]).findLast(Boolean) ?? 0);
const hundredths = (seconds: number) => Math.round(seconds * 100);
