import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { edgeCases, PAGE } from "../../scripts/edge-cases.ts"

test("docs/edge-cases.md says what the registry holds (`npm run edge-cases` writes it)", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(edgeCases())
})
