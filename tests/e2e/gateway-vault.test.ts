import { keySource, type Model } from "@sluice/ai"
import { resolveModel } from "@sluice/catalog"
import {
  anthropicMessagesEmulator,
  type EmulatedAnswer,
  googleEmulator,
  type LoopbackServer,
  openaiChatEmulator,
  openaiResponsesEmulator,
} from "@sluice/testkit/emulators"
import OpenAI from "openai"
import { describe, expect, onTestFinished, test } from "vitest"
import { latest, startGateway, type TestGateway } from "../support/gateway.ts"

const TOOLS: OpenAI.ChatCompletionTool[] = [
  {
    type: "function",
    function: {
      name: "weather",
      description: "The weather of a city.",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  },
]

const THINKS: EmulatedAnswer = {
  thinking: "A city was named.\n\nSo the weather there.",
  text: "Let me look.",
  toolCalls: [{ name: "weather", arguments: { city: "Rome", unit: "C" } }],
}
const SAYS: EmulatedAnswer = { thinking: "Easy.", text: "It is sunny." }

type Fields = Record<string, unknown>

/** What a host is given back of what it signed, in requests by their number. */
type Replayed = (body: Fields) => string[]

interface Vendor {
  name: string
  model: string
  api?: string
  /** The same wire and vendor, another model. */
  other: string
  compat?: Model["compat"]
  path: string
  start(script: (request: { json?: unknown }) => EmulatedAnswer): Promise<LoopbackServer>
  /** Why it refuses a request that its emulator takes. */
  refuses?: (body: Fields) => string | undefined
  replayed: Replayed
}

const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : [])

const VENDORS: readonly Vendor[] = [
  {
    name: "Claude, which demands its signature in a loop of tools",
    model: "anthropic/claude-sonnet-4-5",
    other: "anthropic/claude-opus-4-5",
    path: "",
    start: (script) => anthropicMessagesEmulator({ script }),
    replayed: (body) =>
      listOf(body["messages"]).flatMap(({ content }) =>
        listOf(content).flatMap(({ type, signature, thinking }) =>
          type === "thinking" && signature ? [`${String(thinking)} ${String(signature)}`] : [],
        ),
      ),
  },
  {
    name: "Gemini 3, which demands the signatures of its calls",
    model: "google/gemini-3.1-pro-preview",
    other: "google/gemini-3-flash-preview",
    path: "/v1beta",
    start: (script) => googleEmulator({ script }),
    replayed: (body) =>
      listOf(body["contents"]).flatMap(({ parts }) =>
        listOf(parts).flatMap(({ thoughtSignature: signature }) =>
          typeof signature === "string" && !signature.startsWith("skip_") ? [signature] : [],
        ),
      ),
  },
  {
    name: "a model of OpenAI's, whose reasoning is encrypted",
    model: "openai/gpt-5.5",
    api: "openai-responses",
    other: "openai/gpt-5.4",
    path: "/v1",
    start: (script) => openaiResponsesEmulator({ script }),
    replayed: (body) =>
      listOf(body["input"]).flatMap(({ encrypted_content: encrypted }) =>
        typeof encrypted === "string" ? [encrypted] : [],
      ),
  },
]

/** A host that wants `reasoning_content` back in every turn with calls, and refuses the request else. */
const WANTS_THINKING: Vendor = {
  name: "a host that wants `reasoning_content` back",
  model: "deepseek/deepseek-v4-pro",
  api: "openai-completions",
  other: "deepseek/deepseek-v4-flash",
  path: "/v1",
  // It takes what it does not know, and thinks whatever its name.
  start: (script) => openaiChatEmulator({ script, strictFields: false, thinks: () => true }),
  refuses: (body) =>
    listOf(body["messages"]).some((message) => message["tool_calls"] !== undefined && !message["reasoning_content"])
      ? "The `reasoning_content` in the thinking mode must be passed back to the API."
      : undefined,
  replayed: (body) =>
    listOf(body["messages"]).flatMap(({ reasoning_content: thinking }) =>
      typeof thinking === "string" && thinking !== "" ? [thinking] : [],
    ),
}

interface Stage {
  gateway: TestGateway
  model: string
  other: string
  client(key: string): OpenAI
  /** The body of a request that the host took. */
  asked(n: number): Fields
  /** The body of the last request, whether the host took it or not. */
  seen(): Fields
}

async function stage(
  vendor: Vendor,
  answers: readonly EmulatedAnswer[],
  options: Parameters<typeof startGateway>[1] = {},
): Promise<Stage> {
  let n = 0
  const bodies: Fields[] = []
  const host = await vendor.start(({ json }) => {
    const body = json as Fields
    bodies.push(body)
    const message = vendor.refuses?.(body)
    return message === undefined ? (answers[n++] ?? SAYS) : { error: { status: 400, message } }
  })
  onTestFinished(() => host.close())
  const known = async (name: string): Promise<Model> => {
    const model = await resolveModel(name, vendor.api === undefined ? {} : { api: vendor.api })
    return { ...model, baseUrl: host.url + vendor.path, compat: { ...model.compat, ...vendor.compat } }
  }
  const hosts: Record<string, { api: Model["api"]; url: string; model: Model }> = {}
  for (const name of ["model", "other"] as const) {
    const model = await known(vendor[name])
    hosts[name] = { api: model.api, url: model.baseUrl, model }
  }
  const gateway = await startGateway(hosts, { credentials: keySource("host-key"), ...options })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return {
    gateway,
    model: "model/x",
    other: "other/x",
    client: (apiKey) => new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 }),
    asked: (index) => bodies.at(index) as Fields,
    seen: () => host.requests.findLast(({ method }) => method === "POST")?.json as Fields,
  }
}

const QUESTION: OpenAI.ChatCompletionMessageParam = { role: "user", content: "What is the weather in Rome?" }

/** Asks, streamed or not, and keeps of the answer what the API's own documents name, and nothing else. */
async function ask(
  client: OpenAI,
  model: string,
  messages: OpenAI.ChatCompletionMessageParam[],
  streamed = true,
): Promise<OpenAI.ChatCompletionAssistantMessageParam> {
  const body = { model, messages, tools: TOOLS, reasoning_effort: "high" as const }
  const message = streamed
    ? await client.chat.completions.stream(body).finalMessage()
    : (await client.chat.completions.create(body)).choices[0]?.message
  const { content, tool_calls: calls } = message as OpenAI.ChatCompletionMessage
  return {
    role: "assistant",
    // As clients do: white space at the ends is cut, and arguments are parsed and written anew.
    content: content?.trim() ?? null,
    ...(calls
      ? {
          tool_calls: calls.map((call) => {
            if (call.type !== "function") throw new Error("A call of a function was expected.")
            const { city, ...rest } = JSON.parse(call.function.arguments) as Fields
            return {
              id: call.id,
              type: "function",
              function: { name: call.function.name, arguments: JSON.stringify({ ...rest, city }, null, 1) },
            }
          }),
        }
      : {}),
  }
}

function resultOf(answer: OpenAI.ChatCompletionAssistantMessageParam): OpenAI.ChatCompletionMessageParam[] {
  return (answer.tool_calls ?? []).map((call) => ({ role: "tool", tool_call_id: call.id, content: "sunny" }))
}

const restoredIn = async ({ gateway }: Stage): Promise<string[]> => {
  const [entry] = await latest(gateway, 1)
  return (entry?.losses ?? []).flatMap(({ kind, field }) => (kind === "restored" ? [field] : []))
}

describe.each([...VENDORS, WANTS_THINKING].map((vendor) => [vendor.name, vendor] as const))(
  "a client of chat that keeps standard fields alone, before %s",
  (_name, vendor) => {
    test.each([true, false])("gets on with its loop of tools (streamed: %s)", async (streamed) => {
      const at = await stage(vendor, [THINKS, THINKS, SAYS])
      const client = at.client(at.gateway.key)
      const messages: OpenAI.ChatCompletionMessageParam[] = [QUESTION]
      const first = await ask(client, at.model, messages, streamed)
      messages.push(first, ...resultOf(first))
      const second = await ask(client, at.model, messages, streamed)
      const once = vendor.replayed(at.asked(1))
      expect(once).toHaveLength(1)
      expect(await restoredIn(at)).toEqual(["messages[1]"])
      messages.push(second, ...resultOf(second))
      const third = await ask(client, at.model, messages, streamed)
      expect(third.content).toBe("It is sunny.")
      const twice = vendor.replayed(at.asked(2))
      expect(twice).toHaveLength(2)
      expect(twice[0]).toBe(once[0])
      expect(await restoredIn(at)).toEqual(["messages[1]", "messages[3]"])
    })

    test("gets nothing of another client's answers", async () => {
      const at = await stage(vendor, [THINKS, SAYS])
      const { secret } = await at.gateway.gateway.keys.create("another")
      const first = await ask(at.client(at.gateway.key), at.model, [QUESTION])
      await ask(at.client(secret), at.model, [QUESTION, first, ...resultOf(first)]).catch(() => {})
      expect(JSON.stringify(at.seen())).toContain("sunny")
      expect(vendor.replayed(at.seen())).toEqual([])
      expect(await restoredIn(at)).toEqual([])
    })

    test("gets nothing for another model", async () => {
      const at = await stage(vendor, [THINKS, SAYS])
      const client = at.client(at.gateway.key)
      const first = await ask(client, at.model, [QUESTION])
      await ask(client, at.other, [QUESTION, first, ...resultOf(first)]).catch(() => {})
      expect(JSON.stringify(at.seen())).toContain("sunny")
      expect(vendor.replayed(at.seen())).toEqual([])
      expect(await restoredIn(at)).toEqual([])
    })

    test("goes without where nothing is kept", async () => {
      const at = await stage(vendor, [THINKS, SAYS], { keepThinkingMs: 0 })
      const client = at.client(at.gateway.key)
      const first = await ask(client, at.model, [QUESTION])
      await ask(client, at.model, [QUESTION, first, ...resultOf(first)]).catch(() => {})
      expect(JSON.stringify(at.seen())).toContain("sunny")
      expect(vendor.replayed(at.seen())).toEqual([])
    })

    test("gets it in the same bytes each time it asks", async () => {
      const at = await stage(vendor, [THINKS, SAYS, SAYS])
      const client = at.client(at.gateway.key)
      const first = await ask(client, at.model, [QUESTION])
      const messages = [QUESTION, first, ...resultOf(first)]
      await ask(client, at.model, messages)
      await ask(client, at.model, messages)
      expect(at.asked(2)).toEqual(at.asked(1))
      expect(vendor.replayed(at.asked(2))).toHaveLength(1)
    })
  },
)

describe("clients of other wires", () => {
  const [claude, gemini] = VENDORS as [Vendor, Vendor, Vendor]
  const TOOL = {
    name: "weather",
    description: "The weather.",
    parameters: TOOLS[0]?.type === "function" ? TOOLS[0].function.parameters : {},
  }

  test("one of Ollama's that drops ids gets what Claude has signed", async () => {
    const at = await stage(claude, [THINKS, SAYS])
    const tools = [{ type: "function", function: TOOL }]
    const messages: Fields[] = [{ role: "user", content: "What is the weather in Rome?" }]
    const asking = { model: at.model, tools, stream: false, think: true }
    const first = (await (await at.gateway.post("/api/chat", { ...asking, messages })).json()) as { message: Fields }
    const { content, tool_calls: calls } = first.message
    const bare = listOf(calls).map(({ function: made }) => {
      const { name, arguments: args } = made as Fields
      return { function: { name, arguments: args } }
    })
    messages.push(
      { role: "assistant", content, tool_calls: bare },
      { role: "tool", tool_name: "weather", content: "sunny" },
    )
    const second = await at.gateway.post("/api/chat", { ...asking, messages })
    expect(second.status).toBe(200)
    expect(await second.json()).toMatchObject({ message: { content: "It is sunny." } })
    expect(claude.replayed(at.asked(1))).toHaveLength(1)
    expect(await restoredIn(at)).toEqual(["messages[1]"])
  })

  /** The messages of a client of Anthropic's, with what it keeps of each answer. */
  async function converse(at: Stage, keep: (block: Fields) => boolean): Promise<Fields[]> {
    const { name, description, parameters } = TOOL
    const tools = [{ name, description, input_schema: parameters }]
    const messages: Fields[] = [{ role: "user", content: "What is the weather in Rome?" }]
    const thinking = { type: "enabled", budget_tokens: 2000 }
    const asking = { model: at.model, max_tokens: 4000, tools, thinking }
    const first = await at.gateway.post("/v1/messages", { ...asking, messages })
    const { content } = (await first.json()) as { content: Fields[] }
    const calls = content.filter(({ type }) => type === "tool_use")
    messages.push(
      { role: "assistant", content: content.filter(keep) },
      { role: "user", content: calls.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: "sunny" })) },
    )
    const second = await at.gateway.post("/v1/messages", { ...asking, messages })
    expect(second.status).toBe(200)
    return content
  }

  test("one of Anthropic's keeps what Gemini has signed, sealed ahead of the call", async () => {
    const at = await stage(gemini, [THINKS, SAYS])
    const content = await converse(at, () => true)
    expect(content.map(({ type }) => type)).toEqual(["thinking", "text", "redacted_thinking", "tool_use"])
    expect(gemini.replayed(at.asked(1))).toHaveLength(1)
    expect(await restoredIn(at)).toEqual([])
  })

  test("one of Anthropic's that keeps no thinking gets it back", async () => {
    const at = await stage(gemini, [THINKS, SAYS])
    await converse(at, ({ type }) => type === "text" || type === "tool_use")
    expect(gemini.replayed(at.asked(1))).toHaveLength(1)
    expect(await restoredIn(at)).toEqual(["messages[1]"])
  })

  test("what was sealed for another model never reaches a host of the client's own wire", async () => {
    const host = await anthropicMessagesEmulator({ script: [SAYS] })
    onTestFinished(() => host.close())
    const gateway = await startGateway({
      own: { api: "anthropic-messages", url: host.url, model: { compat: { messages: { keyHeader: "x-api-key" } } } },
    })
    onTestFinished(() => gateway[Symbol.asyncDispose]())
    const at = await stage(gemini, [THINKS])
    const first = await at.gateway.post("/v1/messages", {
      model: at.model,
      max_tokens: 4000,
      tools: [{ name: TOOL.name, input_schema: TOOL.parameters }],
      messages: [{ role: "user", content: "hi" }],
    })
    const { content } = (await first.json()) as { content: Fields[] }
    const results = content.flatMap(({ type, id }) =>
      type === "tool_use" ? [{ type: "tool_result", tool_use_id: id, content: "sunny" }] : [],
    )
    const response = await gateway.post("/v1/messages", {
      model: "own/m",
      max_tokens: 4000,
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content },
        { role: "user", content: results },
      ],
    })
    expect(response.status).toBe(200)
    expect(host.requests.at(-1)?.body).not.toContain("c2x1aWNl")
    const [entry] = await latest(gateway, 1)
    expect(entry?.relayed).toBe(false)
    expect(entry?.losses).toContainEqual(
      expect.objectContaining({ kind: "dropped", field: expect.stringMatching(/signature$/) }),
    )
  })
})

test("a client that wants nothing changed is served, and told in a header what was put back", async () => {
  const at = await stage(WANTS_THINKING, [THINKS, SAYS])
  const client = at.client(at.gateway.key)
  const first = await ask(client, at.model, [QUESTION])
  const messages = [QUESTION, first, ...resultOf(first)]
  const body = { model: at.model, messages, tools: TOOLS }
  const response = await at.gateway.post("/v1/chat/completions", body, { headers: { "x-sluice-strict": "true" } })
  expect(response.status).toBe(200)
  expect(response.headers.get("x-sluice-losses")).toContain("restored messages[1]")
})

describe("bytes that pass", () => {
  test("pass still, unless the host insists on thinking that clients leave out", async () => {
    const relays = async (vendor: Vendor, options: Parameters<typeof startGateway>[1] = {}): Promise<unknown> => {
      const at = await stage(vendor, [SAYS], options)
      const body = { model: at.model, messages: [QUESTION], tools: TOOLS }
      await (await at.gateway.post("/v1/chat/completions", body)).text()
      return (await latest(at.gateway, 1))[0]?.relayed
    }
    const plain: Vendor = { ...WANTS_THINKING, model: "openai/gpt-5.5", other: "openai/gpt-5.4" }
    // What leaks into texts keeps calls from passing too; here it does not.
    const compat = { heal: [] }
    const kimi: Vendor = { ...WANTS_THINKING, model: "fireworks/accounts/fireworks/models/kimi-k2p5", compat }
    expect(await relays(plain)).toBe(true)
    expect(await relays(kimi)).toBe(false)
    expect(await relays(kimi, { keepThinkingMs: 0 })).toBe(true)
  })
})
