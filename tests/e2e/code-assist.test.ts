import type { Context } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import { codeAssist } from "../support/code-assist.ts"

const TOOL = {
  name: "look",
  description: "Looks.",
  parameters: { type: "object", properties: { at: { type: "string" } } },
}

describe("the Code Assist of the Gemini CLI", () => {
  test("is asked with a token and within an envelope, under our own name", async () => {
    const { ask, hosts } = await codeAssist({ hosts: [{ script: [{ text: "Hi.", usage: { prompt: 7, output: 2 } }] }] })
    const message = await ask(
      { systemPrompt: "Be brief.", messages: [{ role: "user", content: "hello" }] },
      { sessionId: "s1" },
    )
    expect(message).toMatchObject({
      stopReason: "stop",
      api: "google-gemini-cli",
      provider: "google-gemini-cli",
      content: [{ type: "text", text: "Hi." }],
      usage: { input: 7, output: 2 },
    })
    const [host] = hosts
    const request = host?.requests.at(-1)
    expect(request?.path).toBe("/v1internal:streamGenerateContent?alt=sse")
    expect(request?.headers["authorization"]).toBe("Bearer ya29.login")
    expect(request?.headers["user-agent"]).toMatch(/^sluice\//)
    expect(Object.keys(request?.headers ?? {}).join()).not.toMatch(/client-metadata|goog-api/)
    expect(request?.json).toEqual({
      project: "emulated-project",
      model: "gemini-2.5-pro",
      request: {
        contents: [{ role: "user", parts: [{ text: "hello" }] }],
        systemInstruction: { parts: [{ text: "Be brief." }] },
        generationConfig: expect.anything(),
        sessionId: "s1",
      },
    })
    expect(host?.methods).toEqual(["loadCodeAssist", "streamGenerateContent"])
  })

  describe("WO-150: a plan in JSON that a quick model prints before its answer", () => {
    const ask = async (texts: readonly object[], asked: { tools?: boolean; json?: boolean } = {}) => {
      const host = await codeAssist({ model: "gemini-3-flash-preview", hosts: [{ script: [...texts] }] })
      const context: Context = { messages: [{ role: "user", content: "look" }] }
      const message = await host.ask(
        asked.tools === false ? context : { ...context, tools: [TOOL] },
        asked.json ? { output: { type: "json" } } : {},
      )
      return { message, asked: host.hosts[0]?.methods.filter((one) => one.startsWith("stream")).length }
    }

    test("is thinking, and no part of the text", async () => {
      const { message } = await ask([{ text: ' {"thought": "I look { around }."}\n\nNothing there.' }])
      expect(message.content).toMatchObject([
        { type: "thinking", thinking: "I look { around }." },
        { type: "text", text: "Nothing there." },
      ])
    })

    test("goes where it is the call that follows in the shape of an object", async () => {
      const text = '{"name":"look","arguments":{"at":"x"}}'
      const { message } = await ask([{ text, toolCalls: [{ name: "look", arguments: { at: "x" } }] }])
      expect(message.content.map(({ type }) => type)).toEqual(["toolCall"])
    })

    test("is no answer: with nothing behind it the model is asked again", async () => {
      const { message, asked } = await ask([{ text: '{"thought":"I look."}' }, { text: "Nothing there." }])
      expect(asked).toBe(2)
      expect(message).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: "Nothing there." }] })
    })

    test.each([
      ["other JSON", '{"city":"Rome"}', {}],
      ["a tool that is not offered", '{"name":"other","arguments":{}}', {}],
      ["JSON behind a text", 'So: {"thought":"x"}', {}],
      ["JSON that is cut off", '{"thought":"x', {}],
      ["an answer without tools", '{"thought":"x"}', { tools: false }],
    ])("%s stays as it is", async (_name, text, asked) => {
      expect((await ask([{ text }], asked)).message.content).toMatchObject([{ type: "text", text }])
    })

    test("JSON that was asked for stays as it is", async () => {
      const { message } = await ask([{ text: '{"thought":"x"}' }], { tools: false, json: true })
      expect(message.content).toMatchObject([{ type: "text", text: '{"thought":"x"}' }])
    })
  })

  test("tools, their signatures and thinking go back and forth", async () => {
    const { ask, hosts } = await codeAssist({
      model: "gemini-3-flash-preview",
      hosts: [
        { script: [{ thinking: "I look.", toolCalls: [{ name: "look", arguments: { at: "x" } }] }, { text: "Seen." }] },
      ],
    })
    const messages: Context["messages"] = [{ role: "user", content: "look" }]
    const first = await ask({ messages, tools: [TOOL] }, { reasoning: "low" })
    expect(first.error).toBeUndefined()
    const call = first.content.find((block) => block.type === "toolCall")
    expect(first.content[0]).toMatchObject({ type: "thinking", thinking: "I look." })
    const result = {
      role: "toolResult" as const,
      toolCallId: call?.id ?? "",
      toolName: "look",
      content: [{ type: "text" as const, text: "1" }],
    }
    const second = await ask({ messages: [...messages, first, result], tools: [TOOL] }, { reasoning: "low" })
    expect(second.error).toBeUndefined()
    expect(second.content).toMatchObject([{ type: "text", text: "Seen." }])
    expect(JSON.stringify(hosts[0]?.calls[1]?.body["contents"])).toMatch(/"thoughtSignature":"[A-Za-z0-9+/=]{20,}"/)
  })

  test("a project of the environment stands in where the credential names none, and none at all is a fault of the setup", async () => {
    const { sluice } = await codeAssist({ env: { GOOGLE_CLOUD_PROJECT: "emulated-project" } })
    const route = await sluice.route("google-gemini-cli/gemini-2.5-pro")
    const { keySource, stream } = await import("@sluice/ai")
    const credentials = keySource("ya29.bare", "VAR")
    const hello = { messages: [{ role: "user" as const, content: "hi" }] }
    expect((await stream({ ...route, credentials }, hello).result()).error).toBeUndefined()
    const bare = await codeAssist()
    const nowhere = { ...(await bare.sluice.route("google-gemini-cli/gemini-2.5-pro")), credentials }
    expect((await stream(nowhere, hello).result()).error).toMatchObject({
      code: "config",
      hint: expect.stringMatching(/GOOGLE_CLOUD_PROJECT/),
    })
    expect(bare.hosts[0]?.requests).toHaveLength(0)
  })

  test("a caller's headers never take the place of the login", async () => {
    const { ask, hosts } = await codeAssist()
    await ask("hi", { headers: { authorization: "Bearer mine", "x-goog-api-key": "mine", "x-own": "1" } })
    expect(hosts[0]?.requests.at(-1)?.headers).toMatchObject({ authorization: "Bearer ya29.login", "x-own": "1" })
    expect(hosts[0]?.requests.at(-1)?.headers["x-goog-api-key"]).toBeUndefined()
  })

  test("a token that is refused is an error of the login where it cannot be refreshed", async () => {
    const { ask, hosts } = await codeAssist({
      login: '{"token": "ya29.old", "projectId": "emulated-project"}',
      hosts: [{ accessToken: "ya29.new" }],
    })
    expect((await ask("hi")).error).toMatchObject({
      code: "auth_expired",
      message: "The login in VAR has ended.",
    })
    expect(hosts[0]?.requests).toHaveLength(1)
  })

  test("an answer of nothing is asked for twice more, and taken as it is then", async () => {
    const { ask, hosts, waits } = await codeAssist({ hosts: [{ script: () => ({ nothing: true }) }] })
    expect(await ask("hi")).toMatchObject({ content: [], stopReason: "stop" })
    expect(hosts[0]?.calls).toHaveLength(3)
    const [first, second] = waits
    expect(first).toBeGreaterThanOrEqual(750)
    expect(second).toBeGreaterThanOrEqual(1500)
  })

  test("a stream without a single event is asked for again, and its answer taken", async () => {
    const { ask, hosts } = await codeAssist({ hosts: [{ script: [{ noEvents: true }, { text: "There." }] }] })
    expect(await ask("hi")).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: "There." }] })
    expect(hosts[0]?.calls).toHaveLength(2)
  })

  test("a short limit is waited out as long as the service asks", async () => {
    const limit = { status: 429, message: "Please retry in 7s." }
    const { ask, waits } = await codeAssist({ hosts: [{ script: [{ error: limit }, { text: "Now." }] }] })
    expect((await ask("hi")).content).toMatchObject([{ type: "text", text: "Now." }])
    expect(waits).toContain(7000)
  })
})

describe("Antigravity", () => {
  const antigravity = "google-antigravity" as const

  test("its requests say what they are, under our own name, with a number for the session", async () => {
    const { ask, hosts } = await codeAssist({
      provider: antigravity,
      hosts: [{ requires: ["requestType", "requestId"] }],
    })
    const context = { systemPrompt: "Be brief.", messages: [{ role: "user" as const, content: "hi" }] }
    expect((await ask(context, { sessionId: "s1" })).error).toBeUndefined()
    await ask(context, { sessionId: "s1" })
    await ask(context, { sessionId: "s2" })
    const [first, second] = hosts[0]?.wrappers ?? []
    expect(first).toMatchObject({
      requestType: "agent",
      userAgent: "sluice",
      requestId: expect.stringMatching(/^agent-/),
    })
    expect(first?.["requestId"]).not.toBe(second?.["requestId"])
    const bodies = hosts[0]?.calls.map(({ body }) => body) ?? []
    expect(bodies[0]).toMatchObject({ systemInstruction: { role: "user", parts: [{ text: "Be brief." }] } })
    const sessions = bodies.map((body) => String(body["sessionId"]))
    expect(sessions[0]).toMatch(/^-\d{1,19}$/)
    expect(BigInt(sessions[0] as string)).toBeGreaterThan(-(2n ** 63n))
    expect(sessions[1]).toBe(sessions[0])
    expect(sessions[2]).not.toBe(sessions[0])
  })

  test("tools are validated where nothing else is said, and a forced one is asked for in words too", async () => {
    const { ask, hosts } = await codeAssist({ provider: antigravity, hosts: [{ script: () => ({ text: "x" }) }] })
    const context = { messages: [{ role: "user" as const, content: "hi" }], tools: [TOOL] }
    await ask(context)
    await ask(context, { toolChoice: { name: "look" } })
    await ask({ messages: context.messages })
    const [free, forced, without] = hosts[0]?.calls.map(({ body }) => body) ?? []
    expect(free).toMatchObject({ toolConfig: { functionCallingConfig: { mode: "VALIDATED" } } })
    expect(free?.["contents"]).toEqual([{ role: "user", parts: [{ text: "hi" }] }])
    expect(forced).toMatchObject({
      toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["look"] } },
    })
    expect(forced?.["contents"]).toEqual([
      { role: "user", parts: [{ text: "hi" }, { text: "Answer by calling the tool look." }] },
    ])
    expect(without?.["toolConfig"]).toBeUndefined()
  })

  test("Claude is always validated, keeps the ids of calls, and thinks between them", async () => {
    const { ask, hosts } = await codeAssist({
      provider: antigravity,
      model: "claude-sonnet-4-5",
      hosts: [{ script: () => ({ text: "x" }) }],
    })
    const context: Context = {
      tools: [TOOL],
      messages: [
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: [{ type: "toolCall", id: "toolu_1", name: "look", arguments: { at: "x" } }],
        } as never,
        { role: "toolResult", toolCallId: "toolu_1", toolName: "look", content: [{ type: "text", text: "1" }] },
      ],
    }
    const message = await ask(context, { toolChoice: "required", reasoning: "low" })
    expect(message.error).toBeUndefined()
    const body = hosts[0]?.calls[0]?.body
    expect(body).toMatchObject({ toolConfig: { functionCallingConfig: { mode: "VALIDATED" } } })
    expect(body?.["contents"]).toMatchObject([
      { role: "user" },
      { role: "model", parts: [{ functionCall: { id: "toolu_1", name: "look" } }] },
      {
        role: "user",
        parts: [{ functionResponse: { id: "toolu_1" } }, { text: "Answer by calling one of the tools." }],
      },
    ])
    expect(JSON.stringify(body?.["tools"])).toContain('"parameters"')
    expect(hosts[0]?.requests.at(-1)?.headers["anthropic-beta"]).toBe("interleaved-thinking-2025-05-14")
    await ask("hi", { reasoning: "off" })
    expect(hosts[0]?.requests.at(-1)?.headers["anthropic-beta"]).toBeUndefined()
  })
})
