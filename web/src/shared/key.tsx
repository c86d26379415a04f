/** The API key: asked for only when the server wants one, kept for as long as the tab lives. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

const PLACE = "tintype-key";
const asked = signal<{ why: string; answer: (given: boolean) => void } | null>(null);
let asking: Promise<boolean> | null = null;

/** The key that was given, as `id:secret`. */
export const key = (): string | undefined => sessionStorage.getItem(PLACE) ?? undefined;

/** Forget it. */
export const forgetKey = () => sessionStorage.removeItem(PLACE);

/** The header that carries it. */
export const authorization = (): Record<string, string> => {
  const known = key();
  return known ? { Authorization: `Key ${known}` } : {};
};

/** Ask the person for a key; false: there will be none. Whoever asks meanwhile waits for the same answer. */
export function askForKey(why = "This server wants a key."): Promise<boolean> {
  asking ??= new Promise<boolean>((answer) => (asked.value = { why, answer })).finally(() => {
    asking = null;
    asked.value = null;
  });
  return asking;
}

/** Stands on every page, and shows itself when somebody asks. */
export function KeyDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const now = asked.value;
  useEffect(() => {
    if (now) dialog.current?.showModal();
    else dialog.current?.close();
  }, [now]);
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement).get("key");
    if (typeof given !== "string" || !given.trim()) return;
    sessionStorage.setItem(PLACE, given.trim().replace(/^(Key|Bearer)\s+/i, ""));
    now?.answer(true);
  };
  return (
    <dialog ref={dialog} aria-labelledby="key-title" onCancel={() => now?.answer(false)}>
      {now && (
        <form onSubmit={save}>
          <h2 id="key-title">A key, please</h2>
          <p>{now.why}</p>
          <label for="key-field">API key</label>
          <input
            id="key-field"
            name="key"
            type="password"
            autocomplete="off"
            spellcheck={false}
            placeholder="id:secret"
            aria-describedby="key-hint"
          />
          <p class="hint" id="key-hint">
            It is kept in this tab and forgotten with it. <code>tintype keys create NAME</code> makes one.
          </p>
          <div class="row end">
            <button type="button" class="quiet" onClick={() => now.answer(false)}>
              Not now
            </button>
            <button type="submit" class="primary">
              Use it
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}
