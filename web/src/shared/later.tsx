/** What stands where a page will be. */

export function Later({ title, children }: { title: string; children: string }) {
  return (
    <div class="narrow">
      <h1>{title}</h1>
      <p>{children}</p>
    </div>
  );
}
