// fal's server-proxy between client and server, on Express and on Hono. Argument: the server's address, for a proxy that
// is allowed to ask it by plain http; without, fal's own names are asked, with the proxy's default settings.
import { MODEL, download, refusal, say, small } from "./seen.mjs";
import { createFalClient } from "@fal-ai/client";
import { createHandler } from "@fal-ai/server-proxy/express";
import { createRouteHandler } from "@fal-ai/server-proxy/hono";
import { serve } from "@hono/node-server";
import express from "express";
import { Hono } from "hono";

const server = process.argv[2];
console.warn = () => {};
const settings = server ? { allowedUrlPatterns: [`${new URL(server).host}/**`] } : {};
const rewritten = async (request) => ({
  ...request,
  url: request.url.replace("https://queue.fal.run", `${server}/queue`).replace("https://fal.run", `${server}/run`),
});
const PATH = "/api/fal/proxy";

const overExpress = express().use(express.json()).all(PATH, createHandler(settings)).listen(0, "127.0.0.1");
const route = createRouteHandler(settings);
const hono = new Hono().get(PATH, route).post(PATH, route).put(PATH, route);
const overHono = await new Promise((resolve) => {
  const made = serve({ fetch: hono.fetch, port: 0, hostname: "127.0.0.1" }, () => resolve(made));
});

const through = async ({ port }) => {
  const fal = createFalClient({
    proxyUrl: { url: `http://127.0.0.1:${port}${PATH}`, when: "always" },
    ...(server ? { requestMiddleware: rewritten } : {}),
  });
  const input = { ...small, prompt: "slow:0.1 a boat", num_inference_steps: 4 };
  const polled = await fal.subscribe(MODEL, { input, pollInterval: 50 });
  const lines = [];
  const streamed = await fal.subscribe(MODEL, {
    input,
    logs: true,
    mode: "streaming",
    onQueueUpdate: (update) => lines.splice(0, lines.length, ...(update.logs ?? []).map((log) => log.message)),
  });
  const events = [];
  const stream = await fal.stream(MODEL, { input });
  stream.on("data", (event) => events.push(Object.keys(event)));
  const last = await stream.done();
  const { request_id: requestId } = await fal.queue.submit(MODEL, { input: { ...input, num_inference_steps: 30 } });
  const cancelled = await refusal(fal.queue.cancel(MODEL, { requestId }));
  await createFalClient(server ? { requestMiddleware: rewritten } : {}).queue.cancel(MODEL, { requestId }).catch(() => {});
  const refused = await refusal(fal.run(MODEL, { input: { ...input, num_images: 9 } }));
  return {
    polled: { data: polled.data, files: await download(polled.data), requestId: polled.requestId },
    streamed: { data: streamed.data, lines },
    stream: { events, data: last, files: await download(last) },
    cancelled: cancelled.status ?? null,
    refused: { name: refused.name ?? null, data: refused.passed?.data ?? null },
  };
};

say({ express: await through(overExpress.address()), hono: await through(overHono.address()) });
process.exit(0);
