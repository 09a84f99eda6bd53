import { createSluice } from "@sluice/ai/auto"
import { estimateTokens, keySource, type Context, type SluiceError } from "@sluice/ai"
import type { LoopbackServer } from "@sluice/testkit/emulators"
import { afterAll, describe, expect, test } from "vitest"
import { OUTBOUND } from "../matrix/outbound.ts"
import { startGateway } from "../support/gateway.ts"

const context: Context = {
  systemPrompt: "You are brief.",
  messages: [{ role: "user", content: "How long is this, in the words that you count?" }],
  tools: [
    { name: "look", description: "Looks.", parameters: { type: "object", properties: { at: { type: "string" } } } },
  ],
}

const hosts: LoopbackServer[] = []
afterAll(async () => void (await Promise.all(hosts.map((host) => host.close()))))

const COUNTS = new Set([
  "openai-responses",
  "anthropic-messages",
  "google-generative-ai",
  "google-vertex",
  "bedrock-converse-stream",
  "bedrock-anthropic-messages",
])

describe.each(OUTBOUND.map((one) => ({ ...one, counts: COUNTS.has(one.api) })))("tokens over $api", (outbound) => {
  test(outbound.counts ? "are the host's own count" : "are an estimate, and the host is not asked", async () => {
    const { host, model, secret } = await outbound.start(() => ({ text: "never" }))
    hosts.push(host)
    const sluice = createSluice({ env: () => undefined, credentials: keySource(secret) })
    const count = await sluice.countTokens(model, context, { maxTokens: 10, temperature: 0 })
    expect(count.provenance).toBe(outbound.counts ? "reported" : "estimated")
    expect(count.inputTokens).toBeGreaterThan(5)
    expect(host.requests).toHaveLength(outbound.counts ? 1 : 0)
    if (!outbound.counts) expect(count.inputTokens).toBe(estimateTokens(context, model.api))
  })
})

describe("a host that counts", () => {
  const anthropic = OUTBOUND.find(({ api }) => api === "anthropic-messages")

  test("and refuses the key is an error; one that does not know how after all is stood in for", async () => {
    const { host, model } = (await anthropic?.start(() => ({ text: "x" }))) ?? {}
    if (!host || !model) throw new Error("no host")
    hosts.push(host)
    const sluice = createSluice({ env: () => undefined, credentials: keySource("host-key") })
    const elsewhere = { ...model, baseUrl: `${host.url}/nowhere` }
    expect((await sluice.countTokens(elsewhere, context)).provenance).toBe("estimated")
    const aborted = new AbortController()
    aborted.abort()
    const failed = sluice.countTokens(model, context, { signal: aborted.signal })
    await expect(failed).rejects.toMatchObject({ code: "aborted" } satisfies Partial<SluiceError>)
  })

  test("is asked by the gateway for clients of any wire", async () => {
    const { host, model, secret } = (await anthropic?.start(() => ({ text: "x" }))) ?? {}
    if (!host || !model || !secret) throw new Error("no host")
    hosts.push(host)
    const gateway = await startGateway(
      { claude: { api: model.api, url: host.url, model: { ...model, baseUrl: host.url } } },
      { credentials: keySource(secret) },
    )
    await using _gateway = gateway
    const ask = { model: "claude/x", messages: [{ role: "user", content: "How long?" }] }
    const messages = await gateway.post("/v1/messages/count_tokens", ask)
    const document = (await messages.json()) as Record<string, unknown>
    expect(document["input_tokens"]).toBeGreaterThan(0)
    expect(document).not.toHaveProperty("estimated")
    expect(messages.headers.get("x-sluice-estimate")).toBeNull()
    const responses = await gateway.post("/v1/responses/input_tokens", { model: "claude/x", input: "How long?" })
    const other = (await responses.json()) as Record<string, unknown>
    expect(other["input_tokens"]).toBeGreaterThan(0)
    expect(other).not.toHaveProperty("estimated")
    const gemini = await gateway.post("/v1beta/models/claude/x:countTokens", {
      contents: [{ role: "user", parts: [{ text: "How long?" }] }],
    })
    expect(await gemini.json()).toMatchObject({ totalTokens: other["input_tokens"] })
    expect(host.requests.map(({ path }) => path)).toEqual(Array(3).fill("/v1/messages/count_tokens"))
  })
})
