import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { curl, pythonic } from "../src/playground/code";

const AWKWARD = {
  prompt: `it's "quoted" \\ \$HOME \`ls\` <b>\nnew line é 🎨`,
  image_size: { width: 64, height: 32 },
  on: true,
  off: false,
  none: null,
  list: [1, [], {}],
};
const HERE = { root: "http://x.test", needsKey: false, env: "tintype env" };

test("a shell reads from the curl command what was meant", () => {
  const command = curl(AWKWARD, HERE).code.replace(/^curl/, 'printf "%s\\n"');
  const said = execFileSync("bash", ["-c", command], { encoding: "utf8" });
  expect(JSON.parse(said.slice(said.indexOf("{")))).toEqual(AWKWARD);
});

test("a key is named where one is needed", () => {
  expect(curl({}, { ...HERE, needsKey: true }).code).toContain('"Authorization: Key $FAL_KEY"');
  expect(curl({}, HERE).code).not.toContain("Key");
});

test("Python reads what was meant", () => {
  const program = `import json; print(json.dumps(${pythonic(AWKWARD)}))`;
  expect(JSON.parse(execFileSync("python3", ["-c", program], { encoding: "utf8" }))).toEqual(AWKWARD);
});
