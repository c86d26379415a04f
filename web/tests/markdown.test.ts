import { expect, test } from "vitest";
import { blocks, headings } from "../src/api-page/markdown";

test("headings that are called the same have addresses of their own", () => {
  expect(headings("# A b\n## X\n### X\n").map(({ level, id }) => [level, id])).toEqual([
    [1, "a-b"],
    [2, "x"],
    [3, "x-1"],
  ]);
});

test("items have items and more lines, and code stays as it is", () => {
  expect(blocks("- one:\n  more\n  - inner\n- two\n\n```json\n{\n  # x\n}\n```\n> said\ntext")).toEqual([
    { kind: "list", items: [{ text: "one: more", items: ["inner"] }, { text: "two", items: [] }] },
    { kind: "code", language: "json", text: "{\n  # x\n}" },
    { kind: "quote", text: "said" },
    { kind: "paragraph", text: "text" },
  ]);
});
