// More runs at once than the run host takes. Argument: the server's address.
import { MODEL, requests, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const server = process.argv[2];
fal.config({
  requestMiddleware: async (request) => ({ ...request, url: request.url.replace("https://fal.run", `${server}/run`) }),
});
const input = { ...small, prompt: "slow:0.2" };
const runs = await Promise.all([1, 2, 3].map((seed) => fal.run(MODEL, { input: { ...input, seed } })));
say({ seeds: runs.map(({ data }) => data.seed), statuses: requests.map(({ status }) => status) });
