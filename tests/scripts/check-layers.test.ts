import { describe, expect, test } from "vitest"
import { checkLayers } from "../../scripts/check-layers.ts"
import type { LayerRules } from "../../scripts/check-layers.ts"
import { SEPARATIONS } from "../../scripts/layer-rules.ts"
import type { Manifest, Package } from "../../scripts/packages.ts"

function onePackage(folder: string, mayImport: readonly string[], manifest: Partial<Manifest> = {}): Package {
  const name = `@sluice/${folder}`
  return { folder, path: `packages/${folder}`, mayImport, manifest: { name, version: "0.1.0", ...manifest } }
}

const entry = (file: string) => ({ "sluice-source": file, types: "./dist/x.d.ts", default: "./dist/x.js" })

const packages: Package[] = [
  onePackage("catalog", [], { exports: { ".": entry("./src/index.ts") } }),
  onePackage("ai", ["@sluice/catalog"], {
    exports: {
      ".": entry("./src/index.ts"),
      "./wires/one/server": entry("./src/wires/one/server.ts"),
      "./gone": entry("./src/gone.ts"),
    },
    dependencies: { "@sluice/catalog": "0.1.0" },
    peerDependencies: { undici: ">=8" },
  }),
  onePackage("auth", ["@sluice/catalog", "@sluice/ai"], { dependencies: { "@sluice/ai": "0.1.0" } }),
  onePackage("testkit", ["@sluice/catalog", "@sluice/ai"], { dependencies: { "@sluice/ai": "0.1.0" } }),
  onePackage("gateway", ["@sluice/catalog", "@sluice/ai"], { dependencies: { "@sluice/ai": "0.1.0" } }),
]

function check(files: Record<string, string>, rules: Partial<LayerRules> = {}): string[] {
  const sources = new Map(
    Object.entries({
      "packages/catalog/src/index.ts": "export {}\n",
      "packages/ai/src/index.ts": "export {}\n",
      "packages/ai/src/transport/undici.ts": "export {}\n",
      ...files,
    }),
  )
  const all = {
    longFiles: {},
    separations: SEPARATIONS,
    nodeOnly: ["packages/ai/src/transport/undici.ts"],
    developmentPackages: ["openai"],
  }
  return checkLayers(sources, packages, { ...all, ...rules })
}

describe("arrows between packages", () => {
  test("downward imports are in order", () => {
    expect(check({ "packages/gateway/src/a.ts": `import { x } from "@sluice/ai"\n` })).toEqual([])
  })

  test.each([
    [
      "upward",
      "packages/catalog/src/a.ts",
      `import "@sluice/ai"`,
      /imports @sluice\/ai: the arrows of the layers point the other way/,
    ],
    [
      "upward, type-only",
      "packages/ai/src/a.ts",
      `import type { G } from "@sluice/gateway"`,
      /imports @sluice\/gateway/,
    ],
    [
      "upward, as a type query",
      "packages/ai/src/a.ts",
      `export type G = import("@sluice/gateway").G`,
      /imports @sluice\/gateway/,
    ],
    [
      "upward, dynamic",
      "packages/ai/src/a.ts",
      `export const g = () => import("@sluice/gateway")`,
      /imports @sluice\/gateway/,
    ],
    ["upward, re-exported", "packages/ai/src/a.ts", `export * from "@sluice/gateway"`, /imports @sluice\/gateway/],
    ["testkit in a source", "packages/gateway/src/a.ts", `import "@sluice/testkit"`, /only tests may import it/],
    [
      "into another folder",
      "packages/gateway/src/a.ts",
      `import "../../ai/src/index.ts"`,
      /reaches out of its package/,
    ],
    ["past the exports", "packages/gateway/src/a.ts", `import "@sluice/ai/model"`, /does not export/],
    [
      "of an entry point without a file",
      "packages/gateway/src/a.ts",
      `import "@sluice/ai/gone"`,
      /src\/gone\.ts does not exist/,
    ],
    [
      "not declared",
      "packages/testkit/src/a.ts",
      `import "@sluice/catalog"`,
      /not in the dependencies of @sluice\/testkit/,
    ],
    ["of itself by name", "packages/ai/src/a.ts", `import "@sluice/ai"`, /its own package by name/],
  ])("an import %s is refused", (_name, file, text, finding) => {
    const findings = check({ [file]: `${text}\n` })
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatch(finding)
    expect(findings[0]).toMatch(new RegExp(`^${file}:1: `))
  })

  test("tests may import what they like", () => {
    expect(check({ "packages/ai/src/a.test.ts": `import "@sluice/testkit"\nimport "node:fs"\n` })).toEqual([])
  })

  test("a source may not import a test", () => {
    const findings = check({
      "packages/ai/src/a.test.ts": "export {}\n",
      "packages/ai/src/b.ts": `import "./a.test.ts"\n`,
    })
    expect(findings.join()).toMatch(/imports the test file/)
  })

  test("dependencies in a package.json follow the arrows too", () => {
    const upward = [
      onePackage("catalog", [], { dependencies: { "@sluice/ai": "0.1.0" } }),
      onePackage("ai", ["@sluice/catalog"]),
    ]
    const rules = { longFiles: {}, separations: [], nodeOnly: [], developmentPackages: [] }
    expect(checkLayers(new Map(), upward, rules).join()).toMatch(/catalog\/package\.json: depends on @sluice\/ai/)
  })
})

describe("other packages and the platform", () => {
  test.each([
    ["a built-in module where none may be", `import "node:fs"`, /runs everywhere/],
    ["types of a built-in module", `import type { Stats } from "node:fs"`, /runs everywhere/],
    ["a built-in module by its short name", `import "fs"`, /Write node:fs/],
    ["a package that is not declared", `import { z } from "zod"`, /zod, which is not in the dependencies/],
    ["a development package at run time", `import OpenAI from "openai"`, /openai, which is not in the dependencies/],
    ["types that nothing installs", `import type { T } from "nowhere"`, /which nothing installs/],
  ])("%s is refused", (_name, text, finding) => {
    expect(check({ "packages/ai/src/a.ts": `${text}\n` }).join()).toMatch(finding)
  })

  test("Node-only files, peers, and types of development packages are in order", () => {
    const files = {
      "packages/ai/src/transport/undici.ts": `import "node:tls"\nimport "undici"\n`,
      "packages/ai/src/a.ts": `import type { Chat } from "openai/resources"\nimport { type Other } from "openai"\n`,
      "packages/gateway/src/a.ts": `import "node:fs"\n`,
    }
    expect(check(files)).toEqual([])
  })
})

describe("circles between files", () => {
  test("are found through type-only imports, with the way round", () => {
    const findings = check({
      "packages/ai/src/a.ts": `import type { B } from "./b.ts"\nexport type A = B\n`,
      "packages/ai/src/b.ts": `export type { C as B } from "./c.ts"\n`,
      "packages/ai/src/c.ts": `export type C = import("./a.ts").A\n`,
    })
    expect(findings).toHaveLength(1)
    expect(findings[0]).toContain(
      "packages/ai/src/a.ts → packages/ai/src/b.ts → packages/ai/src/c.ts → packages/ai/src/a.ts",
    )
  })

  test("a file that imports itself is one", () => {
    expect(check({ "packages/ai/src/a.ts": `import "./a.ts"\n` }).join()).toMatch(/part of a circle/)
  })

  test("two ways to one file are none", () => {
    const files = {
      "packages/ai/src/a.ts": `import "./b.ts"\nimport "./c.ts"\n`,
      "packages/ai/src/b.ts": `import "./c.ts"\n`,
      "packages/ai/src/c.ts": "export {}\n",
    }
    expect(check(files)).toEqual([])
  })

  test("an import in a comment or a string is none", () => {
    const text = `// import "./a.ts"\nexport const text = 'import "./a.ts"; import("./a.ts")'\n`
    expect(check({ "packages/ai/src/a.ts": text })).toEqual([])
  })
})

describe("separations", () => {
  const wire = {
    "packages/ai/src/wires/one/types.ts": "export type T = 1\n",
    "packages/ai/src/wires/one/client.ts": `export type { T } from "./types.ts"\n`,
    "packages/ai/src/wires/one/accept.ts": `import type { T } from "./types.ts"\nexport const accept: T = 1\n`,
    "packages/ai/src/wires/one/server.ts": `export * from "./accept.ts"\n`,
  }

  test.each([
    [
      "the root reaches a wire",
      {
        "packages/ai/src/index.ts": `export * from "./a.ts"\n`,
        "packages/ai/src/a.ts": `export * from "./wires/one/types.ts"\n`,
      },
      /holds no wire/,
    ],
    [
      "a client reaches a server side",
      { "packages/ai/src/wires/one/client.ts": `export * from "./accept.ts"\n` },
      /no server code/,
    ],
    [
      "a wire reaches a transport",
      {
        "packages/ai/src/wires/one/client.ts": `export * from "../../transport/undici.ts"\n`,
        "packages/ai/src/transport/undici.ts": "export {}\n",
      },
      /do no I\/O/,
    ],
    [
      "what reads an answer reaches the loop that drives it",
      {
        "packages/ai/src/assemble/a.ts": `import "../attempt/b.ts"\n`,
        "packages/ai/src/attempt/b.ts": "export {}\n",
      },
      /stands above/,
    ],
    [
      "the root of the credentials loads a cloud's",
      {
        "packages/auth/src/index.ts": `export * from "./system.ts"\n`,
        "packages/auth/src/system.ts": `import "./aws/index.ts"\nexport const load = () => import("./google/index.ts")\n`,
        "packages/auth/src/aws/index.ts": "export {}\n",
        "packages/auth/src/google/index.ts": "export {}\n",
      },
      /reaches packages\/auth\/src\/aws\/index\.ts.*loads no cloud/,
    ],
    [
      "an emulator reaches a server side",
      { "packages/testkit/src/a.ts": `import "@sluice/ai/wires/one/server"\n` },
      /second opinion/,
    ],
    [
      "the rest reaches a Node-only transport",
      {
        "packages/ai/src/auto.ts": `export const load = () => import("./transport/undici.ts")\n`,
        "packages/ai/src/transport/undici.ts": "export {}\n",
      },
      /injected/,
    ],
    [
      "the rest reaches what draws on Node only",
      {
        "packages/ai/src/images/resizer.ts": `import "./canvas.ts"\n`,
        "packages/ai/src/images/canvas.ts": "export {}\n",
      },
      /resizer\.ts: reaches .*injected/,
    ],
    [
      "a wire reaches another wire",
      { "packages/ai/src/wires/two/client.ts": `import "../one/client.ts"\n` },
      /two\/client\.ts: reaches .*uses no other wire/,
    ],
    [
      "a wire takes a type of another wire, through a file of both",
      {
        "packages/ai/src/wires/two/client.ts": `import "../both.ts"\n`,
        "packages/ai/src/wires/both.ts": `export type { T } from "./one/types.ts"\n`,
      },
      /two\/client\.ts: reaches .*uses no other wire/,
    ],
    [
      "a wire reaches what another family shares",
      {
        "packages/ai/src/wires/one/client.ts": `import "../two/facts.ts"\n`,
        "packages/ai/src/wires/two/facts.ts": "export {}\n",
      },
      /one\/client\.ts: reaches .*uses no other wire/,
    ],
    [
      "what a family shares reaches one of its wires",
      {
        "packages/ai/src/wires/two/facts.ts": `import "../two-chat/client.ts"\n`,
        "packages/ai/src/wires/two-chat/client.ts": "export {}\n",
      },
      /two\/facts\.ts: reaches .*uses no other wire/,
    ],
    [
      "a client reaches the server side of what its family shares",
      {
        "packages/ai/src/wires/two-chat/client.ts": `import "../two/accept-fields.ts"\n`,
        "packages/ai/src/wires/two/accept-fields.ts": "export {}\n",
      },
      /two-chat\/client\.ts: reaches .*no server code/,
    ],
    [
      "a server side uses a file that does not say so",
      {
        "packages/ai/src/wires/one/accept.ts": `import "./seal.ts"\n`,
        "packages/ai/src/wires/one/seal.ts": "export {}\n",
      },
      /one\/seal\.ts: is used by a wire's server side alone/,
    ],
  ])("%s", (_name, files, finding) => {
    expect(check({ ...wire, ...files }).join("\n")).toMatch(finding)
  })

  test("wires use their own files, those of their family and those of all wires, and server files one another", () => {
    const files = {
      "packages/ai/src/wires/two-chat/client.ts": `import "./types.ts"\nimport "../two/facts.ts"\nimport "../json.ts"\n`,
      "packages/ai/src/wires/two-chat/types.ts": "export {}\n",
      "packages/ai/src/wires/two-chat/server.ts": `import "./respond-items.ts"\nimport "../two/accept-fields.ts"\n`,
      "packages/ai/src/wires/two-chat/respond-items.ts": `import "./types.ts"\n`,
      "packages/ai/src/wires/two/facts.ts": `import "../json.ts"\n`,
      "packages/ai/src/wires/two/accept-fields.ts": `import "../sign.ts"\n`,
      "packages/ai/src/wires/json.ts": "export {}\n",
      "packages/ai/src/wires/sign.ts": "export {}\n",
    }
    expect(check({ ...wire, ...files })).toEqual([])
  })

  test("a list of Node-only files names no file that is gone", () => {
    expect(check({}, { nodeOnly: ["packages/ai/src/transport/gone.ts"] }).join()).toMatch(/gone\.ts: .*NODE_ONLY/)
  })

  test("types leave no trace", () => {
    expect(check({ ...wire, "packages/ai/src/index.ts": `export type { T } from "./wires/one/types.ts"\n` })).toEqual(
      [],
    )
  })
})

describe("length of files", () => {
  const lines = (count: number) => "export {}\n".repeat(1) + "\n".repeat(count - 1)
  const file = "packages/ai/src/long.ts"

  test("up to 600 lines are in order, one more is not", () => {
    expect(check({ [file]: lines(600) })).toEqual([])
    expect(check({ [file]: lines(601) }).join()).toMatch(/has 601 lines/)
  })

  test("generated files may be longer", () => {
    expect(check({ [file]: `// Generated by a script.\n${lines(700)}` })).toEqual([])
    expect(check({ "packages/ai/src/generated/long.ts": lines(700) })).toEqual([])
  })

  test("the list of long files may only shrink", () => {
    const longFiles = { [file]: 700 }
    expect(check({ [file]: lines(700) }, { longFiles })).toEqual([])
    expect(check({ [file]: lines(701) }, { longFiles }).join()).toMatch(/grew from 700 to 701/)
    expect(check({ [file]: lines(650) }, { longFiles }).join()).toMatch(/shrank to 650/)
    expect(check({ [file]: lines(10) }, { longFiles }).join()).toMatch(/no longer too long/)
    expect(check({}, { longFiles }).join()).toMatch(/is gone/)
  })
})
