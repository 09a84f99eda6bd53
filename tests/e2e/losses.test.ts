import { createSluice } from "@sluice/ai/auto"
import { keySource, type Context } from "@sluice/ai"
import { anthropicMessagesEmulator, openaiChatEmulator } from "@sluice/testkit/emulators"
import { resolveModel } from "@sluice/catalog"
import { expect, test } from "vitest"
import { latest, startGateway } from "../support/gateway.ts"

const context: Context = { messages: [{ role: "user", content: "hi" }] }

test("what a target cannot honour stands on the message, and ends the call where nothing may be changed", async () => {
  await using chat = await openaiChatEmulator({ script: () => ({ text: "Hello." }) })
  await using messages = await anthropicMessagesEmulator({ script: () => ({ text: "Hello." }) })
  const sluice = createSluice({ env: () => undefined, credentials: keySource("host-key") })
  const gpt = { ...(await resolveModel("openai/gpt-4.1", { api: "openai-completions" })), baseUrl: `${chat.url}/v1` }
  const claude = { ...(await resolveModel("anthropic/claude-sonnet-4-5")), baseUrl: messages.url }
  const options = { topK: 5 }

  const told = await sluice.complete(gpt, context, options)
  expect(told.losses).toEqual([{ field: "options.topK", kind: "dropped", reason: expect.any(String) }])
  expect(chat.requests).toHaveLength(1)

  const refused = await sluice.complete(gpt, context, { ...options, strict: true })
  expect(refused.error).toMatchObject({ code: "unsupported", param: "options.topK", model: gpt.id, retryable: false })
  expect(refused.error?.message).toMatch(/openai\/gpt-4.1 cannot take the call as it is: options.topK would be dropped/)
  expect(chat.requests).toHaveLength(1)

  // Another model may take it as it is.
  const other = await sluice.complete(gpt, context, { ...options, strict: true, fallbacks: [claude] })
  expect(other).toMatchObject({ model: claude.id, stopReason: "stop", attempts: [{ action: "rerouted" }] })
  expect(messages.requests[0]?.json).toMatchObject({ top_k: 5 })
})

test("fields for hosts of another wire are lost, and the next route may know them", async () => {
  await using chat = await openaiChatEmulator({ script: () => ({ text: "Hello." }) })
  await using messages = await anthropicMessagesEmulator({ script: () => ({ text: "Hello." }) })
  const sluice = createSluice({ env: () => undefined, credentials: keySource("host-key") })
  const gpt = { ...(await resolveModel("openai/gpt-4.1", { api: "openai-completions" })), baseUrl: `${chat.url}/v1` }
  const claude = { ...(await resolveModel("anthropic/claude-sonnet-4-5")), baseUrl: messages.url }
  const wire = { "openai-completions": { logit_bias: { 50256: -100 } } }
  const field = "options.wire.openai-completions.logit_bias.50256"

  const told = await sluice.complete(claude, context, { wire })
  expect(told.losses).toEqual([{ field, kind: "dropped", reason: expect.any(String) }])
  const other = await sluice.complete(claude, context, { wire, strict: true, fallbacks: [gpt] })
  expect(other).toMatchObject({ model: gpt.id, attempts: [{ error: { param: field } }] })
  expect(chat.requests[0]?.json).toMatchObject({ logit_bias: { 50256: -100 } })
  expect(messages.requests).toHaveLength(1)
})

test("a call that loses nothing is the same with `strict`", async () => {
  await using chat = await openaiChatEmulator({ script: () => ({ text: "Hello." }) })
  const gpt = { ...(await resolveModel("openai/gpt-4.1", { api: "openai-completions" })), baseUrl: `${chat.url}/v1` }
  const sluice = createSluice({ env: () => undefined, credentials: keySource("host-key") })
  for (const strict of [false, true]) await sluice.complete(gpt, context, { temperature: 0.5, strict })
  const [plain, strict] = chat.requests.map(({ json }) => json)
  expect(strict).toEqual(plain)
})

test("the gateway tells a client what was lost, in a header and in its log, or refuses where the client asks it to", async () => {
  await using messages = await anthropicMessagesEmulator({ script: () => ({ text: "Hello." }) })
  const model = await resolveModel("anthropic/claude-sonnet-4-5")
  await using gateway = await startGateway({
    claude: { api: "anthropic-messages", url: messages.url, model: { ...model, baseUrl: messages.url } },
  })
  const ask = {
    model: "claude/x",
    messages: [{ role: "user", content: "hi" }],
    logit_bias: { "50256": -100 },
    "ünïcode, field": 1,
    frequency_penalty: 0.5,
  }
  for (const stream of [false, true]) {
    const response = await gateway.post("/v1/chat/completions", { ...ask, stream })
    expect(response.status).toBe(200)
    await response.text()
    const losses = response.headers.get("x-sluice-losses") ?? ""
    expect(losses.split(", ")).toContain("dropped options.frequencyPenalty")
    expect(losses).toMatch(/^[\x20-\x7e]+$/)
  }
  const [row] = await latest(gateway, 1)
  expect(row?.losses.map(({ field }) => field)).toContain("options.frequencyPenalty")

  const before = messages.requests.length
  const strict = await gateway.post("/v1/chat/completions", ask, { headers: { "x-sluice-strict": "true" } })
  expect(strict.status).toBe(400)
  expect(await strict.json()).toMatchObject({ error: { message: expect.stringContaining("would be dropped") } })
  expect(messages.requests).toHaveLength(before)
  const plain = { model: "claude/x", messages: ask.messages }
  const fine = await gateway.post("/v1/chat/completions", plain, { headers: { "x-sluice-strict": "true" } })
  expect([fine.status, fine.headers.get("x-sluice-losses")]).toEqual([200, null])
})

test("what only the client's own API has is a loss at another one, told and refused like any other", async () => {
  await using messages = await anthropicMessagesEmulator({ script: () => ({ text: "Hello." }) })
  await using gateway = await startGateway({ claude: { api: "anthropic-messages", url: messages.url } })
  const body = { contents: [{ parts: [{ text: "hi" }] }], safetySettings: [] }
  for (const method of ["generateContent", "streamGenerateContent"]) {
    const response = await gateway.post(`/v1beta/models/claude/x:${method}`, body)
    await response.text()
    expect(response.headers.get("x-sluice-losses")?.split(", ")).toContain(
      "dropped options.wire.google-generative-ai.safetySettings",
    )
  }
  const before = messages.requests.length
  const strict = await gateway.post("/v1beta/models/claude/x:generateContent", body, {
    headers: { "x-sluice-strict": "1" },
  })
  expect(strict.status).toBe(400)
  expect(await strict.json()).toMatchObject({
    error: {
      message: expect.stringMatching(
        /claude\/x cannot take the call as it is: options\.wire\.google-generative-ai\.safetySettings/,
      ),
    },
  })
  expect(messages.requests).toHaveLength(before)
})
