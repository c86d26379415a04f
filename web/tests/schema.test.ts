import { expect, test } from "vitest";
import { fieldsOf, spoken, startingValues, words, type Document, type Schema } from "../src/playground/schema";
import { label, pixels, shape } from "../src/playground/size";

const SIDE: Schema = { type: "integer", minimum: 0, exclusiveMinimum: true, maximum: 14142, default: 512 };
const INPUT: Schema = {
  properties: {
    late: { type: "integer", minimum: 1, maximum: 30, default: 8 },
    prompt: { type: "string", title: "Prompt Of Mine", description: "What. Default value: `x`" },
    image_size: { anyOf: [{ $ref: "#/components/schemas/Box" }, { enum: ["square"], type: "string" }], default: "square" },
    seed: { type: "integer" },
    count: { type: "integer", minimum: 1, maximum: 4, default: 1 },
    open: { type: "integer", minimum: 3 },
    kind: { type: "string", enum: ["a", "b"], default: "a" },
    on: { type: "boolean", default: true },
    odd: { type: "array" },
  },
  required: ["prompt"],
  "x-fal-order-properties": ["prompt", "image_size", "seed", "count", "late", "open", "kind", "on", "odd"],
};
const DOCUMENT: Document = {
  components: { schemas: { Input: INPUT, Box: { properties: { width: SIDE, height: SIDE } } } },
  paths: { "/x": { post: { requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Input" } } } } } } },
};
const FIELDS = fieldsOf(DOCUMENT, "x");

test("fields stand in the document's order, and each shape has its control", () => {
  const bounds = { min: 1, max: 14142, start: 512 };
  expect(FIELDS.map(({ name, control }) => [name, control])).toEqual([
    ["prompt", { kind: "text" }],
    ["image_size", { kind: "size", presets: ["square"], width: bounds, height: bounds }],
    ["seed", { kind: "seed" }],
    ["count", { kind: "few", options: [1, 2, 3, 4] }],
    ["late", { kind: "slider", min: 1, max: 30 }],
    ["open", { kind: "number", bounds: { min: 3, max: undefined } }],
    ["kind", { kind: "choice", options: ["a", "b"] }],
    ["on", { kind: "toggle" }],
    ["odd", { kind: "json" }],
  ]);
});

test("a field is described without what its control shows", () => {
  expect(FIELDS[0]).toMatchObject({ title: "Prompt of mine", description: "What.", required: true });
  expect(words("num_images")).toBe("Num images");
});

test("the first body says every default, and only what differs has to be said", () => {
  const start = startingValues(FIELDS);
  expect(start).toEqual({ prompt: "", image_size: "square", count: 1, late: 8, kind: "a", on: true });
  expect(spoken({ ...start, prompt: "p", late: 9 }, FIELDS)).toEqual({ prompt: "p", late: 9 });
});

test("another document than ours is told apart", () => {
  expect(() => fieldsOf(DOCUMENT, "y")).toThrow("no input of y");
});

test("sizes by name, by number, and nonsense", () => {
  const presets = { square: [512, 512] as [number, number] };
  expect(pixels("square", presets)).toEqual({ width: 512, height: 512 });
  expect(pixels({ width: 3, height: 4 }, presets)).toEqual({ width: 3, height: 4 });
  expect(pixels({ width: null }, presets)).toEqual({ width: 1024, height: 768 });
  expect([shape("portrait_16_9"), shape("landscape_4_3"), shape("other")]).toEqual([[9, 16], [4, 3], [1, 1]]);
  expect([label("portrait_16_9"), label("square_hd")]).toEqual(["Portrait 16:9", "Square HD"]);
});
