import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { environmentKeys } from "@sluice/ai/auto"
import { awsCredentialsEmulator, bedrockEmulator } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { AWS_KEYS, bedrock, CLAUDE, NOVA, only } from "../support/bedrock.ts"
import { startGateway } from "../support/gateway.ts"
import { sluiceToEnd } from "../support/sluice-command.ts"

const HELLO = { messages: [{ role: "user" as const, content: "hi" }] }
const WEATHER = {
  name: "weather",
  description: "Weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
}
const ONCE = { retry: { maxAttempts: 1 } }

describe("Bedrock's Converse", () => {
  test("a signed conversation with thinking, a call and its result", async () => {
    const { host, sluice } = await bedrock({
      script: [
        { thinking: "Where is it?", text: "I look.", toolCalls: [{ name: "weather", arguments: { city: "Köln" } }] },
        { text: "It rains.", usage: { prompt: 50, cached: 40, output: 3 } },
      ],
    })
    const ask = { tools: [WEATHER], systemPrompt: "Be brief." }
    const question = { role: "user" as const, content: "Weather in Köln?" }
    const first = await sluice.complete(CLAUDE, { ...ask, messages: [question] }, { reasoning: "low" })
    expect(first.error).toBeUndefined()
    expect(first).toMatchObject({
      stopReason: "toolUse",
      content: [
        { type: "thinking", thinking: "Where is it?", signature: { issuer: { provider: "amazon-bedrock" } } },
        { type: "text", text: "I look." },
        { type: "toolCall", name: "weather", arguments: { city: "Köln" } },
      ],
    })
    const call = first.content.find((block) => block.type === "toolCall")
    const result = { role: "toolResult" as const, toolCallId: call?.id ?? "", content: "rain" }
    const second = await sluice.complete(CLAUDE, { ...ask, messages: [question, first, result] }, { reasoning: "low" })
    expect(second.error).toBeUndefined()
    expect(second).toMatchObject({
      content: [{ type: "text", text: "It rains." }],
      usage: { input: 10, cacheRead: 40, output: 3, provenance: "reported" },
    })
    expect(second.usage.cost?.total).toBeGreaterThan(0)
    expect(host.requests[0]?.path).toBe("/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream")
    expect(host.requests[0]?.headers["authorization"]).toContain("/us-east-1/bedrock/aws4_request")
    expect(host.requests[0]?.headers["user-agent"]).toMatch(/^sluice/i)
  })

  test("a key of Bedrock's own goes out as a bearer, unsigned", async () => {
    const { host, sluice } = await bedrock(
      { apiKey: "bedrock-key" },
      { credential: null, env: { AWS_BEARER_TOKEN_BEDROCK: "bedrock-key" } },
    )
    expect((await sluice.complete(NOVA, HELLO)).error).toBeUndefined()
    expect(host.requests[0]?.headers["authorization"]).toBe("Bearer bedrock-key")
    expect(host.requests[0]?.headers["x-amz-date"]).toBeUndefined()
  })

  test("AWS's own variables are a credential, in the region that stands beside them", async () => {
    const env = {
      AWS_ACCESS_KEY_ID: "AKIATEMP",
      AWS_SECRET_ACCESS_KEY: "s",
      AWS_SESSION_TOKEN: "t",
      AWS_REGION: "us-west-2",
    }
    const keys = [{ accessKeyId: "AKIATEMP", secretAccessKey: "s", sessionToken: "t" }]
    const { host, sluice } = await bedrock({ keys, region: "us-west-2" }, { credential: null, env })
    expect((await sluice.complete(NOVA, HELLO)).error).toBeUndefined()
    expect(host.requests[0]?.headers["x-amz-security-token"]).toBe("t")
  })

  test.each(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])("half a pair, only %s, is said to be one", async (only) => {
    const half = environmentKeys((name) => (name === only ? "A" : undefined))
    await expect(half.acquire({ provider: "amazon-bedrock" })).rejects.toMatchObject({
      code: "config",
      scope: "credential",
      message: "Only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set.",
      hint: "Set both, or none.",
    })
  })

  test("Anthropic's form: the model in the path, version and betas in the body", async () => {
    const { host, sluice } = await bedrock(
      { script: [{ thinking: "Hm.", text: "Hello.", toolCalls: [{ name: "weather", arguments: { city: "Bonn" } }] }] },
      { api: "bedrock-anthropic-messages" },
    )
    const message = await sluice.complete(CLAUDE, { ...HELLO, tools: [WEATHER] }, { reasoning: "low" })
    expect(message.error).toBeUndefined()
    expect(message.content.map(({ type }) => type)).toEqual(["thinking", "text", "toolCall"])
    const [request] = host.requests
    expect(request?.path).toMatch(/\/invoke-with-response-stream$/)
    expect(request?.headers["anthropic-version"]).toBeUndefined()
    expect(request?.json).toMatchObject({
      anthropic_version: "bedrock-2023-05-31",
      anthropic_beta: ["interleaved-thinking-2025-05-14"],
    })
    expect(request?.json).not.toHaveProperty("model")
  })

  test.each([
    ["priority", "priority"],
    ["standard", "default"],
    ["auto", undefined],
    ["fast", undefined],
  ])("Anthropic's form has Bedrock's tiers in a header: %s", async (serviceTier, tier) => {
    const { host, sluice } = await bedrock({}, { api: "bedrock-anthropic-messages" })
    const message = await sluice.complete(CLAUDE, HELLO, { serviceTier })
    expect(message.error).toBeUndefined()
    expect(host.requests[0]?.headers["x-amzn-bedrock-service-tier"]).toBe(tier)
    for (const field of ["service_tier", "speed"]) expect(host.requests[0]?.json).not.toHaveProperty(field)
    expect(message.losses ?? []).toEqual(
      serviceTier === "fast" ? [expect.objectContaining({ field: "options.serviceTier", kind: "dropped" })] : [],
    )
  })

  test.each(["bedrock-anthropic-messages", "bedrock-converse-stream"])(
    "betas that the caller names in Anthropic's header stand in the body alone: %s",
    async (api) => {
      const { host, sluice } = await bedrock({}, { api })
      const headers = { "anthropic-beta": "context-1m-2025-08-07", "Anthropic-Version": "2023-06-01", "x-own": "kept" }
      expect((await sluice.complete(CLAUDE, HELLO, { headers })).error).toBeUndefined()
      const [request] = host.requests
      const body = request?.json as Record<string, Record<string, unknown>>
      const fields = api === "bedrock-converse-stream" ? body["additionalModelRequestFields"] : body
      expect(fields?.["anthropic_beta"]).toEqual(["context-1m-2025-08-07"])
      expect(Object.keys(request?.headers ?? {}).filter((name) => name.startsWith("anthropic-"))).toEqual([])
      expect(request?.headers["x-own"]).toBe("kept")
    },
  )

  test.each([
    [429, "ThrottlingException", "rate_limited"],
    [503, "ServiceUnavailableException", "overloaded"],
    [424, "ModelErrorException", "server_error"],
    [408, "ModelTimeoutException", "timeout"],
    [404, "ResourceNotFoundException", "model_not_found"],
    [403, "ExpiredTokenException", "auth_expired"],
    [403, "AccessDeniedException", "permission_denied"],
    [400, "ServiceQuotaExceededException", "quota_exhausted"],
  ])("%i %s is the same error in both forms, and inside the stream", async (status, type, code) => {
    const script = [{ error: { status, type } }]
    for (const api of ["bedrock-converse-stream", "bedrock-anthropic-messages"]) {
      const { sluice } = await bedrock({ script }, { api })
      expect((await sluice.complete(CLAUDE, HELLO, ONCE)).error, api).toMatchObject({ code, status, type })
    }
    // Both forms have said something of the text by their fifth event.
    const late = [{ text: "one two three four", streamError: { type, afterEvents: 5 } }]
    for (const api of ["bedrock-converse-stream", "bedrock-anthropic-messages"]) {
      const { sluice } = await bedrock({ script: late }, { api })
      const { error, content } = await sluice.complete(CLAUDE, HELLO, ONCE)
      expect(error, api).toMatchObject({ code, status })
      expect(content, api).toMatchObject([{ type: "text" }])
    }
  })

  test("a throttled call is tried again, and signed anew", async () => {
    const { host, sluice } = await bedrock({ script: [{ error: { status: 429 } }, { text: "Hello." }] })
    const message = await sluice.complete(NOVA, HELLO, { retry: { baseDelayMs: 1 } })
    expect(message.content).toMatchObject([{ text: "Hello." }])
    expect(host.requests).toHaveLength(2)
  })

  test("an end without messageStop is no whole answer", async () => {
    const { sluice } = await bedrock({ script: [{ text: "one two three four", endEarly: { afterEvents: 4 } }] })
    const { error, content } = await sluice.complete(NOVA, HELLO, ONCE)
    expect(error).toMatchObject({ code: "stream_incomplete" })
    expect(content).toMatchObject([{ type: "text" }])
  })

  test("wrong keys are an error of the credential that says what to do", async () => {
    const credential = { kind: "aws" as const, id: "x", accessKeyId: "AKIAEMULATED", secretAccessKey: "wrong" }
    const { sluice } = await bedrock({}, { credential })
    const { error } = await sluice.complete(NOVA, HELLO)
    expect(error).toMatchObject({ code: "auth_invalid", status: 403, hint: expect.stringContaining("clock") })
    expect(JSON.stringify(error)).not.toContain("wrong")
  })
})

describe("a gateway before Bedrock", () => {
  const DOORS = [
    ["/v1/chat/completions", { messages: [{ role: "user", content: "hi" }] }],
    ["/v1/messages", { max_tokens: 100, messages: [{ role: "user", content: "hi" }] }],
    ["/v1/responses", { input: "hi" }],
  ] as const

  test.each(DOORS)("%s reaches both of its forms, streamed and whole", async (path, body) => {
    await using host = await bedrockEmulator({ script: () => ({ text: "Hello from AWS." }) })
    const model = { provider: "amazon-bedrock" }
    await using gateway = await startGateway(
      {
        converse: { api: "bedrock-converse-stream", url: host.url, model },
        invoke: { api: "bedrock-anthropic-messages", url: host.url, model },
      },
      { credentials: only(AWS_KEYS) },
    )
    for (const name of ["converse/amazon.nova-lite-v1:0", "invoke/anthropic.claude-sonnet-4-6"]) {
      for (const stream of [true, false]) {
        const response = await gateway.post(path, { ...body, model: name, stream })
        const text = await response.text()
        expect(response.status, text).toBe(200)
        const said = stream
          ? [...text.matchAll(/"(?:content|text|delta)":"([^"]*)"/g)].map(([, one]) => one).join("")
          : text
        expect(said, `${name} ${stream}`).toContain("Hello from AWS.")
      }
    }
    expect(host.requests.map((request) => request.path.replace(/^.*\//, ""))).toEqual(
      expect.arrayContaining(["converse-stream", "invoke-with-response-stream"]),
    )
  })

  test("a failure of the host reaches the client as that failure", async () => {
    await using host = await bedrockEmulator({ script: () => ({ error: { status: 403 } }) })
    await using gateway = await startGateway(
      { converse: { api: "bedrock-converse-stream", url: host.url, model: { provider: "amazon-bedrock" } } },
      { credentials: only(AWS_KEYS) },
    )
    const response = await gateway.post("/v1/chat/completions", {
      model: "converse/m",
      messages: [{ role: "user", content: "hi" }],
      stream: true,
    })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining("access to the model") } })
  })
})

describe("the command", () => {
  test("finds a role of a profile at home, and says where its keys came from", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-aws-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    mkdirSync(join(folder, ".aws"))
    writeFileSync(
      join(folder, ".aws", "config"),
      "[profile work]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nregion = us-west-2\n",
    )
    writeFileSync(
      join(folder, ".aws", "credentials"),
      "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = base-secret\n",
    )
    await using services = await awsCredentialsEmulator({
      keys: [{ accessKeyId: "AKIABASE", secretAccessKey: "base-secret" }],
    })
    const role = { accessKeyId: "ASIAEMULATED1", secretAccessKey: "session-secret-1", sessionToken: "session-token-1" }
    await using host = await bedrockEmulator({ keys: [role], region: "us-west-2", script: [{ text: "Hello." }] })
    const env = {
      HOME: folder,
      USERPROFILE: folder,
      XDG_CONFIG_HOME: folder,
      XDG_STATE_HOME: folder,
      LOCALAPPDATA: folder,
      AWS_PROFILE: "work",
      AWS_ENDPOINT_URL_STS: services.url,
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: host.url,
    }
    const { code, out, err } = await sluiceToEnd(["chat", "--model", NOVA, "hi"], { env, cwd: folder })
    expect([code, out], err).toEqual([0, "Hello.\n"])
    expect(err).toContain("profile work")
    expect(out + err).not.toContain("secret")
  })
})
