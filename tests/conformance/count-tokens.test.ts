import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { describe, expect, test } from "vitest"
import { CORPUS } from "./harness.ts"

const root = join(CORPUS, "fixtures/count-tokens")
const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"))

describe.each(["gemini", "vertex"])("counts of tokens, %s", (host) => {
  const folder = join(root, host)
  if (!existsSync(folder)) {
    test.skip(`no recordings at ${folder}: set SLUICE_CORPUS to the folder that holds them`, () => {})
    return
  }
  const names = readdirSync(folder).filter((name) => name.endsWith(".meta.json"))
  test.each(names)("%s", (name) => {
    const stem = join(folder, name.slice(0, -".meta.json".length))
    const body = readJson(`${stem}.json`)
    const { totalTokens } = body as { totalTokens: number }
    expect(totalTokens).toBeGreaterThan(0)
    expect(googleGenerativeAi.operations?.countTokens?.decode(body)).toEqual({
      inputTokens: totalTokens,
      provenance: "reported",
    })
  })
})
