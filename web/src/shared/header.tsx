/** What stands above every page: the name, the ways, and the light. */

import { PAGES, type Page } from "../routes";
import { Moon, Sun } from "./icons";
import { link } from "./root";
import { switchTheme, theme } from "./theme";

export function Header({ current }: { current: Page }) {
  const other = theme.value === "dark" ? "light" : "dark";
  return (
    <header class="top">
      <a class="wordmark" href={link("/")}>
        <span class="plate" aria-hidden="true" />
        Tintype
      </a>
      <nav aria-label="Pages">
        {PAGES.map(
          (page) =>
            page.href && (
              <a key={page.href} href={link(page.href)} aria-current={page === current ? "page" : undefined}>
                {page.title}
              </a>
            ),
        )}
      </nav>
      <button class="icon" onClick={switchTheme} aria-label={`Switch to ${other}`} title={`Switch to ${other}`}>
        {theme.value === "dark" ? <Sun /> : <Moon />}
      </button>
    </header>
  );
}
