import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["tests/*.test.ts"] } },
      {
        // One file after the other: they share a server and a machine.
        test: { name: "browser", include: ["browser/*.test.ts"], testTimeout: 40_000, hookTimeout: 40_000, fileParallelism: false },
      },
    ],
  },
});
