// fal.run, with nothing configured.
import { MODEL, download, forget, refusal, requests, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const bytes = async (output) => (await download(output)).map((file) => file.base64);

const input = { ...small, prompt: "a lighthouse", num_images: 2 };
const plain = await fal.run(MODEL, { input });
const [request] = forget();
const files = await download(plain.data);
const again = await fal.run(MODEL, { input: { ...input, seed: plain.data.seed } });

const whole = await fal.run(`https://fal.run/${MODEL}`, { input });
const [toWhole] = forget().slice(-1);

const inline = await fal.run(MODEL, { input: { ...input, sync_mode: true } });
const inlined = inline.data.images.map(({ url }) => url.slice(0, 22));
const inlineFiles = await download(inline.data);

forget();
const empty = await refusal(fal.run(MODEL, {}));
const emptyRequests = forget();
const crashed = await refusal(fal.run(MODEL, { input: { ...small, prompt: "fail" } }));
const crashedRequests = forget();

say({
  plain: { data: plain.data, requestId: plain.requestId, header: request.id, files },
  again: { seed: again.data.seed, same: `${await bytes(again.data)}` === `${files.map((file) => file.base64)}` },
  whole: { images: whole.data.images.length, path: toWhole.path, status: toWhole.status },
  inline: { data: inline.data, requestId: inline.requestId, begins: inlined, files: inlineFiles },
  empty: { ...empty, prompt: empty.error.getFieldErrors("prompt"), requests: emptyRequests },
  crashed: { ...crashed, requests: crashedRequests },
});
