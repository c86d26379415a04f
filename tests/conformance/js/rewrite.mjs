// fal's hosts become plain http on this machine, by the three lines of configuration. Argument: the server's address.
import { MODEL, download, requests, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const server = process.argv[2];
fal.config({
  requestMiddleware: async (request) => ({
    ...request,
    url: request.url
      .replace("https://queue.fal.run", `${server}/queue`)
      .replace("https://fal.run", `${server}/run`)
      .replace("https://rest.fal.ai", `${server}/rest`),
  }),
});

const input = { ...small, prompt: "a boat" };
const run = await fal.run(MODEL, { input });
const subscribed = await fal.subscribe(MODEL, { input, pollInterval: 50 });
const address = await fal.storage.upload(new Blob(["hello"], { type: "text/plain" }));
const uploaded = await (await fetch(address)).text();
say({
  run: { data: run.data, files: await download(run.data) },
  subscribed: { data: subscribed.data, files: await download(subscribed.data) },
  uploaded,
  hosts: [...new Set(requests.map(({ host }) => host))],
});
