/** One request in the gallery: its first picture in a box of fixed shape, and its prompt. */

import { useState } from "preact/hooks";
import { moment } from "../shared/format";
import { outcome, promptOf, type Past } from "../shared/history";
import { link } from "../shared/root";

export function Tile({ item }: { item: Past }) {
  const [isGone, go] = useState(false);
  const { word, kind } = outcome(item);
  const pictures = item.json_output?.images ?? [];
  const prompt = promptOf(item);
  return (
    <li>
      <a class="tile" href={link(`/requests/${item.request_id}`)}>
        <span class="thumb">
          {pictures[0] && !isGone ? (
            <img src={pictures[0].url} alt="" loading="lazy" decoding="async" onError={() => go(true)} />
          ) : (
            <span>{isGone ? "no longer there" : instead(item)}</span>
          )}
          {item.json_output?.has_nsfw_concepts?.some(Boolean) && <span class="badge bad flag">flagged</span>}
          {pictures.length > 1 && <span class="badge">{pictures.length} pictures</span>}
        </span>
        <span class="words">{prompt || <em>{item.json_input ? "no prompt" : "not kept"}</em>}</span>
        <span class="facts">
          <span class={kind === "bad" ? "failed" : ""}>{word}</span>
          <time dateTime={item.ended_at} title={moment(item.ended_at)}>
            {short(item.ended_at)}
          </time>
        </span>
      </a>
    </li>
  );
}

/** Without the year, so that it has room on a phone. */
const short = (iso: string) => new Date(iso).toLocaleString(undefined, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });

/** Why there is no picture. */
function instead(item: Past): string {
  if (outcome(item).word !== "done") return outcome(item).word;
  return item.json_input?.["sync_mode"] === true ? "sent inline, not kept" : "not kept";
}
