/** What a tab keeps of its playground: the form, and the request that is under way, for when one comes back. */

import type { Values } from "./schema";

const FORM = "tintype-form";
const RUNNING = "tintype-running";
/** A request that was sent and is not over. */
export interface Running {
  id: string;
  input: Values;
}

export const keptForm = () => read<Values>(FORM);
export const keepForm = (values: Values) => write(FORM, values);

export const keptRunning = () => read<Running>(RUNNING);
export const keepRunning = (running: Running) => write(RUNNING, running);
export const forgetRunning = () => sessionStorage.removeItem(RUNNING);

function read<T>(place: string): T | undefined {
  const text = sessionStorage.getItem(place);
  return text === null ? undefined : (JSON.parse(text) as T);
}

function write(place: string, value: object): void {
  try {
    sessionStorage.setItem(place, JSON.stringify(value));
  } catch {
    sessionStorage.removeItem(place); // there is no room for it
  }
}
