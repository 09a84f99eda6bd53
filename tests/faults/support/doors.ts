import { startGateway, type Hosts, type TestGateway } from "../../support/gateway.ts"
import { DOOR_WIRES, type DoorWireCase } from "./wires.ts"

/** A way into the gateway, as its clients see it. A new inbound wire is one more row of `DOORS`. */
export interface Door {
  name: string
  path(model: string, stream?: boolean): string
  /** A model is named in the path, and not in the body. */
  modelInPath?: true
  /** Name of its wire. */
  api: string
  /** The wire of the hosts to which bytes may pass as they are. */
  host: DoorWireCase["host"] | "responses" | "google" | "ollama"
  body(model: string, more?: object): Record<string, unknown>
  /** Fields of a request that uses nearly all there is: settings, a tool, a conversation with a call and its result. */
  full: Record<string, unknown>
  /** A tool whose parameters are this JSON, as JSON. */
  tool(parameters: string): string
  /** The event after which a client takes its answer for complete. */
  isFinal(event: ClientEvent): boolean
  /** An event that gives the reason why the answer ends. */
  isReason(event: ClientEvent): boolean
  isError(event: ClientEvent): boolean
  textOf(event: ClientEvent): string
  /** The message of an error body in the client's shape; `undefined` for any other body. */
  messageOf(body: unknown): string | undefined
  /** Reads a stream as a strict client does. @throws Error for what no client could read. Default: as events */
  read?(text: string): ClientEvent[]
}

/** An event as it stands on the line. */
export interface ClientEvent {
  event?: string
  data: string
  /** `undefined` for `[DONE]`. */
  json: Record<string, never> | undefined
}

type Loose = { [name: string]: Loose } & Loose[] & string
const dig = (event: ClientEvent): Loose => (event.json ?? {}) as unknown as Loose

export const DOORS: readonly Door[] = [
  {
    name: "Chat Completions",
    path: () => "/v1/chat/completions",
    api: "openai-completions",
    host: "chat",
    body: (model, more = {}) => ({ model, messages: [{ role: "user", content: "hi" }], ...more }),
    full: {
      stop: ["x"],
      metadata: { user_id: "u" },
      tools: [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } }],
      tool_choice: "auto",
      max_completion_tokens: 9,
      response_format: { type: "text" },
      stream_options: { include_usage: true },
      reasoning_effort: "low",
      parallel_tool_calls: true,
      seed: 1,
      logprobs: true,
      logit_bias: { "1": 1 },
      functions: [],
      modalities: ["text"],
      audio: { voice: "x", format: "wav" },
      prediction: { type: "content", content: "x" },
      verbosity: "low",
      messages: [
        { role: "user", content: [{ type: "text", text: "hi" }] },
        {
          role: "assistant",
          content: "a",
          tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "c1", content: "r" },
      ],
    },
    tool: (parameters) => `{"type":"function","function":{"name":"f","parameters":${parameters}}}`,
    isFinal: (event) => event.data === "[DONE]",
    isReason: (event) => typeof dig(event)["choices"]?.[0]?.["finish_reason"] === "string",
    isError: (event) => typeof dig(event)["error"]?.["message"] === "string",
    textOf: (event) => dig(event)["choices"]?.[0]?.["delta"]?.["content"] ?? "",
    messageOf: (body) => (body as { error?: { message?: string } } | undefined)?.error?.message,
  },
  {
    name: "Messages",
    path: () => "/v1/messages",
    api: "anthropic-messages",
    host: "messages",
    body: (model, more = {}) => ({ model, max_tokens: 1000, messages: [{ role: "user", content: "hi" }], ...more }),
    full: {
      stop: ["x"],
      metadata: { user_id: "u" },
      tools: [{ name: "f", description: "d", input_schema: { type: "object" } }],
      tool_choice: { type: "auto" },
      system: [{ type: "text", text: "s", cache_control: { type: "ephemeral" } }],
      top_k: 5,
      stop_sequences: ["x"],
      thinking: { type: "enabled", budget_tokens: 1024 },
      output_config: { effort: "low" },
      context_management: { edits: [] },
      mcp_servers: [],
      container: "c",
      messages: [
        { role: "user", content: [{ type: "text", text: "hi" }] },
        { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "f", input: {} }] },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: "c1", content: [{ type: "text", text: "r" }] }],
        },
      ],
    },
    tool: (parameters) => `{"name":"f","input_schema":${parameters}}`,
    isFinal: (event) => event.event === "message_stop",
    isReason: (event) => typeof dig(event)["delta"]?.["stop_reason"] === "string",
    isError: (event) => event.event === "error" && typeof dig(event)["error"]?.["message"] === "string",
    textOf: (event) => dig(event)["delta"]?.["text"] ?? "",
    messageOf: (body) => {
      const { type, error } = (body ?? {}) as { type?: string; error?: { type?: string; message?: string } }
      return type === "error" && typeof error?.type === "string" ? error.message : undefined
    },
  },
  {
    name: "Responses",
    path: () => "/v1/responses",
    api: "openai-responses",
    host: "responses",
    body: (model, more = {}) => ({ model, input: "hi", ...more }),
    full: {
      instructions: "s",
      metadata: { user_id: "u" },
      tools: [
        { type: "function", name: "f", description: "d", parameters: { type: "object" }, strict: false },
        { type: "custom", name: "g", format: { type: "grammar", syntax: "lark", definition: "start: A" } },
        { type: "web_search" },
      ],
      tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "f" }] },
      max_output_tokens: 9,
      text: { format: { type: "text" }, verbosity: "low" },
      reasoning: { effort: "low", summary: "auto" },
      parallel_tool_calls: true,
      include: ["reasoning.encrypted_content"],
      truncation: "disabled",
      store: false,
      prompt_cache_key: "k",
      safety_identifier: "u",
      client_metadata: { a: "b" },
      input: [
        { type: "message", role: "developer", content: [{ type: "input_text", text: "d" }] },
        { role: "user", content: [{ type: "input_text", text: "hi" }] },
        {
          type: "reasoning",
          id: "rs_1",
          summary: [{ type: "summary_text", text: "hm" }],
          encrypted_content: "sluice.x",
        },
        {
          type: "message",
          id: "msg_1",
          role: "assistant",
          phase: "commentary",
          content: [{ type: "output_text", text: "a", annotations: [], logprobs: [] }],
        },
        { type: "function_call", id: "fc_1", call_id: "c1", name: "f", arguments: "{}" },
        { type: "function_call_output", call_id: "c1", output: [{ type: "input_text", text: "r" }] },
        { type: "custom_tool_call", call_id: "c2", name: "g", input: "x" },
        { type: "custom_tool_call_output", call_id: "c2", output: "r" },
      ],
    },
    tool: (parameters) => `{"type":"function","name":"f","parameters":${parameters}}`,
    isFinal: (event) => event.event === "response.completed" || event.event === "response.incomplete",
    isReason: (event) => event.event === "response.completed" || event.event === "response.incomplete",
    isError: (event) =>
      (event.event === "error" && typeof dig(event)["error"]?.["message"] === "string") ||
      (event.event === "response.failed" && typeof dig(event)["response"]?.["error"]?.["message"] === "string"),
    textOf: (event) => (event.event === "response.output_text.delta" ? (dig(event)["delta"] ?? "") : ""),
    messageOf: (body) => (body as { error?: { message?: string } } | undefined)?.error?.message,
  },
  {
    name: "Gemini",
    path: (model, stream) =>
      `/v1beta/models/${encodeURIComponent(model)}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    modelInPath: true,
    api: "google-generative-ai",
    host: "google",
    body: (_model, { stream: _stream, ...more }: { stream?: unknown } = {}) => ({
      contents: [{ role: "user", parts: [{ text: "hi" }] }],
      ...more,
    }),
    full: {
      systemInstruction: { parts: [{ text: "s" }] },
      tools: [
        { functionDeclarations: [{ name: "f", description: "d", parameters: { type: "OBJECT" } }] },
        { googleSearch: {} },
      ],
      toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f"] }, retrievalConfig: {} },
      safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" }],
      serviceTier: "priority",
      labels: { a: "b" },
      generationConfig: {
        temperature: 1,
        maxOutputTokens: 9,
        candidateCount: 1,
        stopSequences: ["x"],
        responseMimeType: "application/json",
        responseSchema: { type: "OBJECT", properties: { a: { type: "STRING", nullable: true } } },
        responseLogprobs: true,
        logprobs: 2,
        responseModalities: ["TEXT"],
        thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 },
        speechConfig: {},
      },
      contents: [
        { role: "user", parts: [{ text: "hi" }] },
        {
          role: "model",
          parts: [
            { text: "hm", thought: true, thoughtSignature: "c2ln" },
            { functionCall: { id: "c1", name: "f", args: {} }, thoughtSignature: "c2x1aWNl" },
          ],
        },
        {
          role: "user",
          parts: [
            {
              functionResponse: {
                id: "c1",
                name: "f",
                response: { output: "r" },
                parts: [{ inlineData: { mimeType: "image/png", data: "AA==" } }],
              },
            },
          ],
        },
      ],
    },
    tool: (parameters) => `{"functionDeclarations":[{"name":"f","parameters":${parameters}}]}`,
    isFinal: (event) => typeof dig(event)["candidates"]?.[0]?.["finishReason"] === "string",
    isReason: (event) => typeof dig(event)["candidates"]?.[0]?.["finishReason"] === "string",
    isError: (event) => typeof dig(event)["error"]?.["message"] === "string",
    textOf: (event) => {
      const parts = (dig(event)["candidates"]?.[0]?.["content"]?.["parts"] ?? []) as { text?: string; thought?: true }[]
      return parts.map(({ text, thought }) => (thought ? "" : (text ?? ""))).join("")
    },
    messageOf: (body) => (body as { error?: { message?: string } } | undefined)?.error?.message,
  },
  {
    name: "Ollama",
    path: () => "/api/chat",
    api: "ollama-chat",
    host: "ollama",
    body: (model, more = {}) => ({ model, stream: false, messages: [{ role: "user", content: "hi" }], ...more }),
    full: {
      think: "low",
      format: { type: "object" },
      keep_alive: "5m",
      logprobs: true,
      top_logprobs: 1,
      options: { temperature: 1, top_k: 5, stop: ["x"], num_predict: 9, num_ctx: 100, seed: 1 },
      tools: [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } }],
      tool_choice: { type: "function", function: { name: "f" } },
      messages: [
        { role: "system", content: "s" },
        { role: "user", content: "hi", images: ["iVBORw0KGgo="] },
        {
          role: "assistant",
          content: "a",
          thinking: "hm",
          tool_calls: [{ id: "c1", function: { index: 0, name: "f", arguments: { x: 1 } } }],
        },
        { role: "tool", tool_name: "f", tool_call_id: "c1", content: "r" },
      ],
    },
    tool: (parameters) => `{"type":"function","function":{"name":"f","parameters":${parameters}}}`,
    isFinal: (event) => (event.json as { done?: unknown } | undefined)?.done === true,
    isReason: (event) => typeof dig(event)["done_reason"] === "string",
    isError: (event) => typeof dig(event)["error"] === "string",
    textOf: (event) => dig(event)["message"]?.["content"] ?? "",
    messageOf: (body) => {
      const { error } = (body ?? {}) as { error?: unknown }
      return typeof error === "string" ? error : undefined
    },
    read: strictLines,
  },
]

/** Reads a stream of lines, each of which is an object. @throws Error for one that is none or has no end */
function strictLines(text: string): ClientEvent[] {
  if (text !== "" && !text.endsWith("\n")) throw new Error(`The stream ends within a line: …${text.slice(-120)}`)
  return text
    .split("\n")
    .slice(0, -1)
    .map((data) => ({ data, json: JSON.parse(data) as Record<string, never> }))
}

/** What a strict client of a door reads. */
export function eventsOf(door: Door, text: string): ClientEvent[] {
  return (door.read ?? strictEvents)(text)
}

/** Reads a stream as a strict client does. @throws Error for a line, an event or JSON that no client could read */
function strictEvents(text: string): ClientEvent[] {
  if (text === "") return []
  if (!text.endsWith("\n\n")) throw new Error(`The stream ends within an event: …${JSON.stringify(text.slice(-120))}`)
  return text.split("\n\n").flatMap((block): ClientEvent[] => {
    const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith(":"))
    if (lines.length === 0) return []
    let event: string | undefined
    const data: string[] = []
    for (const line of lines) {
      if (line.startsWith("event: ")) event = line.slice(7)
      else if (line.startsWith("data: ")) data.push(line.slice(6))
      else throw new Error(`A line that is no field: ${JSON.stringify(line)}`)
    }
    const joined = data.join("\n")
    const json = joined === "[DONE]" ? undefined : (JSON.parse(joined) as Record<string, never>)
    return [{ ...(event === undefined ? {} : { event }), data: joined, json }]
  })
}

/** A gateway before one host of each wire. */
export function gatewayTo(
  urls: Readonly<Record<DoorWireCase["host"], string>>,
  options: Parameters<typeof startGateway>[1] = {},
): Promise<TestGateway> {
  const hosts: Record<string, Hosts[string]> = {}
  for (const at of DOOR_WIRES) {
    hosts[at.host] = { api: at.wire.api, url: urls[at.host] + at.base, model: { compat: at.compat } }
  }
  return startGateway(hosts, options)
}

export const PAIRS: readonly (readonly [door: string, host: string, door_: Door, at: DoorWireCase])[] = DOORS.flatMap(
  (door) => DOOR_WIRES.map((at) => [door.name, at.name, door, at] as const),
)
