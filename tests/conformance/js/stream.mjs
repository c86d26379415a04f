// fal.stream, with the key and with a token.
import { MODEL, download, forget, refusal, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const input = { ...small, prompt: "slow:0.1 a boat", num_inference_steps: 4, seed: 5 };

const watched = async (options) => {
  const stream = await fal.stream(MODEL, { input, ...options });
  const events = [];
  for await (const event of stream) events.push(event);
  return { events, last: await stream.done(), requestId: stream.requestId };
};

const plain = await watched({});
forget();
const tokenProvider = async (app) => {
  const response = await fetch("https://rest.fal.ai/tokens/", {
    method: "POST",
    headers: { Authorization: `Key ${process.env.FAL_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ allowed_apps: [app.split("/")[1]], token_expiration: 60 }),
  });
  return await response.json();
};
const byToken = await watched({ connectionMode: "client", tokenProvider });
const requests = forget();
const refused = await refusal((await fal.stream(MODEL, { input: { ...input, num_images: 9 } })).done());

say({
  plain: { ...plain, files: await download(plain.last) },
  byToken: { ...byToken, files: await download(byToken.last), requests },
  refused: { name: refused.name, status: refused.status },
});
