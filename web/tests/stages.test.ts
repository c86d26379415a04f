import { expect, test } from "vitest";
import { stages } from "../src/playground/stages";

const LOG = ["waited 0.03 s in the queue", "step 1/1, 4.00 s"].map((message) => ({ message, timestamp: "", level: "INFO" }));

test("the parts add up to what was felt, and expanding is no part of painting", () => {
  const parts = [["queue", 0.03], ["expansion", 0.39], ["painting", 4.17]];
  expect(stages(LOG, { inference: 4.56, expansion: 0.39 }, 4.72)).toEqual({ whole: 4.72, parts: [...parts, ["rest", 0.13]] });
  expect(stages(LOG, { inference: 4.56, expansion: 0.39 })).toEqual({ whole: 4.59, parts });
});
