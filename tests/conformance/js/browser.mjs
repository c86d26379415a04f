// fal's client as in a browser, from another origin: jsdom's XMLHttpRequest keeps the rules of CORS (it asks first, and
// shows only exposed headers), and whatwg-fetch is a fetch over it. Argument: the server's address.
import { JSDOM } from "jsdom";

const dom = new JSDOM("", { url: "https://app.example/" });
Object.assign(globalThis, { self: globalThis, window: dom.window, document: dom.window.document });
globalThis.XMLHttpRequest = dom.window.XMLHttpRequest;
globalThis.fetch = undefined;
globalThis.Headers = undefined;
const { fetch } = await import("whatwg-fetch");
const { createFalClient } = await import("@fal-ai/client");

const server = process.argv[2];
const MODEL = "fal-ai/z-image/turbo";
const input = { prompt: "a house", image_size: { width: 48, height: 32 }, num_inference_steps: 2 };

const direct = createFalClient({
  credentials: "any:key",
  suppressLocalCredentialsWarning: true,
  fetch,
  requestMiddleware: async (request) => ({
    ...request,
    url: request.url.replace("https://queue.fal.run", `${server}/queue`).replace("https://fal.run", `${server}/run`),
  }),
});
const run = await direct.run(MODEL, { input });
const subscribed = await direct.subscribe(MODEL, { input, pollInterval: 50 });
let refused;
try {
  await direct.run(MODEL, { input: {} });
} catch ({ name, status, requestId }) {
  refused = { name, status, requestId };
}
const picture = await fetch(run.data.images[0].url);
const proxied = createFalClient({ proxyUrl: `${server}/api/fal/proxy`, fetch });
const { requestId: through } = await proxied.run(MODEL, { input });
console.log(
  JSON.stringify({
    run: run.requestId,
    subscribed: subscribed.requestId,
    refused,
    picture: picture.headers.get("content-type"),
    hidden: picture.headers.get("x-content-type-options"),
    through,
  }),
);
process.exit(0);
