import { expect, test } from "vitest"
import { compareExports } from "../../scripts/check-packages.ts"
import type { Manifest } from "../../scripts/packages.ts"

const wire = (name: string) => ({
  "sluice-source": `./src/wires/${name}/client.ts`,
  types: `./dist/wires/${name}/client.d.ts`,
  default: `./dist/wires/${name}/client.js`,
})
const filesOf = (name: string) => [
  `src/wires/${name}/client.ts`,
  `dist/wires/${name}/client.d.ts`,
  `dist/wires/${name}/client.js`,
]
const manifest: Manifest = {
  name: "x",
  version: "1.0.0",
  exports: { "./wires/one": wire("one"), "./package.json": "./package.json" },
}
const files = [...filesOf("one"), "package.json", "LICENSE", "README.md"]

test("an export map that agrees with the files is in order", () => {
  expect(compareExports(manifest, files, ["src/wires/one/client.ts"])).toEqual([])
})

test("an entry without its file is found", () => {
  const short = files.filter((file) => !file.endsWith(".d.ts"))
  expect(compareExports(manifest, short, [])).toEqual([
    expect.stringContaining("names ./dist/wires/one/client.d.ts, which is not in the tarball"),
  ])
})

test("a wire without an entry is found", () => {
  const findings = compareExports(manifest, files, [
    "src/wires/one/client.ts",
    "src/wires/two/client.ts",
    "src/wires/two/types.ts",
  ])
  expect(findings).toEqual([expect.stringContaining("src/wires/two/client.ts is no entry point")])
})

test("conditions in another order are found: the first that fits wins", () => {
  const { types, default: code, "sluice-source": source } = wire("one")
  const turned = { ...manifest, exports: { "./wires/one": { default: code, types, "sluice-source": source } } }
  expect(compareExports(turned, files, []).join()).toMatch(/in this order/)
})

test("a missing licence, a missing command and a published test are found", () => {
  const published = [...filesOf("one"), "package.json", "README.md", "src/a.test.ts"]
  const findings = compareExports({ ...manifest, bin: { x: "bin/x.js" } }, published, []).join("\n")
  expect(findings).toMatch(/LICENSE is not in the tarball/)
  expect(findings).toMatch(/bin names bin\/x\.js/)
  expect(findings).toMatch(/src\/a\.test\.ts is published/)
})
