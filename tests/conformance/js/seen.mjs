// Counts what leaves this process, and helps to judge what comes back. Import it before fal's client.

export const requests = [];
const plainFetch = globalThis.fetch;

globalThis.fetch = async (target, options = {}) => {
  const url = new URL(target.url ?? target);
  const request = { method: options.method ?? "GET", host: url.host, path: url.pathname + url.search };
  requests.push(request);
  const response = await plainFetch(target, options);
  request.status = response.status;
  request.id = response.headers.get("x-fal-request-id");
  return response;
};

export const forget = () => requests.splice(0);

// The files of an output, whole.
export const download = (output) =>
  Promise.all(
    output.images.map(async ({ url }) => {
      const response = await plainFetch(url);
      const bytes = Buffer.from(await response.arrayBuffer());
      return { content_type: response.headers.get("content-type"), base64: bytes.toString("base64") };
    }),
  );

// What an attempt was refused with.
export const refusal = async (attempt) => {
  try {
    return { passed: await attempt };
  } catch (error) {
    const { name, message, status, body, requestId } = error;
    return { name, message, status, body, requestId, error };
  }
};

export const say = (what) => console.log(JSON.stringify(what));

export const MODEL = "fal-ai/z-image/turbo";
export const small = { image_size: { width: 48, height: 32 }, num_inference_steps: 2 };
