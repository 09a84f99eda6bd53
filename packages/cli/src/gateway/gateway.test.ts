import { PassThrough } from "node:stream"
import { describe, expect, test } from "vitest"
import { testIo } from "../../../../tests/support/command-io.ts"
import type { Probe } from "../settings/local-servers.ts"
import { styleOf } from "../terminal/style.ts"
import { listedModels } from "./listed-models.ts"
import { createLogger, forPeople } from "./log.ts"
import { untilStopped } from "./stopping.ts"

describe("the log", () => {
  const plain = styleOf(new PassThrough(), {})

  test("is one JSON object a line for programs, without a stack of levels below the chosen one", () => {
    const io = testIo()
    const logger = createLogger(io, "warn")
    logger.info({ request: "req_1" }, "request")
    logger.warn({ request: "req_2" }, "slow")
    expect(JSON.parse(io.err())).toMatchObject({ request: "req_2", msg: "slow" })
  })

  test("is a line for each request for people", () => {
    const row = {
      level: 30,
      time: 0,
      msg: "request",
      status: 429,
      wire: "w",
      model: "m\u001b[2J",
      ms: 1500,
      error: "rate_limited",
      request: "req_1",
    }
    expect(forPeople(JSON.stringify(row), plain).slice(10)).toBe("429  m[2J  w  1.5 s  rate_limited  req_1")
    const other = { level: 50, time: 0, msg: "it broke", err: { message: "disk full" } }
    expect(forPeople(JSON.stringify(other), plain).slice(10)).toBe("it broke  disk full")
    const io = testIo({ tty: true, env: { NO_COLOR: "1" } })
    createLogger(io, "info").info({ status: 200, model: "m" }, "request")
    expect(io.err()).toMatch(/^\d\d:\d\d:\d\d {2}200 {2}m\n$/)
  })
})

describe("listed models", () => {
  test("are the gateway's own names, those of providers with a key, local ones and the demo model", async () => {
    const env: Record<string, string> = { DEEPSEEK_API_KEY: "k" }
    const probe: Probe = async ({ id }) => (id === "ollama" ? ["qwen3:8b"] : [])
    const list = await listedModels((name) => env[name], { fast: ["groq/x", "mock/demo"] }, { probe })()
    const ids = list.map((one) => one.id)
    expect(ids).toEqual(expect.arrayContaining(["fast", "mock/demo", "ollama/qwen3:8b"]))
    expect(list.find((one) => one.id === "fast")?.provider).toBe("groq")
    expect(ids.some((id) => id.startsWith("deepseek/"))).toBe(true)
    expect(ids.some((id) => id.startsWith("openai/"))).toBe(false)
  })

  test("are not looked for again within seconds", async () => {
    let time = 0
    let asked = 0
    const probe: Probe = async ({ id }) => {
      if (id === "ollama") asked++
      return []
    }
    const list = listedModels(() => undefined, {}, { probe, now: () => time })
    await Promise.all([list(), list()])
    expect(asked).toBe(1)
    time = 60_000
    await list()
    expect(asked).toBe(2)
  })
})

test("the first signal stops, the second ends at once", async () => {
  const io = testIo()
  const stopped = untilStopped(io)
  io.signal("SIGTERM")
  expect(await stopped).toBe("SIGTERM")
  expect(io.exits).toEqual([])
  io.signal("SIGINT")
  expect(io.exits).toEqual([130])
})
