// The server itself speaks the proxy protocol. Argument: the server's address.
import { MODEL, download, forget, refusal, requests, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const server = process.argv[2];
fal.config({ proxyUrl: { url: `${server}/api/fal/proxy`, when: "always" } });

const input = { ...small, prompt: "a boat" };
const run = await fal.run(MODEL, { input });
const polled = await fal.subscribe(MODEL, { input, pollInterval: 50 });
const lines = [];
const streamed = await fal.subscribe(MODEL, {
  input,
  logs: true,
  mode: "streaming",
  onQueueUpdate: (update) => lines.splice(0, lines.length, ...(update.logs ?? []).map((log) => log.message)),
});
const stream = await fal.stream(MODEL, { input });
const last = await stream.done();
const { request_id: requestId } = await fal.queue.submit(MODEL, {
  input: { ...small, prompt: "slow:0.2", num_inference_steps: 30 },
});
await fal.queue.cancel(MODEL, { requestId });
await fal.queue.subscribeToStatus(MODEL, { requestId, pollInterval: 50 });
const cancelled = await refusal(fal.queue.result(MODEL, { requestId }));
const refused = await refusal(fal.subscribe(MODEL, { input: { ...input, num_images: 9 } }));
const asked = forget();
const address = await fal.storage.upload(new Blob(["hello"], { type: "text/plain" }));
const uploaded = await (await fetch(address)).text();

say({
  run: { data: run.data, files: await download(run.data) },
  polled: { data: polled.data, files: await download(polled.data) },
  streamed: { data: streamed.data, files: await download(streamed.data), lines },
  last: { data: last, files: await download(last) },
  cancelled: { status: cancelled.status, type: cancelled.body?.error_type },
  refused: { name: refused.name, status: refused.status, fields: refused.error.getFieldErrors("num_images") },
  uploaded,
  paths: [...new Set(asked.map(({ path }) => path))],
});
