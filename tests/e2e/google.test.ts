import type { Context, ImageBlock, StreamOptions } from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import { systemSource } from "@sluice/auth"
import { codeAssistEmulator, googleEmulator, type GoogleOptions } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { runCommand } from "../../packages/cli/src/program.ts"
import { testIo } from "../support/command-io.ts"
import { accounts, PERSON, PERSON_FILE, ROBOT_FILE } from "../support/google-accounts.ts"

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
const HELLO = { messages: [{ role: "user" as const, content: "hi" }] }
const TOOL = {
  name: "look",
  description: "Looks.",
  parameters: {
    type: "object",
    properties: { at: { type: ["string", "null"], minLength: 1 }, properties: { enum: ["a", "b"] } },
    required: ["at"],
    additionalProperties: false,
    $schema: "http://json-schema.org/draft-07/schema#",
  },
}

/** Google's hosts, and a program that knows of them by its environment alone. */
async function google(options: GoogleOptions = {}, env: Record<string, string> = {}) {
  const host = await googleEmulator(options)
  onTestFinished(() => host.close())
  const variables: Record<string, string> = {
    GOOGLE_GEMINI_BASE_URL: `${host.url}/v1beta`,
    GOOGLE_VERTEX_BASE_URL: host.url,
    GEMINI_API_KEY: "gemini-key",
    ...env,
  }
  const sluice = createSluice({ env: (name) => variables[name] })
  return { host, sluice, variables }
}

describe("the Gemini API", () => {
  test.each([
    ["gemini-2.5-flash", { reasoning: "medium" }],
    ["gemini-2.5-pro", { reasoning: "off" }],
    ["gemini-3-flash-preview", { reasoning: "minimal" }],
    ["gemini-3.1-pro-preview", { reasoning: "high", showThinking: false }],
  ] as [string, StreamOptions][])("takes what is sent to %s with %j, for a turn of tools", async (model, options) => {
    const { host, sluice } = await google({
      apiKey: "gemini-key",
      script: [
        {
          thinking: "I look twice.",
          toolCalls: [
            { name: "look", arguments: { at: "x" } },
            { name: "look", arguments: { at: null } },
          ],
        },
        { text: "Seen.", usage: { prompt: 50, cached: 20, output: 3 } },
      ],
    })
    const context: Context = { systemPrompt: "Be brief.", tools: [TOOL], messages: HELLO.messages }
    const first = await sluice.complete(`google/${model}`, context, options)
    expect(first.error).toBeUndefined()
    expect(first.stopReason).toBe("toolUse")
    const calls = first.content.filter((block) => block.type === "toolCall")
    expect(calls.map((call) => call.arguments)).toEqual([{ at: "x" }, { at: null }])
    const results = calls.map((call) => ({
      role: "toolResult" as const,
      toolCallId: call.id,
      toolName: "look",
      content: [{ type: "text" as const, text: "1" }],
    }))
    const second = await sluice.complete(
      `google/${model}`,
      { ...context, messages: [...HELLO.messages, first, ...results] },
      options,
    )
    expect(second.error).toBeUndefined()
    expect(second).toMatchObject({ stopReason: "stop", usage: { input: 30, cacheRead: 20, output: 3 } })
    expect(second.losses?.filter(({ kind }) => kind === "dropped") ?? []).toEqual([])
    expect(host.calls).toHaveLength(2)
  })

  test.each(["gemini-2.5-flash-image", "gemini-3-pro-image-preview"])(
    "a picture of %s goes back to it to be changed, signed as it came; another vendor's picture goes along",
    async (model) => {
      const { host, sluice } = await google({ script: [{ text: "A dot.", pictures: [PNG] }, { pictures: [PNG] }] })
      const first = await sluice.complete(`google/${model}`, HELLO)
      expect(first.error).toBeUndefined()
      const picture = first.content.find((block) => block.type === "image")
      expect(picture?.source).toEqual({ data: PNG, mimeType: "image/png" })
      expect(picture?.signature !== undefined).toBe(model.startsWith("gemini-3"))
      const { signature: _signature, ...foreign } = picture as ImageBlock
      const others = { ...first, api: "openai-completions" as const, provider: "x", model: "y", content: [foreign] }
      const messages = [...HELLO.messages, others, ...HELLO.messages, first, ...HELLO.messages]
      const second = await sluice.complete(`google/${model}`, { messages })
      expect(second.error).toBeUndefined()
      const sent = (host.calls[1]!.body as { contents: { parts: Record<string, unknown>[] }[] }).contents
      const inline = { inlineData: { mimeType: "image/png", data: PNG } }
      const word = { thoughtSignature: "skip_thought_signature_validator" }
      expect(sent[1]?.parts).toEqual([model.startsWith("gemini-3") ? { ...inline, ...word } : inline])
      const value = picture?.signature?.value
      expect(sent[3]?.parts.at(-1)).toEqual({ ...inline, ...(value === undefined ? {} : { thoughtSignature: value }) })
    },
  )

  test("a wrong key is an error of the credential", async () => {
    const { sluice } = await google({ apiKey: "other" })
    const { error } = await sluice.complete("google/gemini-2.5-flash", HELLO)
    expect(error).toMatchObject({ code: "auth_invalid", status: 400 })
    expect(JSON.stringify(error)).not.toContain("gemini-key")
  })

  test("a model that is not there, and one that is overloaded within its stream", async () => {
    const { sluice } = await google({
      models: ["gemini-2.5-flash"],
      script: [{ text: "one two three", streamError: { status: 503, afterEvents: 2 } }],
    })
    expect((await sluice.complete("google/gemini-9", HELLO)).error).toMatchObject({ code: "model_not_found" })
    expect(await sluice.complete("google/gemini-2.5-flash", HELLO)).toMatchObject({
      error: { code: "overloaded", delivered: "content" },
      content: [{ type: "text" }],
    })
  })
})

describe("Vertex with the credentials of a machine", () => {
  async function vertex(file: unknown, env: Record<string, string> = {}, options: GoogleOptions = {}) {
    const {
      host: bank,
      around,
      pass,
    } = await accounts(
      {},
      { env: { GOOGLE_APPLICATION_CREDENTIALS: "/key.json", ...env }, files: { "/key.json": file } },
    )
    const { host, variables } = await google({ accessToken: (token) => bank.accepts(token), ...options }, env)
    const sluice = createSluice({ env: (name) => variables[name], credentials: systemSource({ ...around }) })
    return { bank, host, sluice, pass }
  }

  test.each([
    ["a service account", ROBOT_FILE, "robot-project"],
    ["a person", PERSON_FILE, "my-project"],
  ])("is asked with the token of %s, in its project", async (_name, file, project) => {
    const { host, sluice } = await vertex(file, { GOOGLE_CLOUD_LOCATION: "europe-west4" }, { project })
    const message = await sluice.complete("google-vertex/gemini-2.5-flash", HELLO)
    expect(message.error).toBeUndefined()
    expect(host.requests[0]?.path).toBe(
      `/v1/projects/${project}/locations/europe-west4/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse`,
    )
    expect(host.requests[0]?.headers["authorization"]).toMatch(/^Bearer ya29/)
    expect(host.requests[0]?.headers["x-goog-api-key"]).toBeUndefined()
  })

  test("a token that the host no longer takes is replaced, and the call goes on", async () => {
    const { bank, host, sluice } = await vertex(ROBOT_FILE)
    expect((await sluice.complete("google-vertex/gemini-2.5-flash", HELLO)).error).toBeUndefined()
    bank.revoke()
    expect((await sluice.complete("google-vertex/gemini-2.5-flash", HELLO)).error).toBeUndefined()
    expect(bank.issued).toHaveLength(2)
    expect(host.requests).toHaveLength(3)
  })

  test("a token is replaced before it ends, and used by all calls until then", async () => {
    const { bank, sluice, pass } = await vertex(ROBOT_FILE)
    const ask = () => sluice.complete("google-vertex/gemini-2.5-flash", HELLO)
    await Promise.all([ask(), ask(), ask()])
    expect(bank.issued).toHaveLength(1)
    pass(3_580_000)
    expect((await ask()).error).toBeUndefined()
    expect(bank.issued).toHaveLength(2)
  })

  test("a key of the environment goes before them, and needs no project", async () => {
    const { host, sluice } = await vertex(ROBOT_FILE, { GOOGLE_CLOUD_API_KEY: "express" }, { apiKey: "express" })
    expect((await sluice.complete("google-vertex/gemini-2.5-flash", HELLO)).error).toBeUndefined()
    expect(host.requests[0]?.path).toMatch(/^\/v1\/publishers\/google\/models\//)
  })

  test("a credential that cannot be had is the call's error, with what to do", async () => {
    const { sluice } = await vertex({ ...PERSON_FILE, refresh_token: "revoked" })
    expect((await sluice.complete("google-vertex/gemini-2.5-flash", HELLO)).error).toMatchObject({
      code: "auth_expired",
      hint: expect.stringMatching(/gcloud auth application-default login/),
    })
  })
})

describe("the command", () => {
  test("asks Vertex with the account of the machine that it runs on", async () => {
    const { host: bank } = await accounts({ machine: { project: "machine-project" } })
    const { host } = await google({
      accessToken: (token) => bank.accepts(token),
      script: [{ text: "From a machine." }],
    })
    const io = testIo({
      env: {
        GCE_METADATA_HOST: `127.0.0.1:${bank.port}`,
        GOOGLE_VERTEX_BASE_URL: host.url,
        GOOGLE_CLOUD_LOCATION: "us-central1",
      },
    })
    expect(await runCommand(io, ["chat", "--model", "google-vertex/gemini-2.5-flash", "hi"])).toBe(0)
    expect(io.out()).toContain("From a machine.")
    expect(io.err()).toContain("key from the machine's own account")
    expect(host.requests[0]?.path).toContain("/projects/machine-project/locations/us-central1/")
  })
})

describe("a login of the environment", () => {
  test.each([
    ["google-gemini-cli", "GOOGLE_GEMINI_CLI", "gemini-2.5-pro", ["loadCodeAssist", "streamGenerateContent"]],
    ["google-antigravity", "GOOGLE_ANTIGRAVITY", "gemini-3-pro", ["loadCodeAssist", "streamGenerateContent"]],
  ])(
    "%s: is refreshed by the operator's client, and finds its project on the same host",
    async (provider, prefix, model, methods) => {
      const { host: bank, around } = await accounts()
      const host = await codeAssistEmulator({ accessToken: (token) => bank.accepts(token) })
      onTestFinished(() => host.close())
      const variables: Record<string, string> = {
        [`${prefix}_LOGIN`]: JSON.stringify({ refreshToken: PERSON.refreshToken }),
        [`${prefix}_BASE_URL`]: host.url,
        SLUICE_GOOGLE_CLIENT_ID: PERSON.clientId,
        SLUICE_GOOGLE_CLIENT_SECRET: PERSON.clientSecret,
      }
      const env = (name: string): string | undefined => variables[name]
      const sluice = createSluice({ env, credentials: systemSource({ ...around, env }) })
      const message = await sluice.complete(`${provider}/${model}`, HELLO)
      expect(message.error).toBeUndefined()
      expect(host.methods).toEqual(methods)
      expect(host.requests[0]?.json).toMatchObject({
        metadata: { ideType: provider === "google-antigravity" ? "ANTIGRAVITY" : "IDE_UNSPECIFIED" },
      })
      delete variables[`${prefix}_LOGIN`]
      delete variables[`${prefix}_BASE_URL`]
      expect((await sluice.complete(`${provider}/${model}`, HELLO)).error).toMatchObject({
        code: "auth_missing",
        message: expect.stringMatching(`${prefix}_LOGIN is not set`),
      })
    },
  )
})
