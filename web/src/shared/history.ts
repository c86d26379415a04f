/** Requests that are over, as the Platform API tells them. */

import { MODEL } from "../routes";
import { json } from "./client";

export interface Picture {
  url: string;
  width: number;
  height: number;
  file_name: string;
}
/** fal's output, or why there is none. */
export interface Answer {
  images?: Picture[];
  timings?: Record<string, number>;
  seed?: number;
  has_nsfw_concepts?: boolean[];
  detail?: unknown;
}
export interface Past {
  request_id: string;
  started_at: string;
  sent_at: string;
  ended_at: string;
  status_code: number;
  duration: number;
  /** Null: it is not kept. */
  json_input: Record<string, unknown> | null;
  json_output: Answer | null;
}
export interface Page {
  items: Past[];
  next_cursor: string | null;
}
/** What is looked for; empty: anything. Days are those of the reader's calendar. */
export interface Filters {
  status: string;
  text: string;
  from: string;
  until: string;
}

/** Long before the first request. */
const BEGINNING = "2000-01-01";
const ONE_PAGE = 48;

/** Some requests, the last first. */
export function pastRequests({ status, text, from, until }: Filters, cursor?: string | null): Promise<Page> {
  const asked: Record<string, string> = { start: from ? day(from) : BEGINNING, limit: String(ONE_PAGE) };
  if (until) asked["end"] = day(until, 1);
  if (status) asked["status"] = status;
  if (text) asked["prompt_contains"] = text;
  if (cursor) asked["cursor"] = cursor;
  return asking(asked);
}

/** One of them; undefined: it is not over, or not there. */
export const pastRequest = async (id: string): Promise<Past | undefined> =>
  /^[\w./:-]{1,100}$/.test(id) ? (await asking({ request_id: id })).items[0] : undefined;

const asking = (asked: Record<string, string>) =>
  json<Page>(`/v1/models/requests/by-endpoint?${String(new URLSearchParams({ endpoint_id: MODEL, expand: "payloads", ...asked }))}`);

/** The midnight at which a day of the reader's begins, or one so many days later. */
function day(date: string, later = 0): string {
  const begin = new Date(`${date}T00:00`);
  begin.setDate(begin.getDate() + later);
  return begin.toISOString();
}

/** How it went, in a word, and whether that is good. */
export function outcome({ status_code: code }: Past): { word: string; kind: "good" | "bad" | "" } {
  if (code < 400) return { word: "done", kind: "good" };
  if (code === 499) return { word: "cancelled", kind: "" };
  return code < 500 ? { word: "refused", kind: "bad" } : { word: "failed", kind: "bad" };
}

/** Its prompt, as far as it has one that is kept. */
export function promptOf({ json_input: input }: Past): string | undefined {
  const prompt = input?.["prompt"];
  return typeof prompt === "string" ? prompt : undefined;
}
