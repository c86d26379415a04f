// A request that will not wait long to be started, behind one that takes long.
import { MODEL, forget, refusal, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const input = { ...small, prompt: "a house" };
const run = await refusal(fal.run(MODEL, { input, startTimeout: 1.5 }));
const runRequests = forget();
const subscribed = await refusal(fal.subscribe(MODEL, { input, startTimeout: 1.5, pollInterval: 100 }));
const results = forget().filter(({ path }) => !path.includes("/status"));
say({ run: { ...run, requests: runRequests }, subscribed: { ...subscribed, requests: results } });
