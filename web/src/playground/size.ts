/** Sizes of pictures: presets by name, or an object. */

export interface Size {
  width: number;
  height: number;
}
/** Width and height of each preset, as the server tells them. */
export type Presets = Record<string, [number, number]>;

const USUAL: Size = { width: 1024, height: 768 };

/** What a value of the size field means in pixels; the usual size for one that cannot be understood. */
export function pixels(value: unknown, presets: Presets): Size {
  if (typeof value === "string") {
    const [width, height] = presets[value] ?? shape(value);
    return { width, height };
  }
  const { width, height } = (value ?? {}) as Partial<Size>;
  return isSide(width) && isSide(height) ? { width, height } : USUAL;
}

/** `portrait_16_9` is named after its shape, upright if it is a portrait. */
export function shape(preset: string): [number, number] {
  const [, long, short] = /_(\d+)_(\d+)$/.exec(preset) ?? [, "1", "1"];
  const sides: [number, number] = [Number(long), Number(short)];
  return preset.startsWith("portrait") ? [sides[1], sides[0]] : sides;
}

/** "Portrait 4:3", "Square HD". */
export function label(preset: string): string {
  const text = preset.replace(/_(\d+)_(\d+)$/, " $1:$2").replace(/_hd$/, " HD").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const isSide = (value: unknown): value is number => typeof value === "number" && value > 0 && Number.isFinite(value);
