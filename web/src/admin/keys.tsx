/** The API keys: who may paint. */

import { useEffect, useState } from "preact/hooks";
import { json } from "../shared/client";
import { Confirm } from "../shared/confirm";
import { CopyButton } from "../shared/copy";
import { moment } from "../shared/format";
import { key } from "../shared/key";

interface Key {
  key_id: string;
  alias: string;
  created_at: string;
}
/** What one is asked before. */
type Question = { revoke: Key } | { create: string };

export function Keys() {
  const [keys, list] = useState<Key[] | null>(null);
  const [made, show] = useState("");
  const [said, say] = useState("");
  const [question, ask] = useState<Question | null>(null);
  const look = async () => list((await json<{ keys: Key[] }>("/v1/keys?limit=1000")).keys);
  const attempt = (work: () => Promise<void>) => void work().catch((error: Error) => say(error.message));
  useEffect(() => attempt(look), []);

  const create = async (alias: string) => {
    show((await json<{ key: string }>("/v1/keys", { body: { alias } })).key);
    say(`The key for ${alias} is made.`);
    await look();
  };
  const revoke = async ({ key_id: id, alias }: Key) => {
    await json(`/v1/keys/${encodeURIComponent(id)}`, { method: "DELETE" });
    say(`The key for ${alias} is revoked.`);
    show("");
    await look();
  };
  const wish = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const alias = String(new FormData(form).get("alias")).trim();
    if (!alias) return;
    form.reset();
    // Without a key one is in because there is none.
    if (key() === undefined) ask({ create: alias });
    else attempt(() => create(alias));
  };
  const answer = (does: boolean) => {
    ask(null);
    if (!does || !question) return;
    attempt(() => ("revoke" in question ? revoke(question.revoke) : create(question.create)));
  };
  return (
    <section class="card" aria-label="Keys">
      <h2>Keys</h2>
      <form class="row new-key" onSubmit={wish}>
        <label class="unseen" for="alias">
          What the new key is for
        </label>
        <input id="alias" name="alias" maxLength={200} placeholder="What it is for" autocomplete="off" />
        <button type="submit">Create a key</button>
      </form>
      {made && (
        <div class="made">
          <p>This is shown once. Copy it now:</p>
          <code>{made}</code>
          <CopyButton label="Copy the key" text={() => made} />
        </div>
      )}
      <p class="hint" role="status">
        {said}
      </p>
      {keys?.length === 0 && <p class="hint">There is none of scope API.</p>}
      <ul class="entries keys">
        {keys?.map((each) => (
          <li key={each.key_id}>
            <div>
              <b>{each.alias}</b>
              <p class="hint">
                <code>{each.key_id}</code> since {moment(each.created_at)}
              </p>
            </div>
            <button type="button" class="quiet" onClick={() => ask({ revoke: each })} aria-label={`Revoke the key for ${each.alias}`}>
              Revoke
            </button>
          </li>
        ))}
      </ul>
      {question && <Asked question={question} answer={answer} />}
    </section>
  );
}

const Asked = ({ question, answer }: { question: Question; answer: (does: boolean) => void }) =>
  "revoke" in question ? (
    <Confirm title="Revoke this key?" verb="Revoke" answer={answer}>
      <p>
        Whoever uses the key for <b>{question.revoke.alias}</b> is refused from then on. It cannot be undone.
      </p>
    </Confirm>
  ) : (
    <Confirm title="The first key?" verb="Create it" answer={answer}>
      <p>
        While there is no key, everybody on this machine may do everything. The first one ends that, and this page then wants a key of
        scope ADMIN: <code>tintype keys create NAME --admin</code> makes one.
      </p>
    </Confirm>
  );
