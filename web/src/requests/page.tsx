/** The gallery: all requests that are over, the last first; more of them as one scrolls. */

import { memo } from "./memo";
import { useEffect, useRef, useState } from "preact/hooks";
import { pastRequests, type Filters, type Past } from "../shared/history";
import { link } from "../shared/root";
import { FilterBar } from "./filters";
import { Tile } from "./tile";
import "./style.css";

interface Shown {
  /** One array for each answer, so that what is drawn stays as it is when more comes. */
  chunks: Past[][];
  cursor: string | null;
  ended: boolean;
  trouble: string;
}
const NOTHING: Shown = { chunks: [], cursor: null, ended: false, trouble: "" };
/** More is asked for when the end is so near. */
const AHEAD = "1200px";

export default function Gallery() {
  const [filters, filter] = useState<Filters>(fromAddress);
  const [shown, show] = useState<Shown>(NOTHING);
  const latest = useRef(filters);
  const busy = useRef(false);
  const end = useRef<HTMLDivElement>(null);

  const more = async (after: Shown) => {
    const asked = latest.current;
    busy.current = true;
    try {
      const { items, next_cursor: cursor } = await pastRequests(asked, after.cursor);
      if (asked !== latest.current) return;
      show({ chunks: items.length ? [...after.chunks, items] : after.chunks, cursor, ended: cursor === null, trouble: "" });
    } catch (error) {
      if (asked === latest.current) show({ ...after, ended: true, trouble: (error as Error).message });
    } finally {
      if (asked === latest.current) busy.current = false;
    }
  };
  useEffect(() => {
    latest.current = filters;
    intoAddress(filters);
    void more(NOTHING);
  }, [filters]);
  useEffect(() => {
    if (shown.ended || !shown.chunks.length || !end.current) return;
    const watch = new IntersectionObserver(
      ([entry]) => entry!.isIntersecting && !busy.current && void more(shown),
      { rootMargin: AHEAD },
    );
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [shown]);

  const count = shown.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return (
    <>
      <div class="heading">
        <h1>Requests</h1>
        <p class="hint" role="status">
          {count ? `${count}${shown.ended ? "" : "+"} shown, the last first` : ""}
        </p>
      </div>
      <FilterBar filters={filters} filter={filter} />
      <section aria-label="Requests" aria-busy={!shown.ended}>
        {shown.chunks.map((chunk) => (
          <Chunk key={chunk[0]!.request_id} items={chunk} />
        ))}
      </section>
      {shown.trouble && <p class="error">{shown.trouble}</p>}
      {shown.ended && !count && !shown.trouble && <Nothing filtered={Object.values(filters).some(Boolean)} />}
      <div ref={end} />
    </>
  );
}

const Chunk = memo(({ items }: { items: Past[] }) => (
  <ul class="tiles">
    {items.map((item) => (
      <Tile key={item.request_id} item={item} />
    ))}
  </ul>
));

const Nothing = ({ filtered }: { filtered: boolean }) => (
  <div class="card nothing">
    {filtered ? (
      <p>Nothing is like that.</p>
    ) : (
      <p>
        Nothing has been painted yet. <a href={link("/")}>Paint something.</a>
      </p>
    )}
  </div>
);

const NAMES = ["status", "text", "from", "until"] as const;

function fromAddress(): Filters {
  const asked = new URLSearchParams(location.search);
  return Object.fromEntries(NAMES.map((name) => [name, asked.get(name) ?? ""])) as unknown as Filters;
}

/** So that one comes back to the same list. */
function intoAddress(filters: Filters): void {
  const set = NAMES.filter((name) => filters[name]).map((name) => [name, filters[name]]);
  const query = String(new URLSearchParams(set));
  history.replaceState(null, "", location.pathname + (query && `?${query}`));
}
