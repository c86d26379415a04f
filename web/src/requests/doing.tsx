/** What can be done with a request that is over. */

import { useState } from "preact/hooks";
import { json } from "../shared/client";
import { Confirm } from "../shared/confirm";
import { CopyButton } from "../shared/copy";
import type { Past } from "../shared/history";
import { link } from "../shared/root";

export function Doing({ past, again }: { past: Past; again: () => void }) {
  const [asks, ask] = useState(false);
  const [said, say] = useState("");
  const remove = async () => {
    try {
      const { cdn_delete_results: links } = await json<{ cdn_delete_results: { exception: string | null }[] }>(
        `/v1/models/requests/${encodeURIComponent(past.request_id)}/payloads`,
        { method: "DELETE" },
      );
      const failed = links.find(({ exception }) => exception)?.exception;
      say(failed ?? `Deleted: its input, its output, its log and ${links.length === 1 ? "one picture" : `${links.length} pictures`}.`);
    } catch (error) {
      say((error as Error).message);
    }
    again();
  };
  return (
    <>
      <div class="doing">
        {past.json_input && (
          <a class="button" href={link(`/#input=${encodeURIComponent(JSON.stringify(settings(past)))}`)}>
            Open in the playground
          </a>
        )}
        <CopyButton label="Copy link" text={() => location.href.split("#")[0]!} />
        {past.json_input && (
          <button type="button" class="quiet" onClick={() => ask(true)}>
            Delete payload
          </button>
        )}
      </div>
      <p class="hint" role="status">
        {said}
      </p>
      {asks && (
        <Confirm
          title="Delete what was in this request?"
          verb="Delete"
          answer={(does) => {
            ask(false);
            if (does) void remove();
          }}
        >
          <p>Its input, its output, its log and its pictures are gone then, for everybody. That there was a request stays.</p>
        </Confirm>
      )}
    </>
  );
}

/** What was sent, with the seed that was drawn for it: the same picture again. */
const settings = ({ json_input: input, json_output: output }: Past) =>
  output?.seed === undefined ? input : { ...input, seed: output.seed };
