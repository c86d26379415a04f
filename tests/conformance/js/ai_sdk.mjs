// Vercel's AI SDK with its fal provider. Argument: the server's address.
import { say } from "./seen.mjs";
import { createFal } from "@ai-sdk/fal";
import { generateImage } from "ai";

const provider = createFal({ baseURL: `${process.argv[2]}/run` });
const { images, providerMetadata } = await generateImage({
  model: provider.image("fal-ai/z-image/turbo"),
  prompt: "a balloon",
  size: "64x48",
  seed: 5,
  providerOptions: { fal: { num_inference_steps: 2 } },
});
say({ images: images.map(({ mediaType, base64 }) => ({ content_type: mediaType, base64 })), providerMetadata });
