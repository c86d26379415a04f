// fal.storage.upload: small, in parts, and a Blob inside an input. Argument: how many bytes the large one has.
import { createHash } from "node:crypto";
import { MODEL, forget, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const back = async (address) => {
  const response = await fetch(address);
  const bytes = Buffer.from(await response.arrayBuffer());
  return { content_type: response.headers.get("content-type"), size: bytes.length, sha256: digest(bytes) };
};
const sent = async (bytes, type) => {
  forget();
  const address = await fal.storage.upload(new Blob([bytes], { type }));
  const requests = forget().map(({ method, status }) => `${method} ${status}`);
  return { address, requests, size: bytes.length, sha256: digest(bytes), back: await back(address) };
};

const little = await sent(Buffer.from("hello, store"), "text/plain");
const large = Buffer.alloc(Number(process.argv[2]));
for (let at = 0; at < large.length; at += 4096) large.writeUInt32LE(at, at);
const parts = await sent(large, "application/octet-stream");

forget();
const blob = new Blob(["a mask"], { type: "image/png" });
const { data } = await fal.subscribe(MODEL, { input: { ...small, prompt: "a boat", extra: { deep: [blob] } } });
const uploads = forget().filter(({ path }) => path.includes("/storage/upload/initiate"));

say({ little, parts, inside: { images: data.images.length, uploads: uploads.length } });
