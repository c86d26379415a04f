/** The log of a request. */

import { clock } from "./format";

export interface Line {
  timestamp: string;
  message: string;
  level: string;
}

/** Its lines, to be put into an element of class `log`. */
export const Lines = ({ lines }: { lines: Line[] }) => (
  <>
    {lines.map((line, n) => (
      <p key={n} class={line.level.toLowerCase()}>
        <time dateTime={line.timestamp}>{clock(line.timestamp)}</time>
        <span>{line.message}</span>
      </p>
    ))}
  </>
);
