/** A bar of tabs, and the panel of the chosen one below it. */

import type { ComponentChildren } from "preact";

export interface Tab<Name extends string> {
  name: Name;
  title: string;
}

export function Tabs<Name extends string>({
  tabs,
  chosen,
  choose,
  label,
}: {
  tabs: Tab<Name>[];
  chosen: Name;
  choose: (name: Name) => void;
  label: string;
}) {
  const move = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.name === chosen);
    const next = tabs[(at + by + tabs.length) % tabs.length]!;
    choose(next.name);
    document.getElementById(`tab-${next.name}`)?.focus();
  };
  return (
    <div class="bar" role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map(({ name, title }) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-controls={name === chosen ? `panel-${name}` : undefined}
          aria-selected={name === chosen}
          tabIndex={name === chosen ? 0 : -1}
          onClick={() => choose(name)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

export const Panel = ({ name, children, class: extra }: { name: string; children: ComponentChildren; class?: string }) => (
  <div role="tabpanel" id={`panel-${name}`} aria-labelledby={`tab-${name}`} class={extra}>
    {children}
  </div>
);
