import { describe, expect, test } from "vitest"
import { codecOf } from "@sluice/catalog/core"
import { autoWires, complete, createSluice, environmentKeys } from "./auto.ts"
import type { AssistantMessage, Context } from "./model/message.ts"
import { fetchTransport } from "./transport/fetch.ts"

const hello: Context = { messages: [{ role: "user", content: "Hello" }] }
const env =
  (values: Record<string, string>) =>
  (name: string): string | undefined =>
    values[name]

describe("wires", () => {
  test.each(Object.keys(autoWires).filter((api) => api !== "mock"))(
    "%s is loaded under the name of its codec",
    async (api) => {
      const entry = await autoWires[api]?.()
      expect(entry && "wire" in entry && entry.wire.api).toBe(codecOf(api))
    },
  )

  test("the demo model answers by its name", async () => {
    const message = await complete("mock/demo", hello)
    expect(message).toMatchObject({ provider: "mock", model: "demo", stopReason: "stop" })
  })

  test("the demo model's tool calls have ids that no other call has", async () => {
    const context: Context = { ...hello, tools: [{ name: "weather", parameters: { type: "object" } }] }
    const options = { toolChoice: { name: "weather" } } as const
    const ids = (message: AssistantMessage): string[] =>
      message.content.flatMap((block) => (block.type === "toolCall" ? [block.id] : []))
    const [first, second] = [
      await complete("mock/demo", context, options),
      await complete("mock/demo", context, options),
    ]
    expect(ids(first)).toHaveLength(1)
    expect(ids(first)).not.toEqual(ids(second))
  })

  test("another scripted model is not found", async () => {
    const { error } = await complete("mock/other", hello)
    expect(error).toMatchObject({ code: "model_not_found", hint: expect.stringContaining("mock/demo") as string })
  })
})

describe("keys", () => {
  const kindOf = async (provider: string, values: Record<string, string> = {}): Promise<unknown> => {
    const lease = await environmentKeys(env(values)).acquire({ provider })
    return [lease.credential.kind, lease.credential.origin]
  }

  test("come from the first of a provider's variables that is set", async () => {
    expect(await kindOf("moonshot", { MOONSHOT_API_KEY: " ", KIMI_API_KEY: "k" })).toEqual(["key", "KIMI_API_KEY"])
  })

  test("are read as they are pasted: the first of several, without quotes and Bearer", async () => {
    const secretOf = async (value: string): Promise<unknown> => {
      const { credential } = await environmentKeys(env({ OPENAI_API_KEY: value })).acquire({ provider: "openai" })
      return "secret" in credential && credential.secret
    }
    expect(await secretOf("sk-a,sk-b")).toBe("sk-a")
    expect(await secretOf(` 'Bearer sk-a' , sk-b`)).toBe("sk-a")
    await expect(secretOf("sk a")).rejects.toMatchObject({ code: "config" })
    await expect(secretOf(" , ")).rejects.toMatchObject({ code: "auth_missing" })
  })

  test("that are missing are named", async () => {
    const moved = { ANTHROPIC_BASE_URL: "https://proxy.example.com" }
    await expect(kindOf("anthropic", moved)).rejects.toMatchObject({
      code: "auth_missing",
      hint: expect.stringContaining("ANTHROPIC_API_KEY") as string,
    })
  })
})

describe("createSluice", () => {
  test("reads keys and addresses from the environment it is given", async () => {
    const sluice = createSluice({ env: env({ OPENAI_BASE_URL: "http://127.0.0.1:9/v1" }) })
    expect((await sluice.route("openai/gpt-5.5")).model.baseUrl).toBe("http://127.0.0.1:9/v1")
    const { error } = await createSluice({ env: env({}) }).complete("openai/gpt-5.5", hello)
    expect(error?.code).toBe("auth_missing")
  })

  test("calls Google's hosts in the place that the environment names", async () => {
    const asked: { url: string; key: string | null }[] = []
    const sluice = createSluice({
      env: env({ GEMINI_API_KEY: "g", GOOGLE_CLOUD_API_KEY: "v", GOOGLE_VERTEX_LOCATION: "eu" }),
      transport: fetchTransport({
        fetch: async (url, init) => {
          asked.push({ url: String(url), key: new Headers(init.headers).get("x-goog-api-key") })
          return new Response('{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}', { status: 400 })
        },
      }),
    })
    const names = ["google/gemini-2.5-flash", "google-vertex/gemini-2.5-flash", "google-vertex/claude-sonnet-4-5"]
    for (const name of names) expect((await sluice.complete(name, hello)).error?.code).toBe("invalid_request")
    const eu = "https://aiplatform.eu.rep.googleapis.com/v1/publishers"
    expect(asked).toEqual([
      {
        url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        key: "g",
      },
      { url: `${eu}/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse`, key: "v" },
      { url: `${eu}/anthropic/models/claude-sonnet-4-5:streamRawPredict`, key: "v" },
    ])
  })

  test("takes further wires beside its own", async () => {
    const sluice = createSluice({ wires: { mine: () => Promise.reject(new Error("mine")) } })
    const model = { id: "x", provider: "p", api: "mine", baseUrl: "", input: [], output: [], compat: {} }
    await expect(sluice.route(model)).rejects.toThrow("mine")
    expect((await sluice.complete("mock/demo", hello)).stopReason).toBe("stop")
  })
})
