import { expect, test } from "vitest";
import { expanded, progress } from "../src/playground/log";

const lines = (...messages: string[]) => messages.map((message) => ({ message, timestamp: "", level: "INFO" }));

test("how far it is, as the log has it", () => {
  expect(progress(lines("waited 0.00 s in the queue"))).toBeNull();
  expect(progress(lines("step 3/8, 0.10 s", "the prompt says step 9/9, too"))).toEqual({ image: 1, images: 1, step: 3, steps: 8 });
  expect(progress(lines("step 1/8, 0.10 s", "image 2/4, step 5/8, 0.10 s"))).toEqual({ image: 2, images: 4, step: 5, steps: 8 });
});

test("the expanded prompt, as the log has it", () => {
  expect(expanded(lines("the prompt needs no expansion, 0.10 s"))).toBeUndefined();
  expect(expanded(lines("prompt expanded, 0.10 s: a tent\non a beach"))).toBe("a tent\non a beach");
});
