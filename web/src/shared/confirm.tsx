/** Asks before something that cannot be undone. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface Shown {
  title: string;
  /** What is written on the button that does it. */
  verb: string;
  children: ComponentChildren;
  answer: (does: boolean) => void;
}

export function Confirm({ title, verb, children, answer }: Shown) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const close = (does: boolean) => {
    dialog.current?.close(); // gives the focus back
    answer(does);
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        close(false);
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
      <div class="row end">
        <button type="button" class="quiet" onClick={() => close(false)}>
          Leave it
        </button>
        <button type="button" class="primary" onClick={() => close(true)}>
          {verb}
        </button>
      </div>
    </dialog>
  );
}
