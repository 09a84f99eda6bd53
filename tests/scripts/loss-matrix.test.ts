import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { lossMatrix, PAGE } from "../../scripts/loss-matrix.ts"

test("docs/translations.md says what the wires report (`npm run translations` writes it)", async () => {
  expect(readFileSync(PAGE, "utf8")).toBe(await lossMatrix())
})
