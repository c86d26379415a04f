/** Webhooks that were given up. */

import { useEffect, useState } from "preact/hooks";
import { Deliveries, deliveries, type Delivery } from "../shared/deliveries";

export function Failed() {
  const [list, tell] = useState<Delivery[] | null>(null);
  const [trouble, say] = useState("");
  const look = () => void deliveries({ state: "failed" }).then(tell, (error: Error) => say(error.message));
  useEffect(look, []);
  return (
    <section class="card" aria-label="Failed webhooks">
      <h2>Failed webhooks</h2>
      {trouble && <p class="error">{trouble}</p>}
      {list?.length === 0 && <p class="hint">None.</p>}
      {list && <Deliveries list={list} again={look} linked />}
    </section>
  );
}
