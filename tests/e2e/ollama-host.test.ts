import type { Context } from "@sluice/ai"
import { createSluice, type Sluice } from "@sluice/ai/auto"
import { resolveModel } from "@sluice/catalog"
import { ollamaEmulator, type LoopbackServer, type OllamaEmulatorOptions } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { runCommand } from "../../packages/cli/src/program.ts"
import { testIo } from "../support/command-io.ts"

const USER: Context = { messages: [{ role: "user", content: "hi" }] }

async function host(
  options: OllamaEmulatorOptions = {},
): Promise<{ server: LoopbackServer; sluice: Sluice; env: Record<string, string> }> {
  const server = await ollamaEmulator(options)
  onTestFinished(() => server.close())
  const env: Record<string, string> = {
    OLLAMA_HOST: server.url.replace("http://", ""),
    OLLAMA_CLOUD_BASE_URL: `${server.url}/api`,
    OLLAMA_CLOUD_API_KEY: "cloud-key",
  }
  return { server, env, sluice: createSluice({ env: (name) => env[name] }) }
}

describe("a server of one's own", () => {
  test("is asked at the address of its environment, without a key, with the window that is wanted", async () => {
    const { server, sluice, env } = await host({ script: [{ thinking: "hm", text: "Hello" }] })
    const model = await resolveModel("ollama/qwen3:8b", {
      api: "ollama-chat",
      env: (name) => env[name],
      overrides: { compat: { ollama: { contextWindow: 16_384, keepAlive: "30m" } } },
    })
    const message = await sluice.complete(model, USER, { reasoning: "high" })
    expect(message).toMatchObject({
      api: "ollama-chat",
      stopReason: "stop",
      content: [
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "Hello" },
      ],
      usage: { provenance: "reported" },
    })
    expect(server.requests).toHaveLength(1)
    expect(server.requests[0]).toMatchObject({ method: "POST", path: "/api/chat" })
    expect(server.requests[0]?.headers["authorization"]).toBeUndefined()
    expect(server.requests[0]?.json).toMatchObject({
      model: "qwen3:8b",
      think: true,
      options: { num_ctx: 16_384 },
      keep_alive: "30m",
    })
  })

  test("may take its time to load a model, which a limit of the caller's still ends", async () => {
    const { sluice, env } = await host({ loadMs: 300, script: () => ({ text: "Awake." }) })
    const model = await resolveModel("ollama/m", { api: "ollama-chat", env: (name) => env[name] })
    expect((await sluice.complete(model, USER)).content).toMatchObject([{ text: "Awake." }])
    const hurried = { timeouts: { firstEventMs: 50 }, retry: { maxAttempts: 1 } }
    expect((await sluice.complete({ ...model, id: "other" }, USER, hurried)).error?.code).toBe("timeout")
  })

  test("without the model says so", async () => {
    const { sluice, env } = await host({ models: [{ name: "there:latest" }] })
    const model = await resolveModel("ollama/away", { api: "ollama-chat", env: (name) => env[name] })
    expect((await sluice.complete(model, USER)).error).toMatchObject({ code: "model_not_found", status: 404 })
  })

  test("whose model cannot be told how hard to think is asked again without the level, and remembered", async () => {
    const { server, sluice, env } = await host({ thinkLevels: false, script: () => ({ text: "ok" }) })
    const model = await resolveModel("ollama/some-model", { api: "ollama-chat", env: (name) => env[name] })
    const message = await sluice.complete(model, USER, { reasoning: "high" })
    expect(message).toMatchObject({
      stopReason: "stop",
      attempts: [{ action: "adapted", change: "thinking without a level" }],
    })
    await sluice.complete(model, USER, { reasoning: "high" })
    expect(server.requests.map(({ json }) => (json as { think: unknown }).think)).toEqual(["high", true, true])
  })

  test("is called by the command through either of its surfaces", async () => {
    const { server, env } = await host({ script: [{ text: "Yes." }] })
    const io = testIo({ env })
    expect(
      await runCommand(io, ["chat", "--api", "ollama-chat", "-m", "ollama/qwen3:8b", "--max-tokens", "9", "ok?"]),
    ).toBe(0)
    expect(io.out()).toBe("Yes.\n")
    expect(server.requests.at(-1)).toMatchObject({ path: "/api/chat", json: { options: { num_predict: 9 } } })
  })
})

describe("the cloud", () => {
  test("is asked with its key, for what it takes", async () => {
    const { server, sluice } = await host({ apiKey: "cloud-key", script: [{ text: "From afar." }] })
    const message = await sluice.complete("ollama-cloud/gpt-oss:120b", USER, { maxTokens: 100_000, reasoning: "low" })
    expect(message).toMatchObject({ provider: "ollama-cloud", content: [{ text: "From afar." }] })
    expect(message.losses).toMatchObject([{ field: "options.maxTokens" }])
    expect(server.requests[0]?.headers["authorization"]).toBe("Bearer cloud-key")
    expect(server.requests[0]?.json).toMatchObject({
      model: "gpt-oss:120b",
      think: "low",
      options: { num_predict: 65_536 },
    })
  })

  test("refuses a wrong key once", async () => {
    const { server, sluice } = await host({ apiKey: "another" })
    expect((await sluice.complete("ollama-cloud", USER)).error?.code).toBe("auth_invalid")
    expect(server.requests).toHaveLength(1)
  })

  test("lists its models with their windows and abilities", async () => {
    const models = [
      { name: "gpt-oss:120b", contextLength: 131_072, capabilities: ["completion" as const, "tools" as const] },
      { name: "seer:7b", contextLength: 8192, capabilities: ["completion" as const, "vision" as const] },
    ]
    const { env, server } = await host({ apiKey: "cloud-key", models })
    const io = testIo({ env: { ...env, OLLAMA_CLOUD_BASE_URL: server.url } })
    expect(await runCommand(io, ["models", "ollama-cloud", "--live", "--json"])).toBe(0)
    expect(JSON.parse(io.out())).toMatchObject([
      { id: "gpt-oss:120b", contextWindow: 131_072, input: ["text"] },
      { id: "seer:7b", contextWindow: 8192, input: ["text", "image"] },
    ])
  })
})
