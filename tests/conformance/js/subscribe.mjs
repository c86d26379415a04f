// The queue, with nothing configured.
import { MODEL, forget, refusal, requests, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const slow = { ...small, prompt: "slow:0.15", num_inference_steps: 10 };

const polled = { words: [], lines: [] };
const polling = await fal.subscribe(MODEL, {
  input: slow,
  logs: true,
  onQueueUpdate: (update) => {
    polled.words.push(update.status);
    if (update.logs) polled.lines = update.logs.map((log) => log.message);
  },
});

const streamed = { words: [], lines: [] };
const streaming = await fal.subscribe(MODEL, {
  input: slow,
  logs: true,
  mode: "streaming",
  onQueueUpdate: (update) => {
    streamed.words.push(update.status);
    if (update.logs) streamed.lines = update.logs.map((log) => log.message);
  },
}).catch((error) => ({ data: `${error}` }));

const refused = await refusal(fal.subscribe(MODEL, { input: { ...small, prompt: "a house", num_images: 9 } }));

say({
  polled: { ...polled, data: polling.data, requestId: polling.requestId },
  streamed: { ...streamed, data: streaming.data, requestId: streaming.requestId },
  refused: { ...refused, fields: refused.error.getFieldErrors("num_images") },
});
