/** From the model's OpenAPI document to what the form shows: one field for each property, in the document's order. */

export interface Schema {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  minimum?: number;
  exclusiveMinimum?: boolean;
  maximum?: number;
  anyOf?: Schema[];
  $ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  "x-fal-order-properties"?: string[];
}
export interface Document {
  components: { schemas: Record<string, Schema> };
  paths: Record<string, { post?: { requestBody: { content: { "application/json": { schema: Schema } } } } }>;
}
export interface Bounds {
  min?: number;
  max?: number;
  start?: number;
}
export type Control =
  | { kind: "text" }
  | { kind: "size"; presets: string[]; width: Bounds; height: Bounds }
  | { kind: "seed" }
  | { kind: "slider"; min: number; max: number }
  | { kind: "few"; options: number[] }
  | { kind: "number"; bounds: Bounds }
  | { kind: "toggle" }
  | { kind: "choice"; options: string[] }
  | { kind: "json" };
export interface Field {
  name: string;
  title: string;
  description: string;
  required: boolean;
  /** undefined: the server does without. */
  start: unknown;
  control: Control;
}
/** A request's body. */
export type Values = Record<string, unknown>;

/** Integers with so few values are drawn as buttons, others as sliders. */
const FEW = 6;

/** Every field of the input that `endpoint` takes. */
export function fieldsOf(document: Document, endpoint: string): Field[] {
  const body = document.paths[`/${endpoint}`]?.post?.requestBody.content["application/json"].schema;
  const input = body && follow(body, document);
  if (!input?.properties) throw new Error(`The document has no input of ${endpoint}`);
  const names = input["x-fal-order-properties"] ?? Object.keys(input.properties);
  return names.map((name) => {
    const schema = follow(input.properties![name]!, document);
    return {
      name,
      title: words(schema.title ?? name),
      description: described(schema),
      required: input.required?.includes(name) ?? false,
      start: schema.default,
      control: controlOf(name, schema, document),
    };
  });
}

/** The body that is sent when nobody touches anything. */
export function startingValues(fields: Field[]): Values {
  const values: Values = {};
  for (const { name, start, required, control } of fields) {
    if (start !== undefined) values[name] = start;
    else if (required && control.kind === "text") values[name] = "";
  }
  return values;
}

/** What of it says something: all but defaults. */
export function spoken(values: Values, fields: Field[]): Values {
  const starts = new Map(fields.map((field) => [field.name, JSON.stringify(field.start)]));
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => JSON.stringify(value) !== starts.get(name)));
}

function controlOf(name: string, schema: Schema, document: Document): Control {
  const choices = schema.anyOf?.map((each) => follow(each, document));
  const box = choices?.find((each) => each.properties?.["width"] && each.properties["height"])?.properties;
  const presets = choices?.find((each) => each.enum)?.enum;
  if (box && presets) return { kind: "size", presets, width: bounds(box["width"]!), height: bounds(box["height"]!) };
  if (schema.enum) return { kind: "choice", options: schema.enum };
  if (schema.type === "boolean") return { kind: "toggle" };
  if (schema.type === "string") return { kind: "text" };
  if (schema.type !== "integer") return { kind: "json" };
  if (name === "seed") return { kind: "seed" };
  const { min, max } = bounds(schema);
  if (min === undefined || max === undefined) return { kind: "number", bounds: { min, max } };
  if (max - min >= FEW) return { kind: "slider", min, max };
  return { kind: "few", options: Array.from({ length: max - min + 1 }, (_, n) => min + n) };
}

function bounds({ minimum, exclusiveMinimum, maximum, default: start }: Schema): Bounds {
  const min = minimum === undefined ? undefined : minimum + (exclusiveMinimum ? 1 : 0);
  return { min, max: maximum, start: typeof start === "number" ? start : undefined };
}

function follow(schema: Schema, document: Document): Schema {
  if (!schema.$ref) return schema;
  return document.components.schemas[schema.$ref.replace("#/components/schemas/", "")] ?? {};
}

/** "Num Inference Steps" and "num_images" as a label: the first letter large, the others not. */
export function words(name: string): string {
  const text = name.replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The control shows the default itself. */
const described = ({ description = "" }: Schema) => description.replace(/\s*Default value: `[^`]*`\s*$/, "");
