/** The form: a label, a control, a description and maybe an error for each field of the schema. */

import { Words } from "../shared/words";
import { Choice, Json, NumberField, Seed, SizeField, Slider, Text, Toggle, type Drawn } from "./controls";
import type { Field, Values } from "./schema";
import type { Presets } from "./size";

interface Shown {
  fields: Field[];
  values: Values;
  set: (values: Values) => void;
  errors: Record<string, string>;
  presets: Presets;
  prompts: string[];
  lastSeed: number | undefined;
}

export function Form({ fields, values, set, errors, presets, prompts, lastSeed }: Shown) {
  const change = (name: string, value: unknown) => {
    const next = { ...values, [name]: value };
    if (value === undefined) delete next[name];
    set(next);
  };
  return (
    <div class="fields">
      {fields.map((field) => (
        <Row
          key={field.name}
          field={field}
          value={values[field.name]}
          set={(value) => change(field.name, value)}
          error={errors[field.name]}
          presets={presets}
          lastSeed={lastSeed}
        >
          {field.name === "prompt" && <Chips prompts={prompts} choose={(prompt) => change("prompt", prompt)} />}
        </Row>
      ))}
    </div>
  );
}

interface RowShown {
  field: Field;
  value: unknown;
  set: (value: unknown) => void;
  error: string | undefined;
  presets: Presets;
  lastSeed: number | undefined;
  children: preact.ComponentChildren;
}

function Row({ field, value, set, error, presets, lastSeed, children }: RowShown) {
  const id = `field-${field.name}`;
  const { kind } = field.control;
  const isGroup = kind === "size" || kind === "choice" || kind === "few";
  const hasHint = kind !== "text" && field.description !== "";
  const describedBy = [error && `${id}-error`, hasHint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
  const title = <>{field.title}</>;
  return (
    <div class={`field ${kind}`}>
      {isGroup ? (
        <span class="label" id={`${id}-label`}>
          {title}
        </span>
      ) : (
        <label class="label" for={id}>
          {title}
        </label>
      )}
      {draw({ field, control: field.control, value, set, id, describedBy, invalid: !!error, presets, lastSeed })}
      {error && (
        <p class="error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      {children}
      {hasHint && (
        <p class="hint" id={`${id}-hint`}>
          <Words text={field.description} />
        </p>
      )}
    </div>
  );
}

function draw(drawn: Drawn) {
  const { control } = drawn;
  switch (control.kind) {
    case "text":
      return <Text {...drawn} control={control} />;
    case "size":
      return <SizeField {...drawn} control={control} />;
    case "seed":
      return <Seed {...drawn} control={control} />;
    case "slider":
      return <Slider {...drawn} control={control} />;
    case "few":
      return <Choice {...drawn} control={control} />;
    case "choice":
      return <Choice {...drawn} control={control} />;
    case "number":
      return <NumberField {...drawn} control={control} />;
    case "toggle":
      return <Toggle {...drawn} control={control} />;
    case "json":
      return <Json {...drawn} control={control} />;
  }
}

/** Example prompts, to be taken with one click. */
function Chips({ prompts, choose }: { prompts: string[]; choose: (prompt: string) => void }) {
  return (
    <div class="chips" role="group" aria-label="Example prompts">
      {prompts.map((prompt) => (
        <button type="button" key={prompt} onClick={() => choose(prompt)} title={prompt}>
          {prompt}
        </button>
      ))}
    </div>
  );
}
