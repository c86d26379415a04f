/** The part of Markdown that the model's page uses, as elements: no text of it ever becomes HTML. */

import type { ComponentChildren, VNode } from "preact";
import { CopyButton } from "../shared/copy";

export interface Heading {
  level: number;
  text: string;
  id: string;
}

/** Its headings, for a list of contents. */
export function headings(text: string): Heading[] {
  return blocks(text).flatMap((block) => (block.kind === "heading" ? [block.heading] : []));
}

export const Markdown = ({ text }: { text: string }) => <>{blocks(text).map(draw)}</>;

type Block =
  | { kind: "heading"; heading: Heading }
  | { kind: "code"; language: string; text: string }
  | { kind: "quote" | "paragraph"; text: string }
  | { kind: "list"; items: { text: string; items: string[] }[] };

/** What the lines are, one after another. */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  const lines = text.split("\n");
  const seen = new Map<string, number>();
  for (let n = 0; n < lines.length; n++) {
    const line = lines[n]!;
    const title = /^(#{1,4}) (.*)$/.exec(line);
    const fence = /^```(\w*)$/.exec(line);
    if (title) {
      found.push({ kind: "heading", heading: { level: title[1]!.length, text: title[2]!, id: anchor(title[2]!, seen) } });
    } else if (fence) {
      const end = lines.indexOf("```", n + 1);
      const last = end < 0 ? lines.length : end;
      found.push({ kind: "code", language: fence[1]!, text: lines.slice(n + 1, last).join("\n") });
      n = last;
    } else if (line.startsWith("> ")) {
      found.push({ kind: "quote", text: line.slice(2) });
    } else if (line.startsWith("- ")) {
      item(found, line.slice(2));
    } else if (/^ {2,}\S/.test(line) && found.at(-1)?.kind === "list") {
      continued(found.at(-1) as Block & { kind: "list" }, line.trim());
    } else if (line.trim()) {
      found.push({ kind: "paragraph", text: line });
    }
  }
  return found;
}

function item(found: Block[], text: string): void {
  const last = found.at(-1);
  if (last?.kind === "list") last.items.push({ text, items: [] });
  else found.push({ kind: "list", items: [{ text, items: [] }] });
}

/** A line that is indented below an item: one of a list of its own, or more of its text. */
function continued(list: Block & { kind: "list" }, text: string): void {
  const last = list.items.at(-1)!;
  if (text.startsWith("- ")) last.items.push(text.slice(2));
  else last.text += ` ${text}`;
}

function anchor(text: string, seen: Map<string, number>): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  const before = seen.get(plain) ?? 0;
  seen.set(plain, before + 1);
  return before ? `${plain}-${before}` : plain;
}

function draw(block: Block, n: number): VNode {
  switch (block.kind) {
    case "heading": {
      const Tag = `h${block.heading.level}` as "h1";
      return (
        <Tag key={n} id={block.heading.id}>
          {inline(block.heading.text)}
        </Tag>
      );
    }
    case "code":
      return (
        <div key={n} class="listing">
          <CopyButton small label="Copy" text={() => block.text} />
          <pre tabIndex={0}>
            <code>{block.text}</code>
          </pre>
        </div>
      );
    case "quote":
      return <blockquote key={n}>{inline(block.text)}</blockquote>;
    case "paragraph":
      return <p key={n}>{inline(block.text)}</p>;
    case "list":
      return (
        <ul key={n}>
          {block.items.map((each, m) => (
            <li key={m}>
              {inline(each.text)}
              {each.items.length > 0 && (
                <ul>
                  {each.items.map((inner, k) => (
                    <li key={k}>{inline(inner)}</li>
                  ))}
                </ul>
              )}
            </li>
          ))}
        </ul>
      );
  }
}

const MARKS = /(\*\*.+?\*\*|`[^`]+`|\b_[^_]+_(?!\w)|\[[^\]]+\]\([^)\s]+\))/;

/** Code, strong, emphasis and links within a line. */
function inline(text: string): ComponentChildren {
  return text.split(MARKS).map((part, n) => {
    if (n % 2 === 0) return part;
    if (part.startsWith("**")) return <strong key={n}>{inline(part.slice(2, -2))}</strong>;
    if (part.startsWith("`")) return <code key={n}>{part.slice(1, -1)}</code>;
    if (part.startsWith("_")) return <em key={n}>{part.slice(1, -1)}</em>;
    const [, label, href] = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(part)!;
    // Nothing but web addresses: "javascript:" is one too, to a browser.
    if (!/^https?:\/\//.test(href!)) return part;
    return (
      <a key={n} href={href}>
        {label}
      </a>
    );
  });
}
