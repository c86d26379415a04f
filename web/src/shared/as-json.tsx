/** What the server answered, as it is, behind a line that opens it. */

import { CopyButton } from "./copy";
import { bytes } from "./format";

export const AsJson = ({ value, title, hint }: { value: object; title: string; hint?: string }) => (
  <details class="as-json">
    <summary>
      {title} {hint && <span class="hint">{hint}</span>}
    </summary>
    <CopyButton label="Copy the JSON" text={() => JSON.stringify(value, null, 2)} />
    <pre tabIndex={0}>{JSON.stringify(value, shortened, 2)}</pre>
  </details>
);

/** A picture inside the answer would be pages of letters. */
const shortened = (_: string, value: unknown) =>
  typeof value === "string" && value.startsWith("data:") ? `${value.slice(0, 40)}… (${bytes(value.length)})` : value;
