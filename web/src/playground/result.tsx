/** The right half: the picture as it grows, how it goes on, what can be done with it, and what was answered. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { CopyButton } from "../shared/copy";
import { seconds } from "../shared/format";
import { Download, Vary } from "../shared/icons";
import type { Picture } from "../shared/history";
import { Lines, type Line } from "../shared/lines";
import { AsJson } from "../shared/as-json";
import { link } from "../shared/root";
import { expanded, progress } from "./log";
import { isOver, seen, type Run } from "./run";
import type { Values } from "./schema";
import { pixels, type Presets, type Size } from "./size";
import { stages } from "./stages";

interface Shown {
  run: Run | null;
  /** What the form says now: the empty frame has its shape. */
  values: Values;
  presets: Presets;
  vary: (run: Run) => void;
  reuse: (run: Run) => void;
}

export function Result({ run, values, presets, vary, reuse }: Shown) {
  const painted = seen(run);
  const asked = painted?.input ?? (run ? {} : values);
  const size = pixels(asked["image_size"], presets);
  const count = typeof asked["num_images"] === "number" ? asked["num_images"] : 1;
  return (
    <section class="result" aria-label="Result" aria-busy={!isOver(run)}>
      <Stage run={painted} size={size} count={Math.max(1, Math.min(count, 16))} />
      <Standing run={run}>
        <div class="actions">
          {painted?.output && (
            <>
              <CopyButton label="Copy seed" text={() => String(painted.output!.seed)} />
              <button type="button" class="quiet" onClick={() => vary(painted)} title="The same settings with the next seed">
                <Vary /> Vary
              </button>
              <button type="button" class="quiet" onClick={() => reuse(painted)} title="Fill the form with these settings">
                Reuse settings
              </button>
            </>
          )}
        </div>
      </Standing>
      <Log lines={run?.logs ?? []} />
      {painted?.output && <Answer run={painted} />}
    </section>
  );
}

/** A frame for each picture, of the asked proportions from the beginning on, so nothing moves when they come. */
function Stage({ run, size, count }: { run: Run | null; size: Size; count: number }) {
  const frames = Array.from({ length: count }, (_, n) => n);
  const style = { "--ratio": `${size.width / size.height}`, "--columns": count > 1 ? "2" : "1" };
  return (
    <div class="stage" style={style}>
      {frames.map((n) => {
        const picture = run?.output?.images[n];
        return (
          <figure key={n} class={run && !isOver(run) ? "working" : ""}>
            {picture ? (
              <Finished picture={picture} n={n} run={run!} />
            ) : run?.previews[n] && !isOver(run) ? (
              <img class="preview" src={run.previews[n]} alt={`Picture ${n + 1} as it stands`} />
            ) : (
              !run && n === 0 && <span class="empty">The picture will be here</span>
            )}
          </figure>
        );
      })}
    </div>
  );
}

function Finished({ picture, n, run }: { picture: Picture; n: number; run: Run }) {
  const isLink = !picture.url.startsWith("data:");
  const name = picture.file_name || `picture-${n}`;
  return (
    <>
      <img src={picture.url} width={picture.width} height={picture.height} alt={run.output!.prompt} />
      {run.output!.has_nsfw_concepts[n] && <span class="badge bad flag">Flagged by the safety checker</span>}
      <div class="tools">
        <a class="button" href={picture.url} download={`${run.output!.seed + n}-${name}`}>
          <Download />
          <span class="unseen">Download picture {n + 1}</span>
        </a>
        {isLink && <CopyButton small label={`Copy the link of picture ${n + 1}`} text={() => picture.url} />}
      </div>
    </>
  );
}

/** One line that says where the request stands, and a thin bar. */
function Standing({ run, children }: { run: Run | null; children: ComponentChildren }) {
  const at = run && progress(run.logs);
  const whole = at ? ((at.image - 1) * at.steps + at.step) / (at.images * at.steps) : 0;
  const share = run?.phase === "done" ? 1 : run?.phase === "running" ? whole : 0;
  return (
    <div class="standing">
      <div class="track" aria-hidden="true">
        <span style={{ transform: `scaleX(${share})` }} />
      </div>
      <p role="status" class={run?.phase === "failed" ? "error" : ""}>
        {sentence(run)}
      </p>
      {run?.id && <a href={link(`/requests/${run.id}`)}>Request page</a>}
      {children}
    </div>
  );
}

function sentence(run: Run | null): string {
  if (!run) return "Nothing is being painted.";
  if (run.lost && !isOver(run)) return "The server does not answer; waiting …";
  switch (run.phase) {
    case "sending":
      return "Sending …";
    case "queued":
      return run.position ? `In the queue, ${run.position} before it` : "In the queue, next in line";
    case "running": {
      const at = progress(run.logs);
      if (!at) return "Reading the prompt …";
      const picture = at.images > 1 ? `Picture ${at.image} of ${at.images}, step` : "Step";
      return at.step === at.steps ? `${picture} ${at.step} of ${at.steps}, developing …` : `${picture} ${at.step} of ${at.steps}`;
    }
    case "done":
      return went(run);
    case "cancelled":
      return run.lost ? "No longer waited for. The server could not be told to stop." : "Cancelled.";
    case "failed":
      return run.error ?? "It failed.";
  }
}

function went({ logs, output, seconds: felt }: Run): string {
  const { whole, parts } = stages(logs, output!.timings, felt);
  return `Done in ${seconds(whole)}: ${parts.map(([name, value]) => `${name} ${value.toFixed(2)}`).join(", ")}`;
}

function Log({ lines }: { lines: Line[] }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (end.current) end.current.scrollTop = end.current.scrollHeight;
  }, [lines.length]);
  return (
    <div class="log" ref={end} role="log" aria-label="Log" tabIndex={0}>
      {lines.length === 0 && <p class="none">The log of the request comes here.</p>}
      <Lines lines={lines} />
    </div>
  );
}

function Answer({ run: { output, logs } }: { run: Run }) {
  const fuller = expanded(logs);
  return (
    <>
      {fuller && (
        <div class="expanded">
          <h2>The expanded prompt</h2>
          <p>{fuller}</p>
        </div>
      )}
      <AsJson value={output!} title="The answer as JSON" hint={`seed ${output!.seed}`} />
    </>
  );
}
