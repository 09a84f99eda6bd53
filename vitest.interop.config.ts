import { defineConfig } from "vitest/config"

const conditions = ["sluice-source", "node", "import", "module", "default"]

/** Real clients against the gateway: slow, one at a time, and apart from the other tests. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["tests/interop/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
