/** The API page: the same text as llms.txt, drawn. */

import { useEffect, useState } from "preact/hooks";
import { MODEL } from "../routes";
import { once } from "../shared/client";
import { link } from "../shared/root";
import { Markdown, headings } from "./markdown";
import "./style.css";

export default function ApiPage() {
  const [text, show] = useState("");
  const [trouble, say] = useState("");
  const address = `/models/${MODEL}/llms.txt`;
  useEffect(() => void once<string>(address).then(show, (error: Error) => say(error.message)), []);
  useEffect(() => {
    // The text comes after the browser has looked for the place that the address names.
    if (text && location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [text]);
  if (trouble) return <p class="error">The page cannot be read: {trouble}</p>;
  return (
    <div class="reading">
      <nav aria-label="On this page">
        {headings(text)
          .filter(({ level }) => level === 2 || level === 3)
          .map(({ id, level, text: title }) => (
            <a key={id} href={`#${id}`} class={`level-${level}`}>
              {title}
            </a>
          ))}
      </nav>
      <article>
        {text && <Markdown text={text} />}
        {text && (
          <p class="hint">
            The same for language models: <a href={link(address)}>llms.txt</a>. Every route of this server:{" "}
            <a href={link("/docs")}>routes</a>.
          </p>
        )}
      </article>
    </div>
  );
}
