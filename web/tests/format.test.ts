import { expect, test } from "vitest";
import { amount, bytes, money, seconds } from "../src/shared/format";

test("numbers as people read them", () => {
  expect([seconds(0.841), seconds(12.34), seconds(125)]).toEqual(["0.84 s", "12.3 s", "2 min 5 s"]);
  expect([bytes(512), bytes(81234), bytes(4404019)]).toEqual(["512 B", "81 kB", "4.4 MB"]);
  expect([money(0.00393216, "USD"), money(12, "EUR"), money(0, "USD")]).toEqual(["$0.00393", "12.00 EUR", "$0"]);
  expect([money(1.7, "USD"), money(0.005, "USD"), amount(340.2149), amount(0.0041), amount(0)]).toEqual([
    "$1.70",
    "$0.005",
    "340.21",
    "0.00410",
    "0",
  ]);
});
