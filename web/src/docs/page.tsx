/** Every route of the server, drawn from its own OpenAPI document. */

import { useEffect, useState } from "preact/hooks";
import { once } from "../shared/client";
import { link } from "../shared/root";
import { Words } from "../shared/words";
import { groupsOf, typeOf, used, type Document, type Operation, type Route, type Schema } from "./openapi";
import "../api-page/style.css";
import "./style.css";

export default function Docs() {
  const [document, show] = useState<Document | null>(null);
  const [trouble, say] = useState("");
  useEffect(() => void once<Document>("/openapi.json").then(show, (error: Error) => say(error.message)), []);
  if (trouble) return <p class="error">The document cannot be read: {trouble}</p>;
  if (!document) return null;
  const groups = groupsOf(document);
  return (
    <div class="reading">
      <nav aria-label="On this page">
        {groups.map(({ title }) => (
          <a key={title} href={`#${idOf(title)}`}>
            {title}
          </a>
        ))}
      </nav>
      <article class="routes">
        <h1>Routes</h1>
        <p>
          {document.info.title} {document.info.version} at <code>{document.servers[0]?.url}</code>, from{" "}
          <a href={link("/openapi.json")}>openapi.json</a>. A path may have <code>/queue</code> before it, for fal's queue. Where
          a key is needed, it is sent as <code>Authorization: Key ID:SECRET</code>.
        </p>
        {groups.map(({ title, routes }) => (
          <section key={title} aria-labelledby={idOf(title)}>
            <h2 id={idOf(title)}>{title}</h2>
            {routes.map((route) => (
              <RouteShown key={route.method + route.path} route={route} document={document} />
            ))}
          </section>
        ))}
        <p class="hint">
          What these pages are made of: <a href={link("/pages/licences.txt")}>licences</a>.
        </p>
      </article>
    </div>
  );
}

const idOf = (title: string) => title.toLowerCase().replace(/[^a-z]+/g, "-");

function RouteShown({ route: { method, path, operation }, document }: { route: Route; document: Document }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="route" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class={`method ${method.toLowerCase()}`}>{method}</span>
        <code>{path}</code>
        <span class="what">{operation.summary}</span>
        {operation.security && <span class="badge">key</span>}
      </summary>
      {open && <Details operation={operation} document={document} />}
    </details>
  );
}

function Details({ operation, document }: { operation: Operation; document: Document }) {
  const sent = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const answers = Object.entries(operation.responses);
  const schemas = [sent, ...answers.flatMap(([, answer]) => Object.values(answer.content ?? {}).map(({ schema }) => schema))];
  const names = new Set(schemas.flatMap((schema) => used(schema, document)));
  return (
    <div class="details">
      {operation.parameters && <Parameters operation={operation} />}
      {operation.requestBody && (
        <p>
          Body: {Object.keys(operation.requestBody.content).join(", ")} {sent && <code>{typeOf(sent)}</code>}
        </p>
      )}
      <ul>
        {answers.map(([status, answer]) => (
          <li key={status}>
            <code>{status}</code> {answer.description}{" "}
            {Object.entries(answer.content ?? {}).map(([type, { schema }]) => (
              <span key={type} class="hint">
                {type} {schema && typeOf(schema)}
              </span>
            ))}
          </li>
        ))}
      </ul>
      {[...names].map((name) => (
        <SchemaShown key={name} name={name} schema={document.components.schemas[name] ?? {}} />
      ))}
    </div>
  );
}

function Parameters({ operation }: { operation: Operation }) {
  return (
    <ul>
      {operation.parameters!.map(({ name, in: place, required, description, schema }) => (
        <li key={place + name}>
          <code>{name}</code>{" "}
          <span class="hint">
            {place}, {typeOf(schema)}
            {required ? "" : ", optional"}
          </span>{" "}
          <Words text={description ?? schema?.description ?? ""} />
        </li>
      ))}
    </ul>
  );
}

function SchemaShown({ name, schema }: { name: string; schema: Schema }) {
  const fields = Object.entries(schema.properties ?? {});
  return (
    <div class="schema">
      <h3>{name}</h3>
      {fields.length === 0 && <code>{typeOf(schema)}</code>}
      <ul>
        {fields.map(([field, each]) => (
          <li key={field}>
            <code>{field}</code>{" "}
            <span class="hint">
              {typeOf(each)}
              {schema.required?.includes(field) ? ", required" : ""}
              {each.default === undefined || each.default === null ? "" : `, default ${JSON.stringify(each.default)}`}
            </span>{" "}
            <Words text={each.description ?? ""} />
          </li>
        ))}
      </ul>
    </div>
  );
}
