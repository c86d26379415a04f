// A key that the server does not know.
import { MODEL, forget, refusal, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

fal.config({ credentials: "no:body" });
const input = { ...small, prompt: "a boat" };
const told = {};
for (const [name, ask] of Object.entries({
  run: () => fal.run(MODEL, { input }),
  subscribe: () => fal.subscribe(MODEL, { input }),
  stream: async () => await (await fal.stream(MODEL, { input })).done(),
  upload: () => fal.storage.upload(new Blob(["hello"], { type: "text/plain" })),
})) {
  const { status, body } = await refusal(ask());
  told[name] = { status, detail: body?.detail, requests: forget().length };
}
say(told);
