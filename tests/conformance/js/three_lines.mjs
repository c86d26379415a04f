// The three-line configuration, before a script that knows nothing of it: node --import ./three_lines.mjs page.mjs
import { fal } from "@fal-ai/client";

const server = process.env.SERVER;
fal.config({
  requestMiddleware: async (r) => ({ ...r, url: r.url.replace("https://queue.fal.run", `${server}/queue`) }),
});
