/** What was sent, and what was answered. */

import { useState } from "preact/hooks";
import { AsJson } from "../shared/as-json";
import { CopyButton } from "../shared/copy";
import { Download } from "../shared/icons";
import { promptOf, type Past, type Picture } from "../shared/history";
import { reason } from "../shared/client";

export function Output({ past }: { past: Past }) {
  const output = past.json_output;
  const pictures = output?.images ?? [];
  return (
    <section class="card" aria-label="Output">
      <h2>Output</h2>
      {pictures.length > 0 && (
        <div class={pictures.length > 1 ? "pictures several" : "pictures"}>
          {pictures.map((picture, n) => (
            <One key={picture.url} picture={picture} n={n} prompt={promptOf(past) ?? ""} flagged={output?.has_nsfw_concepts?.[n]} />
          ))}
        </div>
      )}
      {!output && <p>{absent(past)}</p>}
      {output && past.status_code >= 400 && <p class="error">{reason(output) ?? `The answer was ${past.status_code}`}</p>}
      {output && <AsJson value={output} title="As JSON" />}
    </section>
  );
}

function One({ picture, n, prompt, flagged }: { picture: Picture; n: number; prompt: string; flagged?: boolean }) {
  const [isGone, go] = useState(false);
  return (
    <figure style={{ "--ratio": `${picture.width / picture.height}` }}>
      {isGone ? (
        <p class="hint">The picture is no longer there.</p>
      ) : (
        <img src={picture.url} width={picture.width} height={picture.height} alt={prompt || `Picture ${n + 1}`} onError={() => go(true)} />
      )}
      {flagged && <span class="badge bad flag">Flagged by the safety checker</span>}
      <div class="tools">
        <a class="button download" href={picture.url} download={picture.file_name}>
          <Download />
          <span class="unseen">Download {picture.file_name}</span>
        </a>
        <CopyButton small label={`Copy the link of picture ${n + 1}`} text={() => picture.url} />
      </div>
    </figure>
  );
}

function absent(past: Past): string {
  if (!past.json_input) return "Input and output are not kept: the sender asked for that, or they were deleted.";
  return past.json_input["sync_mode"] === true
    ? "The pictures were sent inside the answer (sync_mode), and such are not kept."
    : "The pictures are no longer there.";
}

export function Input({ past }: { past: Past }) {
  const input = past.json_input;
  if (!input) return null;
  const others = Object.entries(input).filter(([name]) => name !== "prompt" || promptOf(past) === undefined);
  const drawn = past.json_output?.seed;
  return (
    <section class="card" aria-label="Input">
      <h2>Input</h2>
      {promptOf(past) !== undefined && <p class="said">{promptOf(past)}</p>}
      <dl class="pairs">
        {others.map(([name, value]) => (
          <Pair key={name} name={name} value={value} />
        ))}
        {drawn !== undefined && input["seed"] === undefined && <Pair name="seed" value={`${drawn}, drawn by the server`} />}
      </dl>
    </section>
  );
}

function Pair({ name, value }: { name: string; value: unknown }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
    </>
  );
}
