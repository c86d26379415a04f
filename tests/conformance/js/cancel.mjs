// Cancelled while it runs, by hand and by the client's own timeout.
import { MODEL, forget, refusal, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const long = { ...small, prompt: "slow:0.2", num_inference_steps: 30, num_images: 4 };

const running = async () => {
  const { request_id: requestId } = await fal.queue.submit(MODEL, { input: long });
  while ((await fal.queue.status(MODEL, { requestId })).status !== "IN_PROGRESS")
    await new Promise((resolve) => setTimeout(resolve, 20));
  return requestId;
};

const over = async (requestId) => {
  const started = performance.now();
  await fal.queue.subscribeToStatus(MODEL, { requestId, pollInterval: 20 });
  return (performance.now() - started) / 1000;
};

const requestId = await running();
const answer = (await fal.queue.cancel(MODEL, { requestId })) ?? null;
const seconds = await over(requestId);
const result = await refusal(fal.queue.result(MODEL, { requestId }));

forget();
let timedOut;
const late = await refusal(
  fal.subscribe(MODEL, { input: long, timeout: 700, onEnqueue: (id) => (timedOut = id) }),
);
await new Promise((resolve) => setTimeout(resolve, 200));
const requests = forget();

say({
  byHand: { answer, seconds, result },
  byTimeout: { message: late.message, requests, requestId: timedOut, seconds: await over(timedOut) },
});
