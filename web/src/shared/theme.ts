/** Light or dark: as the system says, unless somebody chose. */

import { signal } from "@preact/signals";

export type Theme = "light" | "dark";
const PLACE = "tintype-theme";
const isDark = matchMedia("(prefers-color-scheme: dark)");

const chosen = (): Theme | null => {
  const kept = localStorage.getItem(PLACE);
  return kept === "light" || kept === "dark" ? kept : null;
};
const now = (): Theme => chosen() ?? (isDark.matches ? "dark" : "light");

/** What is shown. */
export const theme = signal<Theme>(now());

const apply = () => {
  theme.value = now();
  document.documentElement.dataset["theme"] = theme.value;
};
isDark.addEventListener("change", apply);
apply();

/** The other one, from now on. */
export function switchTheme(): void {
  localStorage.setItem(PLACE, theme.value === "dark" ? "light" : "dark");
  apply();
}
