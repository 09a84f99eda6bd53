/**
 * JSON Schemas of the requests of vendors' SDKs, made out of the SDKs' own types. Nothing of this is committed: the
 * schemas are the vendors' words, and are kept in a cache below `node_modules` by the versions that they were made of.
 */
import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { isProgram } from "./run.ts"

const ROOT = new URL("../", import.meta.url)
const TYPES = new URL("tests/validators/sdk-requests.ts", ROOT)
const CACHE = new URL("node_modules/.cache/request-schemas/", ROOT)
const PACKAGES = ["@anthropic-ai/sdk", "@google/genai", "openai", "ts-json-schema-generator"] as const

/** The requests, as `tests/validators/sdk-requests.ts` names their types. */
export const REQUESTS = ["Chat", "Responses", "Messages", "BetaMessages", "Generate"] as const

/** A request's name. */
export type RequestName = (typeof REQUESTS)[number]

/** The schemas by the name of their request. They are draft 7, with everything they refer to below `definitions`. */
export type RequestSchemas = Readonly<Record<RequestName, Record<string, unknown>>>

/** The schemas, out of the cache or made anew, which takes some ten seconds. */
export async function requestSchemas(): Promise<RequestSchemas> {
  const file = new URL(`${versionKey()}.json`, CACHE)
  const kept = read(file)
  if (kept !== undefined) return JSON.parse(kept) as RequestSchemas
  const schemas = await make()
  mkdirSync(CACHE, { recursive: true })
  // Several tests may make them at once: a name appears with its whole content only.
  const half = new URL(`${process.pid}.tmp`, CACHE)
  writeFileSync(half, JSON.stringify(schemas))
  renameSync(half, file)
  return schemas
}

function versionKey(): string {
  const versions = PACKAGES.map((name) => read(new URL(`node_modules/${name}/package.json`, ROOT)) ?? "")
  return createHash("sha256")
    .update([read(TYPES), ...versions].join("\n"))
    .digest("hex")
    .slice(0, 32)
}

function read(file: URL): string | undefined {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

async function make(): Promise<RequestSchemas> {
  const { createGenerator } = await import("ts-json-schema-generator")
  mkdirSync(CACHE, { recursive: true })
  // The generator brings a TypeScript of its own, which does not know all settings of ours.
  const config = new URL("tsconfig.json", CACHE)
  const compilerOptions = {
    strict: true,
    target: "es2022",
    module: "nodenext",
    moduleResolution: "nodenext",
    lib: ["es2023", "dom"],
    skipLibCheck: true,
    types: [],
  }
  writeFileSync(config, JSON.stringify({ compilerOptions, files: [fileURLToPath(TYPES)] }))
  const generator = createGenerator({
    path: fileURLToPath(TYPES),
    tsconfig: fileURLToPath(config),
    type: "*",
    skipTypeCheck: true,
    additionalProperties: false,
    jsDoc: "none",
  })
  return Object.fromEntries(REQUESTS.map((name) => [name, generator.createSchema(name)])) as unknown as RequestSchemas
}

if (isProgram(import.meta.url)) {
  const schemas = await requestSchemas()
  for (const [name, schema] of Object.entries(schemas)) {
    console.log(`${name}: ${Object.keys(schema["definitions"] as object).length} definitions`)
  }
}
