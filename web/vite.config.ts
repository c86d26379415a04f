import { basename, dirname } from "node:path";
import { defineConfig } from "vite";
import { licences } from "./licences.ts";

export default defineConfig({
  // Addresses are relative, so that the pages also work below a proxy's prefix; the server makes those of the HTML.
  base: "./",
  build: {
    outDir: "../src/tintype/assets/pages",
    emptyOutDir: true,
    assetsDir: ".",
    assetsInlineLimit: 0,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // After its folder: every page is called page.
        chunkFileNames: ({ facadeModuleId: file, name }) =>
          `${file && name === "page" ? basename(dirname(file)) : name}-[hash].js`,
      },
    },
  },
  plugins: [
    licences(),
    {
      // Nothing is painted before the script has chosen between light and dark.
      name: "script-before-paint",
      transformIndexHtml: {
        order: "post",
        handler: (html) => html.replace('<script type="module" crossorigin', '<script type="module" blocking="render"'),
      },
    },
  ],
});
