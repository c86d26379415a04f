/** The body of the request as text: the same values as the form's. */

import { useState } from "preact/hooks";
import type { Values } from "./schema";

interface Shown {
  values: Values;
  set: (values: Values) => void;
  /** Why the text is no body; empty: it is one. */
  broken: string;
  breaks: (why: string) => void;
  errors: Record<string, string>;
}

export function JsonEditor({ values, set, broken, breaks, errors }: Shown) {
  const [text, write] = useState(() => JSON.stringify(values, null, 2));
  const take = (next: string) => {
    write(next);
    try {
      const read: unknown = JSON.parse(next);
      if (typeof read !== "object" || read === null || Array.isArray(read)) return breaks("It must be an object, { … }");
      breaks("");
      set(read as Values);
    } catch (error) {
      breaks((error as Error).message);
    }
  };
  const wrong = broken ? [`${broken}. It cannot be shown as a form before it is mended.`] : Object.entries(errors).map(([name, why]) => `${name}: ${why}`);
  return (
    <div class="json">
      <label class="label" for="json">
        The request's body
      </label>
      <textarea
        id="json"
        rows={18}
        spellcheck={false}
        value={text}
        onInput={(event) => take(event.currentTarget.value)}
        aria-invalid={wrong.length > 0}
        aria-describedby={wrong.length ? "json-error" : undefined}
      />
      {wrong.length > 0 && (
        <p class="error" id="json-error" role="alert">
          {wrong.join("; ")}
        </p>
      )}
    </div>
  );
}
