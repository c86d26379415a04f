/** Numbers and times as people read them. */

/** 0.84 s, 12.3 s, 2 min 5 s. */
export function seconds(value: number): string {
  if (value >= 60) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} s`;
}

/** $0.0039, $1.70, or 0.0039 EUR. */
export function money(value: number, currency: string): string {
  const digits = value === 0 ? "0" : threeDigits(value).replace(/(\.\d\d+?)0+$/, "$1");
  return currency === "USD" ? `$${digits}` : `${digits} ${currency}`;
}

/** 340.21, 0.0041: two places, or three digits if it is small. */
export const amount = (value: number): string => (value === 0 ? "0" : threeDigits(value));

const threeDigits = (value: number): string => value.toFixed(Math.max(2, 2 - Math.floor(Math.log10(value))));

/** The time of day of a log line, in the reader's time zone. */
export const clock = (iso: string): string =>
  new Date(iso).toLocaleTimeString(undefined, { hour12: false }) + "." + iso.replace(/^.*\.(\d)\d*Z$/, "$1");

/** A day and a time, in the reader's own way. */
export const moment = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** 512 B, 812 kB, 4.4 MB. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  return value < 1e6 ? `${Math.round(value / 1000)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}

/** 0.81 GB. */
export const gigabytes = (value: number): string => `${(value / 1e9).toFixed(2)} GB`;
