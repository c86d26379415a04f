// fal.queue.submit with a webhook. Argument: its address.
import { MODEL, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const submitted = await fal.queue.submit(MODEL, {
  input: { ...small, prompt: "a boat", seed: 9 },
  webhookUrl: process.argv[2],
});
say(submitted);
