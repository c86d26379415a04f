/** How each kind of field is drawn. */

import { useState } from "preact/hooks";
import { Dice, Lock } from "../shared/icons";
import type { Bounds, Control, Field } from "./schema";
import { label, pixels, shape, type Presets, type Size } from "./size";

export interface Drawn<C extends Control = Control> {
  field: Field;
  control: C;
  value: unknown;
  /** undefined: it is not said. */
  set: (value: unknown) => void;
  id: string;
  /** For screen readers: where its description and its error stand. */
  describedBy: string | undefined;
  invalid: boolean;
  presets: Presets;
  /** The seed of the last result. */
  lastSeed: number | undefined;
}
type Of<Kind extends Control["kind"]> = Drawn<Extract<Control, { kind: Kind }>>;

const LARGEST_SEED = 2 ** 32 - 1;
export const drawnSeed = () => Math.floor(Math.random() * LARGEST_SEED);

export function Text({ id, value, set, describedBy, invalid, field }: Of<"text">) {
  return (
    <textarea
      id={id}
      rows={4}
      value={typeof value === "string" ? value : ""}
      onInput={(event) => set(event.currentTarget.value)}
      placeholder={field.description}
      required={field.required}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      spellcheck={false}
    />
  );
}

export function Toggle({ id, value, set, describedBy }: Of<"toggle">) {
  return (
    <input
      id={id}
      class="switch"
      type="checkbox"
      role="switch"
      checked={value === true}
      onChange={(event) => set(event.currentTarget.checked)}
      aria-describedby={describedBy}
    />
  );
}

/** One of a few, as buttons in a bar. */
export function Choice({ id, control, value, set, describedBy, invalid }: Of<"choice"> | Of<"few">) {
  return (
    <div class="bar" role="radiogroup" aria-labelledby={`${id}-label`} aria-describedby={describedBy} aria-invalid={invalid || undefined}>
      {control.options.map((option) => (
        <label key={option}>
          <input type="radio" name={id} checked={value === option} onChange={() => set(option)} />
          {option}
        </label>
      ))}
    </div>
  );
}

export function Slider({ id, field, control: { min, max }, value, set, describedBy, invalid }: Of<"slider">) {
  const now = typeof value === "number" ? value : min;
  return (
    <div class="row slider">
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        value={now}
        onInput={(event) => set(event.currentTarget.valueAsNumber)}
        aria-describedby={describedBy}
      />
      <NumberInput label={`${field.title}, as a number`} value={value} set={set} bounds={{ min, max }} invalid={invalid} />
    </div>
  );
}

export function Seed({ id, value, set, describedBy, invalid, lastSeed }: Of<"seed">) {
  const isKept = value !== undefined && value !== null;
  return (
    <div class="row">
      <input
        id={id}
        inputMode="numeric"
        value={isKept ? String(value) : ""}
        placeholder={lastSeed === undefined ? "another each time" : `another each time; last ${lastSeed}`}
        onInput={(event) => {
          const text = event.currentTarget.value.trim();
          set(text === "" ? undefined : Number.isFinite(Number(text)) ? Number(text) : text);
        }}
        aria-describedby={describedBy}
        aria-invalid={invalid}
      />
      <button type="button" class="icon" onClick={() => set(drawnSeed())} aria-label="Roll a seed" title="Roll a seed">
        <Dice />
      </button>
      <button
        type="button"
        class="icon"
        aria-pressed={isKept}
        onClick={() => set(isKept ? undefined : (lastSeed ?? drawnSeed()))}
        aria-label="Keep the seed"
        title={isKept ? "Let the server draw the seed" : "Keep the seed"}
      >
        <Lock open={!isKept} />
      </button>
    </div>
  );
}

export function NumberField({ id, control, value, set, describedBy, invalid }: Of<"number">) {
  return <NumberInput id={id} describedBy={describedBy} value={value} set={set} bounds={control.bounds} invalid={invalid} />;
}

/** Little frames of true proportions, and one for any other size. */
export function SizeField({ id, control, value, set, describedBy, invalid, presets }: Of<"size">) {
  const own = typeof value === "object" && value !== null;
  const now = pixels(value, presets);
  const given = own ? (value as Partial<Record<keyof Size, unknown>>) : now;
  const side = (name: keyof Size) => (next: unknown) => set({ ...given, [name]: next });
  return (
    <div role="radiogroup" aria-labelledby={`${id}-label`} aria-describedby={describedBy} aria-invalid={invalid || undefined}>
      <div class="frames">
        {control.presets.map((preset) => (
          <label key={preset} class="frame">
            <input type="radio" name={id} checked={value === preset} onChange={() => set(preset)} />
            <Frame size={presets[preset] ?? shape(preset)} all={Object.values(presets)} />
            <span>{label(preset)}</span>
            <small>{presets[preset]?.join("×") ?? ""}</small>
          </label>
        ))}
        <label class="frame">
          <input type="radio" name={id} checked={own} onChange={() => set({ ...now })} />
          <span class="picture dashed" style={{ width: "30px", height: "30px" }} />
          <span>Custom</span>
          <small>any size</small>
        </label>
      </div>
      {own && (
        <div class="row sides">
          <label>
            Width <NumberInput value={given.width} set={side("width")} bounds={control.width} invalid={invalid} />
          </label>
          <span aria-hidden="true">×</span>
          <label>
            Height <NumberInput value={given.height} set={side("height")} bounds={control.height} invalid={invalid} />
          </label>
        </div>
      )}
    </div>
  );
}

/** The longest side of all presets is 34 pixels here. */
function Frame({ size: [width, height], all }: { size: [number, number]; all: [number, number][] }) {
  const scale = 34 / Math.max(width, height, ...all.flat());
  return <span class="picture" style={{ width: `${width * scale}px`, height: `${height * scale}px` }} />;
}

interface Numeric {
  id?: string;
  label?: string;
  describedBy?: string;
  value: unknown;
  set: (value: unknown) => void;
  bounds: Bounds;
  invalid: boolean;
}

function NumberInput({ id, label: name, describedBy, value, set, bounds, invalid }: Numeric) {
  return (
    <input
      id={id}
      class="number"
      type="number"
      min={bounds.min}
      max={bounds.max}
      value={typeof value === "number" ? value : ""}
      onInput={({ currentTarget: { valueAsNumber: next } }) => set(Number.isNaN(next) ? null : next)}
      aria-label={name}
      aria-describedby={describedBy}
      aria-invalid={invalid}
    />
  );
}

/** Anything else, as it is sent. */
export function Json({ id, value, set, describedBy, invalid }: Of<"json">) {
  const [text, write] = useState(value === undefined ? "" : JSON.stringify(value));
  const take = (next: string) => {
    write(next);
    try {
      set(next.trim() ? JSON.parse(next) : undefined);
    } catch {
      set(next);
    }
  };
  return (
    <input
      id={id}
      value={text}
      onInput={(event) => take(event.currentTarget.value)}
      aria-describedby={describedBy}
      aria-invalid={invalid}
    />
  );
}

