import { describe, expect, test } from "vitest"
import { describeModel, resolveModel, type Model } from "@sluice/catalog"
import { anthropicEndpoint, handoff, type Call } from "@sluice/ai"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { resolveTimeouts } from "../../packages/ai/src/attempt/watchdog.ts"

const env = (values: Record<string, string>) => (name: string) => values[name]
const limits = (model: Model): { firstEventMs: number; idleMs: number } =>
  resolveTimeouts(undefined, model.compat.timeouts)

describe("rows that the catalog answers", () => {
  test("WO-11 dotted and dashed versions are the same model: thinking.display is asked for on both", () => {
    for (const id of ["claude-opus-4.7", "claude-opus-4-7"])
      expect(describeModel("anthropic", id).thinking).toMatchObject({ mode: "adaptive", display: true })
    expect(describeModel("anthropic", "claude-opus-4-6").thinking?.display).toBeFalsy()
  })

  test("WO-12 a date behind a version is not a minor version", () => {
    expect(describeModel("anthropic", "claude-opus-4-20250514").thinking?.mode).toBe("budget")
    expect(describeModel("anthropic", "claude-opus-4-7-20260101").thinking?.mode).toBe("adaptive")
  })

  test("WO-51 ANTHROPIC_BASE_URL moves the provider", async () => {
    const model = await resolveModel("anthropic/claude-sonnet-4-6", {
      env: env({ ANTHROPIC_BASE_URL: "http://proxy.example/v1/" }),
    })
    expect(model.baseUrl.replace(/\/v1$/, "")).toBe("http://proxy.example")
  })

  test("WO-52 ANTHROPIC_CUSTOM_HEADERS go to a proxy and never to the vendor", async () => {
    const variables = { ANTHROPIC_CUSTOM_HEADERS: "X-Team: blue\nnonsense, x-cost : 7" }
    const proxied = await resolveModel("anthropic/claude-sonnet-4-6", {
      env: env({ ...variables, ANTHROPIC_BASE_URL: "http://proxy.example" }),
    })
    expect(proxied.headers).toEqual({ "x-team": "blue", "x-cost": "7" })
    const call = { model: proxied, options: {} } as Call
    const sent = anthropicEndpoint.dress({ path: "/v1/messages", headers: {}, body: {}, losses: [] }, call, {
      id: "k",
      kind: "key",
      secret: "s",
    })
    expect(sent.headers).toMatchObject({ "x-team": "blue" })
    for (const more of [{}, { ANTHROPIC_BASE_URL: "https://api.anthropic.com" }]) {
      expect(
        (await resolveModel("anthropic/claude-sonnet-4-6", { env: env({ ...variables, ...more }) })).headers,
      ).toBeUndefined()
    }
    expect(
      (await resolveModel("openai/gpt-5.5", { env: env({ ...variables, OPENAI_BASE_URL: "http://proxy.example" }) }))
        .headers,
    ).toBeUndefined()
  })

  test("OF-55 GLM's coding models may think for ten minutes between two events", () => {
    expect(limits(describeModel("zai", "glm-5.1")).idleMs).toBeGreaterThanOrEqual(600_000)
  })

  test("OF-56 DeepSeek's own API may be silent for five minutes at first", () => {
    expect(limits(describeModel("deepseek", "deepseek-v4-pro")).firstEventMs).toBeGreaterThanOrEqual(300_000)
  })

  test("OF-57 a local server may take any time to read a long prompt", async () => {
    expect(limits(await resolveModel("llama.cpp/some-model")).firstEventMs).toBe(0)
    expect(limits(await resolveModel("m", { baseUrl: "http://192.168.1.5:8000/v1" })).firstEventMs).toBe(0)
  })

  test("OF-62 the cap of Kimi on Fireworks is the one that the host published", () => {
    expect(describeModel("fireworks", "kimi-k2.6").maxTokens).toBe(32_000)
  })

  test("OF-88 images are left out for hosts that fail on them, whatever the model's entry lists", () => {
    const model: Model = { ...describeModel("openai", "gpt-5.5"), assumed: ["input"], compat: { textOnly: true } }
    const { context } = handoff(
      { messages: [{ role: "user", content: [{ type: "image", source: { data: "aaaa", mimeType: "image/png" } }] }] },
      model,
      openaiCompletions.traits,
    )
    expect(context.messages[0]).toMatchObject({ content: [{ type: "text" }] })
  })

  test("OF-98 MOONSHOT_BASE_URL moves the provider, for keys of the Chinese host", async () => {
    const model = await resolveModel("moonshot/kimi-k2.6", {
      env: env({ MOONSHOT_BASE_URL: "https://api.moonshot.cn/v1" }),
    })
    expect(model.baseUrl).toBe("https://api.moonshot.cn/v1")
  })
})
