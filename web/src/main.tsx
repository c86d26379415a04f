/** Draws the header and the page that the address means. */

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ComponentType } from "preact";
import { Header } from "./shared/header";
import { KeyDialog } from "./shared/key";
import { path } from "./shared/root";
import { routeOf, type Page } from "./routes";
import "./shared/style.css";

function App() {
  const [Shown, show] = useState<{ page: Page; View: ComponentType<{ params: string[] }> } | null>(null);
  const { page, params } = routeOf(path);
  useEffect(() => {
    document.title = `${page.title} · Tintype`;
    void page.load().then((module) => show({ page, View: module.default }));
  }, []);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Header current={page} />
      <main id="main" tabIndex={-1}>
        {Shown && <Shown.View params={params} />}
      </main>
      <KeyDialog />
    </>
  );
}

const app = document.getElementById("app");
if (app) render(<App />, app);
