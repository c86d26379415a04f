/** What the log of a request tells beyond its status. */

import type { Line } from "../shared/lines";

/** How far the painting is, as the log has it: which picture, which step, and of how many. */
export function progress(logs: Line[]): { image: number; images: number; step: number; steps: number } | null {
  for (const { message } of logs.toReversed()) {
    const match = /^(?:image (\d+)\/(\d+), )?step (\d+)\/(\d+),/.exec(message);
    if (match) {
      const [image, images, step, steps] = match.slice(1).map((text) => Number(text ?? 1));
      return { image: image!, images: images!, step: step!, steps: steps! };
    }
  }
  return null;
}

/** The fuller prompt that was painted, which only the log tells: the answer repeats the one that was sent. */
export function expanded(logs: Line[]): string | undefined {
  return logs.map(({ message }) => /^prompt expanded, [\d.]+ s: ([^]*)$/.exec(message)?.[1]).find((text) => text);
}
