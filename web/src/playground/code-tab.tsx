/** The present wish as a program, to be copied. */

import { useState } from "preact/hooks";
import { CopyButton } from "../shared/copy";
import { curl, javascript, python, type Listing, type Server } from "./code";
import type { Values } from "./schema";

const LANGUAGES = { cURL: curl, Python: python, JavaScript: javascript };
type Language = keyof typeof LANGUAGES;

export function CodeTab({ wish, server }: { wish: Values; server: Server }) {
  const [language, choose] = useState<Language>("cURL");
  const listing = LANGUAGES[language](wish, server);
  return (
    <section class="code" aria-label="Code">
      <div class="bar" role="radiogroup" aria-label="Language">
        {(Object.keys(LANGUAGES) as Language[]).map((name) => (
          <label key={name}>
            <input type="radio" name="language" checked={name === language} onChange={() => choose(name)} />
            {name}
          </label>
        ))}
      </div>
      <Listed listing={listing} />
      {server.needsKey && (
        <p class="hint">
          This server wants a key: <code>tintype keys create NAME</code> makes one.
        </p>
      )}
    </section>
  );
}

function Listed({ listing: { before, then, code, language } }: { listing: Listing }) {
  return (
    <>
      {before && <Block title="Once, in the shell" text={before} language="bash" />}
      <Block title={then ?? "In the shell"} text={code} language={language} />
    </>
  );
}

function Block({ title, text, language }: { title: string; text: string; language: string }) {
  return (
    <div class="block">
      <div class="row">
        <h2>{title}</h2>
        <CopyButton label="Copy" text={() => text} />
      </div>
      <pre tabIndex={0} data-language={language}>
        <code>{text}</code>
      </pre>
    </div>
  );
}
