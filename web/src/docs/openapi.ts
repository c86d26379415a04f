/** An OpenAPI 3.1 document, as far as the page of routes shows it. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
}
export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}
export interface Operation {
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema?: Schema }> }>;
  security?: unknown[];
}
export interface Document {
  info: { title: string; version: string; description?: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}
export interface Route {
  method: string;
  path: string;
  operation: Operation;
}
export interface Group {
  title: string;
  routes: Route[];
}

/** Which part of the server a path belongs to; the first that fits. */
const PARTS: [string, RegExp][] = [
  ["The model", /^\/fal-ai\/[^/]+\/[^/]+(\/stream)?$/],
  ["The queue", /^\/fal-ai\//],
  ["OpenAI's endpoint", /^\/v1\/images/],
  ["Webhooks", /^\/v1\/webhooks|jwks/],
  ["Platform API", /^\/v1\//],
  ["Files", /^\/(files|storage)/],
  ["Tokens", /^\/tokens/],
  ["Documents and health", /openapi|llms|healthz|readyz/],
  ["Web pages", /./],
];

/** Every route, in parts. */
export function groupsOf(document: Document): Group[] {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  return PARTS.map(([title, pattern], n) => ({
    title,
    routes: routes.filter(({ path }) => pattern.test(path) && !PARTS.slice(0, n).some(([, before]) => before.test(path))),
  })).filter((group) => group.routes.length > 0);
}

/** A type in a few words: `integer, 1 to 30`, `ImageSize or "square" …`. */
export function typeOf(schema: Schema | undefined): string {
  if (!schema) return "anything";
  if (schema.$ref) return schema.$ref.split("/").at(-1)!;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `list of ${typeOf(schema.items)}`;
  const range = schema.maximum === undefined ? "" : `, ${schema.minimum ?? "…"} to ${schema.maximum}`;
  return `${[schema.type ?? "anything"].flat().join(" or ")}${range}`;
}

/** The names of all schemas that one uses, itself first. */
export function used(schema: Schema | undefined, document: Document, seen: string[] = []): string[] {
  if (!schema) return seen;
  const name = schema.$ref?.split("/").at(-1);
  if (name) {
    if (seen.includes(name)) return seen;
    seen.push(name);
    return used(document.components.schemas[name], document, seen);
  }
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...Object.values(schema.properties ?? {})];
  for (const each of schema.items ? [...inner, schema.items] : inner) used(each, document, seen);
  return seen;
}
