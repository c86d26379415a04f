// Several subscribes at once; each asks for a prompt and a seed of its own. Arguments: how many, a name.
import { MODEL, download, say, small } from "./seen.mjs";
import { fal } from "@fal-ai/client";

const [count, name] = process.argv.slice(2);

const one = async (number) => {
  const positions = [];
  const words = [];
  const input = { ...small, prompt: `${name} ${number} slow:0.02`, seed: 1000 + number };
  const { data } = await fal.subscribe(MODEL, {
    input,
    logs: true,
    pollInterval: 50,
    onQueueUpdate: (update) => {
      words.push(update.status);
      if (update.status === "IN_QUEUE") positions.push(update.queue_position);
    },
  });
  return { asked: input, data, positions, words, files: await download(data) };
};

say(await Promise.all(Array.from({ length: Number(count) }, (_, number) => one(number))));
