import { keySource, type Model } from "@sluice/ai"
import { resolveModel } from "@sluice/catalog"
import {
  anthropicMessagesEmulator,
  googleEmulator,
  openaiResponsesEmulator,
  type EmulatedAnswer,
  type LoopbackServer,
} from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { latest, startGateway, type TestGateway } from "../support/gateway.ts"

type Fields = Record<string, unknown>

/** A wire as its clients speak it, and what its hosts' answers hold that only their maker reads. */
interface Wire {
  name: string
  model: string
  api: string
  path: string
  start(script: () => EmulatedAnswer): Promise<LoopbackServer>
  ask(gateway: TestGateway, model: string, history: readonly unknown[], stream: boolean): Promise<Fields[]>
  question: unknown
  opaque: RegExp
}

const answer: EmulatedAnswer = { thinking: "I weigh it.", text: "Done." }

async function eventsOf(response: Response): Promise<Fields[]> {
  expect(response.status).toBe(200)
  const text = await response.text()
  return text.split("\n").flatMap((line) => (line.startsWith("data: {") ? [JSON.parse(line.slice(6)) as Fields] : []))
}

const WIRES: readonly Wire[] = [
  {
    name: "Messages",
    model: "anthropic/claude-sonnet-4-5",
    api: "anthropic-messages",
    path: "",
    start: (script) => anthropicMessagesEmulator({ script, verifySignatures: false }),
    question: { role: "user", content: "q" },
    opaque: /"signature":"([^"]+)"/,
    async ask(gateway, model, messages, stream) {
      const body = { model, messages, max_tokens: 4000, stream, thinking: { type: "enabled", budget_tokens: 1024 } }
      const response = await gateway.post("/v1/messages", body)
      if (!stream) return [{ role: "assistant", content: ((await response.json()) as Fields)["content"] }]
      let thinking = { type: "thinking", thinking: "", signature: "" }
      for (const { delta } of (await eventsOf(response)) as { delta?: Fields }[]) {
        if (delta?.["type"] === "thinking_delta")
          thinking = { ...thinking, thinking: `${thinking.thinking}${String(delta["thinking"])}` }
        if (delta?.["type"] === "signature_delta") thinking = { ...thinking, signature: String(delta["signature"]) }
      }
      return [{ role: "assistant", content: [thinking, { type: "text", text: "Done." }] }]
    },
  },
  {
    name: "Responses",
    model: "openai/gpt-5.5",
    api: "openai-responses",
    path: "/v1",
    start: (script) => openaiResponsesEmulator({ script, verifyReasoning: false }),
    question: { role: "user", content: "q" },
    opaque: /"encrypted_content":"([^"]+)"/,
    async ask(gateway, model, input, stream) {
      const body = { model, input, stream, store: false, include: ["reasoning.encrypted_content"] }
      const response = await gateway.post("/v1/responses", body)
      if (!stream) return ((await response.json()) as { output: Fields[] }).output
      const done = (await eventsOf(response)).find(({ type }) => type === "response.completed")
      return (done as { response: { output: Fields[] } }).response.output
    },
  },
  {
    name: "Gemini",
    model: "google/gemini-3-flash-preview",
    api: "google-generative-ai",
    path: "/v1beta",
    start: (script) => googleEmulator({ script, verifySignatures: false }),
    question: { role: "user", parts: [{ text: "q" }] },
    opaque: /"thoughtSignature":"([^"]+)"/,
    async ask(gateway, model, contents, stream) {
      const method = stream ? "streamGenerateContent?alt=sse" : "generateContent"
      const response = await gateway.post(`/v1beta/models/${model}:${method}`, { contents })
      const parts = stream ? await eventsOf(response) : [(await response.json()) as Fields]
      const all = parts.flatMap(
        (one) => (one["candidates"] as { content?: { parts?: Fields[] } }[])[0]?.content?.parts ?? [],
      )
      return [{ role: "model", parts: all }]
    },
  },
]

describe.each(WIRES)("what $name signs for one host", (wire) => {
  test.each([true, false])("goes to no other host of the wire, and back to its own (streamed: %s)", async (stream) => {
    const hosts: Record<string, { api: Model["api"]; url: string; model: Partial<Model> }> = {}
    const servers: Record<string, LoopbackServer> = {}
    for (const provider of ["one", "other"]) {
      const server = await wire.start(() => answer)
      onTestFinished(() => server.close())
      const known = await resolveModel(wire.model, { api: wire.api })
      servers[provider] = server
      hosts[provider] = {
        api: wire.api,
        url: server.url,
        model: { ...known, provider, baseUrl: server.url + wire.path },
      }
    }
    const gateway = await startGateway(hosts, {
      credentials: keySource("host-key"),
      keepThinkingMs: 0,
      keepResponsesMs: 0,
    })
    onTestFinished(() => gateway[Symbol.asyncDispose]())
    const first = await wire.ask(gateway, "one/m", [wire.question], stream)
    const [entry] = await latest(gateway, 1)
    const value = wire.opaque.exec(JSON.stringify(first))?.[1] as string
    expect(value).toMatch(/.{8}/)
    const history = [wire.question, ...first, wire.question]
    await wire.ask(gateway, "one/m", history, stream)
    expect(JSON.stringify(servers["one"]?.requests.at(-1)?.json)).toContain(value)
    await wire.ask(gateway, "other/m", history, stream)
    expect(JSON.stringify(servers["other"]?.requests.at(-1)?.json)).not.toContain(value)
    expect(entry?.relayed).toBe(true)
  })
})
