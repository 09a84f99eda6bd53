/**
 * Writes docs/translations.md: what of a request and of an answer each pair of wires carries, out of what the wires
 * themselves report.
 */
import { writeFileSync } from "node:fs"
import {
  type AssistantMessage,
  type Block,
  type Call,
  type CallOptions,
  type Context,
  handoff,
  type InboundCall,
  type InputBlock,
  type Loss,
  type Message,
  type Model,
  type StopDetails,
  type WireClient,
  type WireServer,
} from "@sluice/ai"
import { autoWires } from "@sluice/ai/auto"
import { resolveModel } from "@sluice/catalog"
import { SERVERS } from "../packages/gateway/src/inbound/servers.ts"
import { isProgram } from "./run.ts"

/** Where the page stands. */
export const PAGE: URL = new URL("../docs/translations.md", import.meta.url)

/** Hosts of every API, each with the model of its vendor that can do most. */
const HOSTS: readonly (readonly [api: string, model: string])[] = [
  ["openai-completions", "openai/gpt-5.5"],
  ["openai-responses", "openai/gpt-5.5"],
  ["openai-codex-responses", "openai-codex/gpt-5.5"],
  ["anthropic-messages", "anthropic/claude-opus-4-6"],
  ["google-generative-ai", "google/gemini-3.1-pro-preview"],
  ["google-vertex", "google-vertex/gemini-3.1-pro-preview"],
  ["bedrock-converse-stream", "amazon-bedrock/us.anthropic.claude-opus-4-6-v1"],
  ["bedrock-anthropic-messages", "amazon-bedrock/us.anthropic.claude-opus-4-6-v1"],
  ["ollama-chat", "ollama/gpt-oss:20b"],
]

interface Host {
  model: Model
  wire: WireClient
}

async function hostOf([api, name]: (typeof HOSTS)[number]): Promise<Host> {
  const model = await resolveModel(name, { api })
  const entry = await autoWires[api]?.()
  if (!entry || !("wire" in entry)) throw new Error(`There is no wire for ${api}.`)
  return { model, wire: entry.wire }
}

let ids = 0
const mint: Call["mint"] = { id: (prefix) => `${prefix}${String(++ids).padStart(16, "0")}`, now: () => 0 }

function callTo({ model, wire }: Host, context: Context, options: CallOptions): Call {
  const handed = handoff(context, model, wire.traits)
  return {
    op: "generate",
    model,
    options,
    context: handed.context,
    handedOver: handed.losses,
    auth: { kind: "key" },
    stream: true,
    known: {},
    channel: { kind: "http", memory: {} },
    mint,
  }
}

/** What is said in a conversation, by a name for people. */
interface Feature {
  name: string
  context?: (own: Model) => Partial<Context>
  options?: CallOptions
  /** Fields of its details: one of them that is lost leaves the rest carried. */
  details?: RegExp
}

const HI: Message = { role: "user", content: "Hi" }
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
const PDF = "JVBERi0xLjQKJSVFT0YK"
const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
} as const
const TOOL = { name: "weather", description: "The weather.", parameters: SCHEMA }

function answerOf(model: Model, content: Block[], more: Partial<AssistantMessage> = {}): AssistantMessage {
  return {
    role: "assistant",
    content,
    api: model.api,
    provider: model.provider,
    model: model.id,
    usage: { provenance: "absent" },
    stopReason: content.some(({ type }) => type === "toolCall") ? "toolUse" : "stop",
    timestamp: 0,
    ...more,
  }
}

type Said = NonNullable<Feature["context"]>

const said =
  (...content: InputBlock[]): Said =>
  () => ({
    messages: [{ role: "user", content: [...content, { type: "text", text: "Look" }] }],
  })
const called =
  (content: string | InputBlock[], isError = false): Said =>
  (own) => ({
    tools: [TOOL],
    messages: [
      HI,
      answerOf(own, [{ type: "toolCall", id: "call_1", name: "weather", arguments: { city: "Rome" } }]),
      { role: "toolResult", toolCallId: "call_1", toolName: "weather", content, ...(isError ? { isError } : {}) },
    ],
  })

const REQUEST: readonly Feature[] = [
  { name: "system prompt", context: () => ({ systemPrompt: "Be brief." }) },
  {
    name: "developer's message within",
    context: (own) => ({
      messages: [HI, answerOf(own, [{ type: "text", text: "Hello" }]), { role: "developer", content: "Be kind." }, HI],
    }),
  },
  { name: "picture", context: said({ type: "image", source: { data: PNG, mimeType: "image/png" } }) },
  {
    name: "document",
    context: said({ type: "document", source: { data: PDF, mimeType: "application/pdf" }, title: "a.pdf" }),
    details: /\.title$/,
  },
  { name: "audio", context: said({ type: "audio", source: { data: "UklGRg==", mimeType: "audio/wav" } }) },
  { name: "tool", context: () => ({ tools: [TOOL] }) },
  { name: "strict tool", context: () => ({ tools: [{ ...TOOL, strict: true }] }) },
  {
    name: "tool with a grammar",
    context: () => ({ tools: [{ type: "custom", name: "patch", description: "A patch." }] }),
  },
  { name: "tool's result", context: called("sunny") },
  { name: "tool's result that is an error", context: called("no", true) },
  {
    name: "picture in a tool's result",
    context: called([{ type: "image", source: { data: PNG, mimeType: "image/png" } }]),
  },
  {
    name: "thinking of an earlier answer",
    context: (own) => ({
      messages: [
        HI,
        answerOf(own, [
          { type: "thinking", thinking: "hm" },
          { type: "text", text: "Hello" },
        ]),
        HI,
      ],
    }),
  },
  {
    name: "cache mark",
    context: said({ type: "text", text: "long", cache: "short" }),
    options: { cacheRetention: "short" },
  },
  { name: "temperature", options: { temperature: 0.5 } },
  { name: "top p", options: { topP: 0.5 } },
  { name: "top k", options: { topK: 5 } },
  { name: "penalties", options: { presencePenalty: 0.1, frequencyPenalty: 0.1 } },
  { name: "seed", options: { seed: 1 } },
  { name: "stop sequences", options: { stop: ["END"] } },
  { name: "cap on the answer", options: { maxTokens: 1000 } },
  { name: "thinking, a level", options: { reasoning: "high" } },
  { name: "thinking, a budget", options: { thinkingBudget: 4000 } },
  { name: "thinking off", options: { reasoning: "off" } },
  { name: "a tool that is forced", context: () => ({ tools: [TOOL] }), options: { toolChoice: "required" } },
  {
    name: "one tool by name",
    context: () => ({ tools: [TOOL] }),
    options: { toolChoice: { name: "weather" } as never },
  },
  { name: "no parallel tools", context: () => ({ tools: [TOOL] }), options: { parallelToolCalls: false } },
  {
    name: "output of a schema",
    options: { output: { type: "jsonSchema", name: "a", schema: SCHEMA, strict: true } },
    details: /^options\.output\./,
  },
  {
    name: "output of any JSON",
    // Hosts want a prompt that speaks of it.
    context: () => ({ systemPrompt: "Answer with JSON." }),
    options: { output: { type: "json" } },
  },
  { name: "verbosity", options: { verbosity: "low" } },
  { name: "log probabilities", options: { logprobs: 2 } },
  { name: "service tier", options: { serviceTier: "priority" } },
  { name: "id of the user", options: { user: "u1" } },
  { name: "metadata", options: { metadata: { a: "b" } } },
]

/** A plain tool is carried everywhere, less what only one vendor's client asks for with it and what its schema loses. */
const PLAIN: Feature = { name: "", context: () => ({ tools: [TOOL] }) }

/** What of an answer there may be besides its text. */
interface AnswerFeature {
  name: string
  content?: Block[]
  stop?: StopDetails
  more?: Partial<AssistantMessage>
}

const OPAQUE = { value: "c2VhbGVk", issuer: { api: "mock", provider: "mock", model: "mock" } }
const CALL = { type: "toolCall", id: "call_1", name: "weather", arguments: { city: "Rome" } } as const
const ANSWER: readonly AnswerFeature[] = [
  { name: "thinking", content: [{ type: "thinking", thinking: "hm" }] },
  { name: "thinking's signature", content: [{ type: "thinking", thinking: "hm", signature: OPAQUE }] },
  { name: "hidden thinking", content: [{ type: "redactedThinking", data: OPAQUE }] },
  { name: "text's signature", content: [{ type: "text", text: "a", signature: OPAQUE }] },
  { name: "tool call", content: [CALL] },
  { name: "tool call's signature", content: [{ ...CALL, signature: OPAQUE }] },
  {
    name: "picture",
    content: [{ type: "image", source: { data: PNG, mimeType: "image/png" } } as Block],
  },
  {
    name: "citations",
    content: [
      {
        type: "text",
        text: "a",
        citations: [{ type: "url_citation", url: "https://x.example", title: "x", start_index: 0, end_index: 1 }],
      },
    ],
  },
  { name: "a provider's own item", content: [{ type: "native", api: "some-wire", item: { type: "search" } }] },
  { name: "refusal", stop: { type: "refusal", explanation: "I cannot." } },
  { name: "a turn that goes on", stop: { type: "pause_turn" } },
  { name: "stop sequence that was met", stop: { type: "stop_sequence", sequence: "END" } },
  { name: "cut at the cap", more: { stopReason: "length" } },
]

type Mark = "yes" | "like" | "no" | "more" | "refused"
const SIGNS: Readonly<Record<Mark, string>> = { yes: "✓", like: "≈", no: "–", more: "+", refused: "✗" }
const ORDER: readonly Loss["kind"][] = ["dropped", "approximated", "injected"]

/** The worst of what was lost beyond what is lost anyway. */
function markOf(losses: readonly Loss[], anyway: readonly Loss[], details?: RegExp): Mark {
  const own = losses.filter(({ field, reason }) => !anyway.some((one) => one.field === field && one.reason === reason))
  const kinds = own.map(({ field, kind }) => (details?.test(field) ? "approximated" : kind))
  const kind = ORDER.find((one) => kinds.includes(one))
  if (kind === undefined) return "yes"
  return kind === "dropped" ? "no" : kind === "approximated" ? "like" : "more"
}

function requestOf(feature: Feature, own: Model): { context: Context; options: CallOptions } {
  // Marks that our own client would set by itself are no words of the feature.
  return {
    context: { messages: [HI], ...feature.context?.(own) },
    options: { cacheRetention: "none", ...feature.options },
  }
}

/** The call that a client of a wire makes of a feature; `undefined` where the wire has no words for it. */
function inboundCall(feature: Feature, client: Host, server: WireServer): InboundCall | undefined {
  const bare = requestOf(PLAIN, client.model)
  const plain = client.wire.encode(callTo(client, bare.context, bare.options)).losses
  const { context, options } = requestOf(feature, client.model)
  const call = callTo(client, context, options)
  const request = client.wire.encode(call)
  const losses = [...(call.handedOver ?? []), ...request.losses]
  const spoken = markOf(
    losses.filter(({ field }) => !feature.details?.test(field)),
    plain,
  )
  if (spoken === "no" || spoken === "like") return undefined
  const route = server.routes.find(({ op }) => op === "generate")
  return server.accept({
    route: route?.path ?? "",
    params: { model: client.model.id, call: `${client.model.id}:generateContent` },
    query: new URLSearchParams(),
    headers: new Headers({ "content-type": "application/json" }),
    body: JSON.parse(JSON.stringify(request.body)),
    raw: new TextEncoder().encode(JSON.stringify(request.body)),
  })
}

/** What is lost of a call on its way to a host. */
function lossesOf(inbound: InboundCall, host: Host): readonly Loss[] | undefined {
  const call = callTo(host, inbound.context, inbound.options)
  try {
    return [...inbound.losses, ...(call.handedOver ?? []), ...host.wire.encode(call).losses]
  } catch {
    return undefined
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`
  return [line(head), line(head.map((_cell, i) => (i === 0 ? "---" : ":---:"))), ...rows.map(line)].join("\n")
}

function requests(server: WireServer, client: Host, hosts: readonly Host[]): string {
  const plain = inboundCall(PLAIN, client, server)
  const rows = REQUEST.flatMap((feature) => {
    const inbound = inboundCall(feature, client, server)
    if (!inbound || !plain) return []
    const marks = hosts.map((host) => {
      const losses = lossesOf(inbound, host)
      return losses ? markOf(losses, lossesOf(plain, host) ?? [], feature.details) : "refused"
    })
    return [[feature.name, ...marks.map((mark) => SIGNS[mark])]]
  })
  return table(["", ...hosts.map(({ model }) => `\`${model.api}\``)], rows)
}

function answers(servers: readonly WireServer[], clients: ReadonlyMap<string, Host>): string {
  const rows = ANSWER.map(({ name, content = [], stop, more }) => {
    const marks = servers.map((server) => {
      const client = clients.get(server.api) as Host
      const inbound = inboundCall({ name: "" }, client, server) as InboundCall
      const responder = server.responder(inbound, mint)
      const host: Model = { ...client.model, api: "mock", provider: "mock", id: "mock" }
      responder.whole(
        answerOf(host, [{ type: "text", text: "a" }, ...content], { ...(stop ? { stopDetails: stop } : {}), ...more }),
      )
      return SIGNS[markOf(responder.losses, [])]
    })
    return [name, ...marks]
  })
  return table(["", ...servers.map(({ api }) => `\`${api}\``)], rows)
}

/** The whole page. */
export async function lossMatrix(): Promise<string> {
  const hosts = await Promise.all(HOSTS.map(hostOf))
  const clients = new Map(hosts.map((host) => [host.model.api, host]))
  const parts = [
    "# Translations",
    "What the gateway carries from a client's wire to a host's, and back, where the two differ. A request of a client whose host speaks the same wire is passed on as it is. Each cell is what the wires report themselves (`losses` of a message); the page is written by `npm run translations`.",
    "✓ carried · ≈ carried in another form · – left out · + needs something added · ✗ refused. Hosts are the vendors' own, each with a model that can do most of its wire; a host with fewer features loses more, and says so.",
    "## Requests",
  ]
  for (const server of SERVERS) {
    const client = clients.get(server.api)
    if (!client) throw new Error(`There is no host that speaks ${server.api}.`)
    parts.push(`### From \`${server.api}\``, requests(server, client, hosts))
  }
  parts.push(
    "What a wire, or the model that its client knows, has no words for is not in its table.",
    "## Answers",
    "An answer of another wire, as the client is told of it. What thinking is signed with and what is hidden of it, the gateway keeps itself for clients that do not send it back ([how](gateway.md#thinking)):",
    answers(SERVERS, clients),
  )
  return parts.join("\n\n") + "\n"
}

if (isProgram(import.meta.url)) writeFileSync(PAGE, await lossMatrix())
