// fal.realtime on Node's own WebSocket.
import { MODEL, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const token = async (seconds) => {
  const response = await fetch("https://rest.fal.ai/tokens/", {
    method: "POST",
    headers: { Authorization: `Key ${process.env.FAL_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ allowed_apps: ["z-image"], token_expiration: seconds }),
  });
  return await response.json();
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const input = { ...small, prompt: "a boat", seed: 5, sync_mode: true };

const talked = async (tokens, sends) => {
  const results = [];
  const errors = [];
  let asked = 0;
  let arrived;
  const connection = fal.realtime.connect(MODEL, {
    tokenProvider: async () => await tokens(asked++),
    throttleInterval: 0,
    onResult: (result) => {
      results.push(result);
      arrived?.();
    },
    onError: (error) => errors.push(`${error.status} ${error.message}`),
  });
  for (const number of Array(sends).keys()) {
    const next = new Promise((resolve) => (arrived = resolve));
    connection.send({ ...input, request_id: `mine-${number}` });
    await Promise.race([next, pause(3000)]);
  }
  const before = [...errors]; // the client takes its own close for an error
  connection.close();
  return { asked, errors: before, results: results.map(({ images, ...rest }) => ({ ...rest, images: images?.length })) };
};

const plain = await talked(() => token(60), 2);
const expired = await talked(async (before) => {
  const made = await token(before ? 60 : 1);
  if (!before) await pause(2100);
  return made;
}, 2);
say({ plain, expired });
process.exit(0);
