// A string as proxyUrl means something in browsers only. Nothing is sent: what would be is told. Argument: an address.
import { MODEL, refusal, say } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const meant = [];
fal.config({
  proxyUrl: `${process.argv[2]}/api/fal/proxy`,
  fetch: async (url, { headers }) => {
    meant.push({ url, withKey: "Authorization" in headers });
    throw new Error("not sent");
  },
});
await refusal(fal.run(MODEL, { input: { prompt: "a boat" } }));
say(meant);
