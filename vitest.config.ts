import { defineConfig } from "vitest/config"

const conditions = ["sluice-source", "node", "import", "default"]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "tests/**/*.test.ts"],
    exclude: ["tests/interop/**", "**/node_modules/**"],
    testTimeout: 30_000,
  },
})
