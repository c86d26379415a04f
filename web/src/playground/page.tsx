/** The playground: a form on the left, what becomes of it on the right. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { MODEL } from "../routes";
import { once, type Refused } from "../shared/client";
import { root } from "../shared/root";
import { Panel, Tabs } from "../shared/tabs";
import { CodeTab } from "./code-tab";
import { Cost, type Price } from "./cost";
import { Form } from "./form";
import { JsonEditor } from "./json-editor";
import { Loading } from "./loading";
import { Result } from "./result";
import { keepForm, keptForm, keptRunning } from "./kept";
import { cancel, current, isOver, resume, seen, start, type Run } from "./run";
import { fieldsOf, spoken, startingValues, type Document, type Field, type Values } from "./schema";
import type { Presets } from "./size";
import "./style.css";

/** What the server tells besides its schema. */
interface Told {
  title: string;
  model: string;
  prompts: string[];
  sizes: Presets;
  needs_key: boolean;
  env: string;
  expansion_price: number;
}

export default function Playground() {
  const [loaded, load] = useState<{ fields: Field[]; told: Told } | null>(null);
  const [trouble, say] = useState("");
  useEffect(() => {
    Promise.all([
      once<Document>(`/api/openapi/queue/openapi.json?endpoint_id=${MODEL}`),
      once<Told>(`/models/${MODEL}/playground`),
    ])
      .then(([document, told]) => load({ fields: fieldsOf(document, MODEL), told }))
      .catch((error: Refused | Error) => say(error.message));
  }, []);
  if (trouble) return <p class="error">The playground cannot be drawn: {trouble}</p>;
  return loaded && <Loaded {...loaded} />;
}

function Loaded({ fields, told }: { fields: Field[]; told: Told }) {
  const [values, set] = useState<Values>(() => ({ ...startingValues(fields), ...(handedOver() ?? keptForm()) }));
  const [side, showSide] = useState<"form" | "json">("form");
  const [shown, show] = useState<"result" | "code">("result");
  const [broken, breakJson] = useState("");
  const [missing, miss] = useState<Record<string, string>>({});
  const [price, setPrice] = useState<Price | null>(null);
  const run = current.value;
  const busy = !isOver(run);
  // A server that wants a key tells its price once it has been given one.
  const wasTaken = run?.id !== undefined;
  useEffect(() => void priceOf().then(setPrice, () => undefined), [wasTaken]);

  useEffect(() => keepForm(values), [values]);
  useEffect(() => {
    const running = keptRunning();
    if (running) void resume(running);
  }, []);

  const paint = (wish = values) => {
    const absent = broken ? {} : lacking(wish, fields);
    miss(absent);
    if (broken || !isOver(current.value)) return;
    if (Object.keys(absent).length) return focusOn(Object.keys(absent)[0]!);
    show("result");
    if (isNarrow.matches) document.querySelector(".outcome")?.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth" });
    void start(wish).then(() => {
      const first = Object.keys(current.value?.fieldErrors ?? {})[0];
      if (first) focusOn(first);
    });
  };
  useCtrlEnter(paint);

  const vary = ({ input, output }: Run) => {
    const next = { ...input, seed: output!.seed + output!.images.length };
    set(next);
    paint(next);
  };
  const reuse = ({ input, output }: Run) => {
    set({ ...input, seed: output!.seed });
    breakJson("");
    showSide("form");
  };
  const server = useMemo(() => ({ root, needsKey: told.needs_key, env: told.env }), [told]);
  return (
    <>
      <div class="title">
        <h1>{told.title}</h1>
        <Loading model={told.model} />
      </div>
      <div class="playground">
        <form
          class="card wish"
          noValidate
          aria-label="Settings"
          onSubmit={(event) => {
            event.preventDefault();
            paint();
          }}
        >
          <Tabs
            label="How to say it"
            tabs={[
              { name: "form", title: "Form" },
              { name: "json", title: "JSON" },
            ]}
            chosen={side}
            choose={(name) => {
              if (!broken) return showSide(name);
              document.getElementById("json")?.focus();
            }}
          />
          <Panel name={side} class="panel">
            {side === "form" ? (
              <Form
                fields={fields}
                values={values}
                set={set}
                errors={{ ...run?.fieldErrors, ...missing }}
                presets={told.sizes}
                prompts={told.prompts}
                lastSeed={seen(run)?.output?.seed}
              />
            ) : (
              <JsonEditor values={values} set={set} broken={broken} breaks={breakJson} errors={run?.fieldErrors ?? {}} />
            )}
          </Panel>
          <div class="go">
            <Cost values={values} price={price} expansion={told.expansion_price} presets={told.sizes} />
            <button type="button" class={busy ? "" : "unneeded"} disabled={!busy} onClick={() => void cancel()}>
              Cancel
            </button>
            <button type="submit" class="primary" disabled={busy || broken !== ""} title="Ctrl+Enter">
              <span key={String(busy)}>{busy ? "Painting …" : "Run"}</span>
              <kbd aria-hidden="true">{isApple ? "⌘" : "Ctrl"} ↵</kbd>
            </button>
          </div>
        </form>
        <div class="card outcome">
          <Tabs
            label="What to see"
            tabs={[
              { name: "result", title: "Result" },
              { name: "code", title: "Code" },
            ]}
            chosen={shown}
            choose={show}
          />
          <Panel name={shown} class="panel">
            {shown === "result" ? (
              <Result run={run} values={values} presets={told.sizes} vary={vary} reuse={reuse} />
            ) : (
              <CodeTab wish={spoken(values, fields)} server={server} />
            )}
          </Panel>
        </div>
      </div>
    </>
  );
}

/** Settings that a link brings: `#input=` and a body as JSON. Taken once, so that what is changed then stays so. */
function handedOver(): Values | undefined {
  try {
    const text = new URLSearchParams(location.hash.slice(1)).get("input");
    if (!text) return undefined;
    history.replaceState(null, "", location.pathname + location.search);
    return JSON.parse(text) as Values;
  } catch {
    return undefined;
  }
}

/** Required texts that are empty; the server would take them. */
function lacking(values: Values, fields: Field[]): Record<string, string> {
  const empty = fields.filter(({ name, required, control }) => required && control.kind === "text" && !String(values[name] ?? "").trim());
  return Object.fromEntries(empty.map(({ name, title }) => [name, `${title} is needed: write what is to be seen.`]));
}

async function priceOf(): Promise<Price | null> {
  const { prices } = await once<{ prices: Price[] }>(`/v1/models/pricing?endpoint_id=${MODEL}`);
  return prices[0] ?? null;
}

/** Then the result lies below the form. */
const isNarrow = matchMedia("(max-width: 900px)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

function focusOn(name: string): void {
  const field = document.getElementById(`field-${name}`) ?? document.querySelector<HTMLElement>(`[name="field-${name}"]`);
  field?.focus();
}

function useCtrlEnter(then: () => void): void {
  const latest = useRef(then);
  latest.current = then;
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener("keydown", heard);
    return () => removeEventListener("keydown", heard);
  }, []);
}
