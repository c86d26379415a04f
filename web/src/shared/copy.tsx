/** A button that copies a text and says that it did. */

import { useState } from "preact/hooks";
import { Copy } from "./icons";

export function CopyButton({ text, label, small = false }: { text: () => string; label: string; small?: boolean }) {
  const [said, say] = useState("");
  const copy = async () => {
    say((await put(text())) ? "Copied" : "Not allowed");
    setTimeout(() => say(""), 1500);
  };
  return (
    <button type="button" class={small ? "icon" : "quiet"} onClick={() => void copy()} aria-label={small ? label : undefined} title={label}>
      <Copy />
      {!small && <span aria-live="polite">{said || label}</span>}
      {small && (
        <span class="unseen" aria-live="polite">
          {said}
        </span>
      )}
    </button>
  );
}

/** Browsers give plain http on other machines no clipboard, so there the old way is tried. */
async function put(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
