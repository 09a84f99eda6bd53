import { createRequire } from "node:module"
import type { Message } from "@aws-sdk/client-bedrock-runtime"
import { describe, expect, onTestFinished, test } from "vitest"
import { bedrockEmulator, EMULATED_AWS_KEYS } from "./server.ts"
import type { BedrockOptions } from "./types.ts"

const require = createRequire(import.meta.url)
const {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} = require("@aws-sdk/client-bedrock-runtime") as typeof import("@aws-sdk/client-bedrock-runtime")

const { NodeHttpHandler } = require("@smithy/node-http-handler") as typeof import("@smithy/node-http-handler")

const MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
const HI: Message[] = [{ role: "user", content: [{ text: "Hi" }] }]

/** The vendor's own client against the emulator. */
async function sdk(options: BedrockOptions = {}, keys: object = EMULATED_AWS_KEYS) {
  const host = await bedrockEmulator(options)
  const client = new BedrockRuntimeClient({
    endpoint: host.url,
    region: "us-east-1",
    credentials: keys as typeof EMULATED_AWS_KEYS,
    maxAttempts: 1,
    // By default it speaks HTTP/2, which the emulator does not.
    requestHandler: new NodeHttpHandler(),
  })
  onTestFinished(async () => {
    client.destroy()
    await host.close()
  })
  return { host, client }
}

describe("the vendor's own client", () => {
  test("reads a stream of Converse with thinking, text and calls", async () => {
    const { client } = await sdk({
      script: [
        {
          thinking: "Hm, weather.",
          text: "I look.",
          toolCalls: [{ id: "tooluse_1", name: "weather", arguments: { city: "Köln" } }],
          usage: { prompt: 30, cached: 10, cacheWrite: 5, output: 7 },
        },
      ],
    })
    const { stream } = await client.send(new ConverseStreamCommand({ modelId: MODEL, messages: HI }))
    let text = ""
    let thinking = ""
    let signature = ""
    let input = ""
    const rest: Record<string, unknown> = {}
    for await (const event of stream ?? []) {
      const delta = event.contentBlockDelta?.delta
      text += delta?.text ?? ""
      thinking += delta?.reasoningContent?.text ?? ""
      signature += delta?.reasoningContent?.signature ?? ""
      input += delta?.toolUse?.input ?? ""
      Object.assign(rest, event.contentBlockStart?.start?.toolUse, event.messageStop, event.metadata)
    }
    expect({ text, thinking, input }).toEqual({ text: "I look.", thinking: "Hm, weather.", input: '{"city":"Köln"}' })
    expect(signature).not.toBe("")
    expect(rest).toMatchObject({
      toolUseId: "tooluse_1",
      name: "weather",
      stopReason: "tool_use",
      usage: { inputTokens: 15, cacheReadInputTokens: 10, cacheWriteInputTokens: 5, outputTokens: 7, totalTokens: 37 },
    })
  })

  test("reads a whole answer, a count, and Anthropic's form of both kinds", async () => {
    const { client } = await sdk({ script: () => ({ text: "Hello." }) })
    const whole = await client.send(new ConverseCommand({ modelId: MODEL, messages: HI }))
    expect(whole.output?.message?.content).toEqual([{ text: "Hello." }])
    const count = await client.send(new CountTokensCommand({ modelId: MODEL, input: { converse: { messages: HI } } }))
    expect(count.inputTokens).toBeGreaterThan(0)
    const body = JSON.stringify({
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 100,
      messages: [{ role: "user", content: "Hi" }],
    })
    const invoked = await client.send(new InvokeModelCommand({ modelId: MODEL, body, contentType: "application/json" }))
    expect(JSON.parse(new TextDecoder().decode(invoked.body))).toMatchObject({ content: [{ text: "Hello." }] })
    const streamed = await client.send(
      new InvokeModelWithResponseStreamCommand({ modelId: MODEL, body, contentType: "application/json" }),
    )
    const types: string[] = []
    for await (const { chunk } of streamed.body ?? []) {
      types.push((JSON.parse(new TextDecoder().decode(chunk?.bytes)) as { type: string }).type)
    }
    expect([types[0], types.at(-1)]).toEqual(["message_start", "message_stop"])
  })

  test.each([
    [400, "ValidationException"],
    [403, "AccessDeniedException"],
    [408, "ModelTimeoutException"],
    [424, "ModelErrorException"],
    [429, "ThrottlingException"],
    [503, "ServiceUnavailableException"],
  ])("knows an error with the status %i as %s", async (status, name) => {
    const { client } = await sdk({ script: [{ error: { status } }] })
    const failed = client.send(new ConverseStreamCommand({ modelId: MODEL, messages: HI }))
    await expect(failed).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } })
  })

  test("knows an exception inside a stream", async () => {
    const { client } = await sdk({
      script: [{ text: "one two", streamError: { type: "ThrottlingException", message: "slow", afterEvents: 2 } }],
    })
    const { stream } = await client.send(new ConverseStreamCommand({ modelId: MODEL, messages: HI }))
    const read = async (): Promise<void> => {
      for await (const _event of stream ?? []) continue
    }
    await expect(read()).rejects.toMatchObject({ name: "ThrottlingException", message: "slow" })
  })

  test.each([
    ["another secret", { ...EMULATED_AWS_KEYS, secretAccessKey: "other" }, "InvalidSignatureException"],
    ["unknown keys", { accessKeyId: "AKIAOTHER", secretAccessKey: "x" }, "UnrecognizedClientException"],
  ])("is refused with %s", async (_name, keys, exception) => {
    const { client } = await sdk({}, keys)
    const failed = client.send(new ConverseCommand({ modelId: MODEL, messages: HI }))
    await expect(failed).rejects.toMatchObject({ name: exception, $metadata: { httpStatusCode: 403 } })
  })

  test("is refused with the signature of another region, and of a clock that is wrong", async () => {
    const elsewhere = await sdk({ region: "eu-west-1" })
    await expect(elsewhere.client.send(new ConverseCommand({ modelId: MODEL, messages: HI }))).rejects.toMatchObject({
      name: "InvalidSignatureException",
    })
    const late = await sdk({ now: () => Date.now() + 3_600_000 })
    await expect(late.client.send(new ConverseCommand({ modelId: MODEL, messages: HI }))).rejects.toMatchObject({
      message: expect.stringContaining("Signature expired"),
    })
  })
})

const USE: Message = { role: "assistant", content: [{ toolUse: { toolUseId: "a", name: "t", input: {} } }] }
const RESULT: Message = { role: "user", content: [{ toolResult: { toolUseId: "a", content: [{ text: "r" }] } }] }
const TOOLS = { tools: [{ toolSpec: { name: "t", inputSchema: { json: { type: "object" } } } }] }
const BYTES = new TextEncoder().encode("x")

describe("what the emulator refuses", () => {
  test.each<[string, object, RegExp]>([
    ["no message", { messages: [] }, /empty/],
    ["an answer first", { messages: [{ role: "assistant", content: [{ text: "a" }] }] }, /must start with a user/],
    ["two turns of the user", { messages: [...HI, ...HI] }, /must alternate/],
    ["blank text", { messages: [{ role: "user", content: [{ text: " " }] }] }, /is blank/],
    ["calls without tools", { messages: [...HI, USE, RESULT] }, /toolConfig field must be defined/],
    ["a call without a result", { messages: [...HI, USE, ...HI], toolConfig: TOOLS }, /Expected toolResult/],
    ["a result without a call", { messages: [RESULT], toolConfig: TOOLS }, /exceeds the number/],
    [
      "a document's name",
      {
        messages: [
          {
            role: "user",
            content: [{ text: "a" }, { document: { name: "a.pdf", format: "pdf", source: { bytes: BYTES } } }],
          },
        ],
      },
      /file name/,
    ],
    [
      "a document alone",
      { messages: [{ role: "user", content: [{ document: { name: "a", format: "pdf", source: { bytes: BYTES } } }] }] },
      /accompanied by a text/,
    ],
    ["a temperature above 1", { messages: HI, inferenceConfig: { temperature: 1.5 } }, /temperature/],
    [
      "thinking beside a forced tool",
      {
        messages: HI,
        toolConfig: { ...TOOLS, toolChoice: { any: {} } },
        additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1024 } },
      },
      /tool_choice forces/,
    ],
    [
      "a signature that it did not give out",
      {
        messages: [
          ...HI,
          { role: "assistant", content: [{ reasoningContent: { reasoningText: { text: "t", signature: "s" } } }] },
          ...HI,
        ],
      },
      /Invalid `signature`/,
    ],
    [
      "five cache points",
      { messages: HI, system: Array.from({ length: 5 }, () => ({ cachePoint: { type: "default" } })) },
      /cache points/,
    ],
    ["an unknown model", { messages: HI }, /model identifier is invalid/],
  ])("%s", async (name, input, words) => {
    const { client, host } = await sdk(name === "an unknown model" ? { models: ["other"] } : { script: [] })
    const failed = client.send(new ConverseCommand({ modelId: MODEL, ...(input as { messages: Message[] }) }))
    await expect(failed).rejects.toMatchObject({ name: "ValidationException", message: expect.stringMatching(words) })
    expect(host.requests).toHaveLength(1)
  })
})
