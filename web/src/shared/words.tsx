/** Descriptions out of schemas. */

/** A description, in which `backticks` mean code. */
export function Words({ text }: { text: string }) {
  return <>{text.split(/`([^`]*)`/).map((part, n) => (n % 2 ? <code key={n}>{part}</code> : part))}</>;
}
