import { expect, test } from "vitest"
import { nameJavaScript } from "../../scripts/build.ts"

test.each([
  [`export * from "./a.ts";`, `export * from "./a.js";`],
  [`import type { A } from '../b/a.ts';`, `import type { A } from '../b/a.js';`],
  [`import "./a.ts";`, `import "./a.js";`],
  [`type A = import("./a.ts").A;`, `type A = import("./a.js").A;`],
])("a declaration's import %s names the built file", (before, after) => {
  expect(nameJavaScript(before)).toBe(after)
})

test.each([
  `export * from "@sluice/catalog";`,
  `export * from "./a.d.ts";`,
  `declare const file: "./a.ts";`,
  `import "./data.json";`,
])("%s stays as it is", (text) => {
  expect(nameJavaScript(text)).toBe(text)
})
