/** Which requests are wanted. */

import { useEffect, useState } from "preact/hooks";
import type { Filters } from "../shared/history";

const STATES = { "": "Any", success: "Done", user_error: "Refused or cancelled", error: "Failed" };
/** Milliseconds without a key before it is looked for. */
const PAUSE = 250;

export function FilterBar({ filters, filter }: { filters: Filters; filter: (to: Filters) => void }) {
  const [text, write] = useState(filters.text);
  useEffect(() => {
    if (text === filters.text) return;
    const timer = setTimeout(() => filter({ ...filters, text }), PAUSE);
    return () => clearTimeout(timer);
  }, [text, filters]);
  const date = (name: "from" | "until", title: string) => (
    <label>
      <span>{title}</span>
      <input type="date" min="2000-01-01" max="2199-12-30" value={filters[name]} onChange={({ currentTarget }) => filter({ ...filters, [name]: currentTarget.value })} />
    </label>
  );
  return (
    <search class="filters">
      <label class="words">
        <span>In the prompt</span>
        <input type="search" maxLength={200} value={text} onInput={({ currentTarget }) => write(currentTarget.value)} />
      </label>
      <label>
        <span>How it went</span>
        <select value={filters.status} onChange={({ currentTarget }) => filter({ ...filters, status: currentTarget.value })}>
          {Object.entries(STATES).map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {date("from", "From")}
      {date("until", "Until")}
    </search>
  );
}
