import { createSluice, type AssistantMessage, type Credential, type Message, type Transport } from "@sluice/ai"
import { bedrockEndpoint, signAws } from "@sluice/ai/endpoints/bedrock"
import { bedrockInvokeEndpoint } from "@sluice/ai/endpoints/bedrock-invoke"
import { bedrockConverseStream } from "@sluice/ai/wires/bedrock-converse-stream"
import { describe, expect, test } from "vitest"
import { AWS_KEYS, bedrock, CLAUDE, NOVA, only } from "../support/bedrock.ts"
import {
  assistant,
  called,
  callOf,
  encode,
  known,
  modelOf,
  result,
  TOOL,
  user,
} from "../support/bedrock-converse-stream.ts"

const SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
const PROFILE = "arn:aws:bedrock:eu-west-3:123456789012:application-inference-profile/abc"
const ASKED: readonly Message[] = [
  user("q"),
  assistant([called("a")], { stopReason: "toolUse" }),
  result("a", "r"),
  user("and now?"),
]

describe("WO-164: calls in the conversation and no tools, or none to be called", () => {
  test.each([
    ["no tools", {}, {}, ["__no_tools__"]],
    ["no tools and the choice none", {}, { toolChoice: "none" as const }, ["__no_tools__"]],
    ["tools and the choice none", { tools: [TOOL] }, { toolChoice: "none" as const }, ["f"]],
  ])("%s: the host is sent tools without a choice", async (_name, context, options, names) => {
    const { host, sluice } = await bedrock({
      script: [{ text: "Done." }],
    })
    const message = await sluice.complete(CLAUDE, { messages: ASKED, ...context }, options)
    expect(message).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: "Done." }] })
    const { toolConfig } = JSON.parse(host.requests[0]?.body ?? "") as {
      toolConfig: { tools: { toolSpec: { name: string } }[] }
    }
    expect(toolConfig.tools.map(({ toolSpec }) => toolSpec.name)).toEqual(names)
    expect(toolConfig).not.toHaveProperty("toolChoice")
    expect(message.losses?.length).toBeGreaterThan(0)
  })

  test("a call of the placeholder is not passed on, and the answer ends", async () => {
    const { sluice } = await bedrock({ script: [{ text: "Hm.", toolCalls: [{ name: "__no_tools__" }] }] })
    const message = await sluice.complete(CLAUDE, { messages: ASKED })
    expect(message).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: "Hm." }] })
    expect(message.content).toHaveLength(1)
  })

  test("without calls in the conversation nothing is put in", () => {
    expect(encode().body["toolConfig"]).toBeUndefined()
  })
})

/** Where a model is asked, and the region that the request is signed for. */
async function placeOf(
  id: string,
  settings: Parameters<typeof bedrockEndpoint>[0] = {},
  credential: Credential = AWS_KEYS,
): Promise<{ host: string; region: string | undefined }> {
  const endpoint = bedrockEndpoint(settings)
  const call = callOf({ model: modelOf({ id }) })
  const request = endpoint.dress(bedrockConverseStream.encode(call), call, credential)
  const signed = await endpoint.sign?.(request, credential, 0)
  const region = /Credential=[^/]+\/\d+\/([^/]+)\/bedrock\/aws4_request/.exec(
    signed?.headers["authorization"] ?? "",
  )?.[1]
  return { host: new URL(request.url).host, region }
}

describe("WO-165: a profile of a geography is asked for in a region that serves it", () => {
  test.each([
    ["eu.anthropic.claude-x", undefined, "eu-west-1"],
    ["eu.anthropic.claude-x", "eu-north-1", "eu-north-1"],
    ["eu.anthropic.claude-x", "us-east-1", "eu-west-1"],
    ["apac.amazon.nova-x", "us-east-1", "ap-southeast-1"],
    ["au.anthropic.claude-x", "ap-southeast-4", "ap-southeast-4"],
    ["jp.anthropic.claude-x", "ap-southeast-1", "ap-northeast-1"],
    ["us.anthropic.claude-x", "us-gov-west-1", "us-east-1"],
    ["us-gov.anthropic.claude-x", "us-east-1", "us-gov-west-1"],
    ["global.anthropic.claude-x", "sa-east-1", "sa-east-1"],
    ["anthropic.claude-x", "sa-east-1", "sa-east-1"],
    ["anthropic.claude-x", undefined, "us-east-1"],
  ])("%s, with %s around: %s", async (id, ambientRegion, region) => {
    expect(await placeOf(id, { ambientRegion })).toEqual({ host: `bedrock-runtime.${region}.amazonaws.com`, region })
  })

  test("what the caller fixes wins; a credential's own region counts where the environment names none", async () => {
    expect((await placeOf("eu.anthropic.claude-x", { region: "us-west-2" })).region).toBe("us-west-2")
    const credential: Credential = { ...AWS_KEYS, region: "eu-south-1" } as Credential
    expect((await placeOf("amazon.nova-x", {}, credential)).region).toBe("eu-south-1")
    expect((await placeOf("amazon.nova-x", { ambientRegion: "eu-west-2" }, credential)).region).toBe("eu-west-2")
    expect((await placeOf("amazon.nova-x", { ambientRegion: "cn-north-1" })).host).toBe(
      "bedrock-runtime.cn-north-1.amazonaws.com.cn",
    )
  })

  test("at another address the signature is for the same region, and at one of AWS's for that address's own", async () => {
    const endpoint = bedrockEndpoint({ ambientRegion: "eu-west-2" })
    const scopeAt = async (baseUrl: string): Promise<string> => {
      const call = callOf({ model: modelOf({ id: "amazon.nova-x", baseUrl }) })
      const request = endpoint.dress(bedrockConverseStream.encode(call), call, AWS_KEYS)
      return (await endpoint.sign?.(request, AWS_KEYS, 0))?.headers["authorization"] ?? ""
    }
    expect(await scopeAt("http://127.0.0.1:9/proxy")).toContain("/eu-west-2/bedrock/")
    expect(await scopeAt("https://vpce-1.bedrock-runtime.ap-south-1.vpce.amazonaws.com")).toContain("/ap-south-1/")
    expect(await scopeAt("https://bedrock-runtime-fips.us-gov-east-1.amazonaws.com")).toContain("/us-gov-east-1/")
  })
})

test("WO-166: a profile by its resource name is asked for in the region that stands in it", async () => {
  expect(await placeOf(PROFILE, { ambientRegion: "us-east-1" })).toEqual({
    host: "bedrock-runtime.eu-west-3.amazonaws.com",
    region: "eu-west-3",
  })
})

describe("WO-172: the caller's own headers are covered by the signature", () => {
  const headers = {
    "X-Custom": "  a   b ",
    Host: "evil.example",
    "X-Amz-Date": "19700101T000000Z",
    "x-amz-security-token": "t",
    "Content-Type": "text/plain",
    Accept: "*/*",
    Authorization: "Bearer other",
  }

  test("they are merged before it, and those of the protocol stay the protocol's", async () => {
    const { host, sluice } = await bedrock({ script: [{ text: "Hello." }] })
    const message = await sluice.complete(NOVA, { messages: [user("hi")] }, { headers })
    expect(message.error).toBeUndefined()
    const [request] = host.requests
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      accept: "application/vnd.amazon.eventstream",
    })
    expect(request?.headers["x-amz-security-token"]).toBeUndefined()
    expect(request?.headers["authorization"]).toMatch(/SignedHeaders=[^,]*x-custom/)
  })

  test("so for Anthropic's form of requests", async () => {
    const { host, sluice } = await bedrock({ script: [{ text: "Hello." }] }, { api: "bedrock-anthropic-messages" })
    const message = await sluice.complete(CLAUDE, { messages: [user("hi")] }, { headers })
    expect(message.error).toBeUndefined()
    expect(host.requests[0]?.headers["authorization"]).toMatch(/SignedHeaders=[^,]*x-custom/)
  })
})

test("WO-173: a forced tool goes out without thinking, which the host refuses beside it", async () => {
  const { host, sluice } = await bedrock({ script: [{ toolCalls: [{ name: "f" }] }] })
  const message = await sluice.complete(
    CLAUDE,
    { messages: [user("q")], tools: [TOOL] },
    { reasoning: "high", toolChoice: "required" },
  )
  expect(message).toMatchObject({ stopReason: "toolUse" })
  expect(message.losses).toMatchObject([{ field: "options.reasoning", kind: "dropped" }])
  expect(host.requests[0]?.json).not.toHaveProperty("additionalModelRequestFields")
})

/** The thinking of an earlier answer as a model gets it back. */
function replayed(model: ReturnType<typeof modelOf>, fields: Partial<AssistantMessage>, signature?: string): unknown {
  const own = { provider: model.provider, model: model.id, api: model.api, ...fields }
  const thinking = {
    type: "thinking" as const,
    thinking: "hm",
    ...(signature === undefined ? {} : { signature: { value: signature, issuer: { ...own } } }),
  }
  const messages = [user("q"), assistant([thinking, { type: "text", text: "a" }], own), user("r")]
  return encode({ model, messages }).body["messages"][1].content[0]
}

describe("WO-174: a signature goes only to who made it", () => {
  test.each(["us.amazon.nova-2-lite-v1:0", "openai.gpt-oss-120b-1:0"])(
    "%s gets unsigned thinking without the field",
    (id) => {
      expect(replayed(known(id), {})).toEqual({ reasoningContent: { reasoningText: { text: "hm" } } })
      const foreign = replayed(known(id), { model: SONNET }, "sig")
      expect(foreign).toEqual({ reasoningContent: { reasoningText: { text: "hm" } } })
    },
  )

  test("Claude gets signed thinking as such, and unsigned thinking as text", () => {
    expect(replayed(known(SONNET), {}, "sig")).toEqual({
      reasoningContent: { reasoningText: { text: "hm", signature: "sig" } },
    })
    expect(replayed(known(SONNET), {})).toEqual({ text: "hm" })
    expect(replayed(known("us.deepseek.r1-v1:0"), {})).toEqual({ text: "a" })
  })
})

test("WO-175: a model behind a resource name gets the signature back that came with its thinking", () => {
  expect(replayed(known(PROFILE), {}, "sig")).toEqual({
    reasoningContent: { reasoningText: { text: "hm", signature: "sig" } },
  })
})

test("WO-176: a model that keeps its thinking back by default is asked for a summary", () => {
  const { body } = encode({ model: known("us.anthropic.claude-opus-4-7"), options: { reasoning: "high" } })
  expect(body["additionalModelRequestFields"].thinking).toEqual({ type: "adaptive", display: "summarized" })
  const hidden = encode({
    model: known("us.anthropic.claude-opus-4-7"),
    options: { reasoning: "high", showThinking: false },
  })
  expect(hidden.body["additionalModelRequestFields"].thinking.display).toBe("omitted")
})

describe("WO-177: cache points", () => {
  const points = (body: unknown): string[] => JSON.stringify(body).match(/\{"cachePoint":\{[^}]*\}\}/g) ?? []
  const context = { systemPrompt: "s" }

  test("an hour where the model has it, else five minutes, which is named", () => {
    const long = { cacheRetention: "long" as const }
    expect(points(encode({ model: known(SONNET), context, options: long }).body)).toEqual([
      '{"cachePoint":{"type":"default","ttl":"1h"}}',
      '{"cachePoint":{"type":"default","ttl":"1h"}}',
    ])
    const nova = encode({ model: known("us.amazon.nova-lite-v1:0"), context, options: long })
    expect(points(nova.body)).toEqual(['{"cachePoint":{"type":"default"}}', '{"cachePoint":{"type":"default"}}'])
    expect(nova.losses).toEqual(["approximated options.cacheRetention"])
  })

  test("no more than the model takes: the last ones of the caller's stay, and of ours the user's turn", () => {
    const blocks = Array.from({ length: 6 }, (_, n) => ({
      type: "text" as const,
      text: `t${n}`,
      cache: "short" as const,
    }))
    const many = encode({ model: known(SONNET), messages: [{ role: "user", content: blocks }] })
    expect(points(many.body)).toHaveLength(4)
    expect(many.body["messages"][0].content.slice(0, 3)).toEqual([{ text: "t0" }, { text: "t1" }, { text: "t2" }])
    expect(many.losses).toEqual(["dropped cache"])
    const one = encode({ model: modelOf({ compat: { converse: { cachePoints: 1 } } }), context })
    expect(one.body["system"]).toEqual([{ text: "s" }])
    expect(one.body["messages"][0].content).toHaveLength(2)
  })

  test("a host that refuses them is asked again without", async () => {
    const refusal = { status: 400, message: "This model does not support prompt caching." }
    const { host, sluice } = await bedrock({ script: [{ error: refusal }, { text: "Hello." }] })
    const message = await sluice.complete(CLAUDE, { messages: [user("hi")] })
    expect(message.content).toMatchObject([{ text: "Hello." }])
    expect(points(host.requests[0]?.json)).toHaveLength(1)
    expect(points(host.requests[1]?.json)).toEqual([])
  })
})

test("WO-178: the base64 of an image goes out as it came", async () => {
  const data = Buffer.from([0xff, 0xfb, 0xef, 0, 1, 2, 3]).toString("base64")
  const { host, sluice } = await bedrock({ script: [{ text: "A cat." }] })
  const image = { type: "image" as const, source: { data, mimeType: "image/png" } }
  const messages: Message[] = [
    { role: "user", content: [{ type: "text", text: "?" }, image] },
    assistant([called("a")], { stopReason: "toolUse" }),
    { role: "toolResult", toolCallId: "a", content: [image] },
  ]
  expect((await sluice.complete(CLAUDE, { messages, tools: [TOOL] })).error).toBeUndefined()
  expect(host.requests[0]?.body.split(`"bytes":"${data}"`)).toHaveLength(3)
})

test("WO-179: an answer that a guardrail held back says so by its name", async () => {
  const { sluice } = await bedrock({ script: [{ text: "I cannot say.", stop: "guardrail_intervened" }] })
  const message = await sluice.complete(NOVA, { messages: [user("hi")] })
  expect(message).toMatchObject({
    stopReason: "error",
    content: [{ text: "I cannot say." }],
    error: {
      code: "content_blocked",
      type: "guardrail_intervened",
      message: expect.stringContaining("guardrail_intervened"),
    },
  })
})

test.each(["a text", undefined, 7, { toString: undefined }])(
  "WO-180: a failure of the connection that is %s and no error ends the call as one",
  async (thrown) => {
    const transport: Transport = { open: () => Promise.reject(thrown) }
    const model = modelOf({ id: "amazon.nova-lite-v1:0", baseUrl: "http://127.0.0.1:1" })
    const sluice = createSluice({
      wires: { "bedrock-converse-stream": async () => ({ wire: bedrockConverseStream, endpoint: bedrockEndpoint() }) },
      credentials: only(AWS_KEYS),
      transport,
      resolve: async () => model,
    })
    const message = await sluice.complete(model, { messages: [user("hi")] }, { retry: { maxAttempts: 1 } })
    expect(message).toMatchObject({
      stopReason: "error",
      error: { code: expect.any(String), message: expect.any(String) },
    })
  },
)

test("WO-181: a system prompt that is a bare text", () => {
  expect(encode({ context: { systemPrompt: "Be brief." } }).body["system"]).toEqual([{ text: "Be brief." }])
})

test("WO-184: models that think in silence are waited for ten minutes", () => {
  for (const id of [SONNET, PROFILE, "us.deepseek.r1-v1:0"]) {
    expect(known(id).compat.timeouts).toEqual({ firstEventMs: 600_000, idleMs: 600_000 })
  }
})

test("both endpoints sign in one place", async () => {
  const call = callOf({ model: modelOf({ id: "amazon.nova-x" }) })
  const request = {
    method: "POST" as const,
    url: "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke",
    headers: {},
    body: "{}",
  }
  const wanted = await signAws(request, AWS_KEYS as never, { service: "bedrock", region: "us-east-1", now: 0 })
  for (const endpoint of [bedrockEndpoint(), bedrockInvokeEndpoint()]) {
    expect(await endpoint.sign?.(request, AWS_KEYS, 0)).toEqual(wanted)
  }
  expect(call.model.id).toBe("amazon.nova-x")
})
