import type { Message } from "@sluice/ai"
import type { MockCall } from "@sluice/ai/mock"
import type { SeenRequest } from "@sluice/testkit/emulators"

/** What a peer behind the gateway was asked, whatever wire it speaks. */
export interface Asked {
  model: string
  stream: boolean
  /** All instructions in one text. */
  system: string
  /** What the user said in each turn. */
  said: string[]
  /** Names of the tools that are offered. */
  tools: string[]
  /** The tool that must be called. */
  forced?: unknown
  /** Tool calls of the conversation so far. */
  calls: { id: string; name: string; arguments: unknown }[]
  /** Results of tools in the conversation so far. */
  results: { id: string; text: string }[]
  /** JSON Schema that the answer must fit. */
  schema?: unknown
  /** The asker left before the answer's end. */
  left: boolean
}

type Fields = Record<string, unknown>

export function askedOfMock(call: MockCall): Asked {
  const { context, options } = call
  const { systemPrompt = [] } = context
  const blocks = context.messages.flatMap((message) => (message.role === "assistant" ? message.content : []))
  return {
    model: call.model.id,
    stream: call.stream,
    system: [textOf(systemPrompt), ...texts(context.messages, "developer")].join("\n"),
    said: texts(context.messages, "user"),
    tools: (context.tools ?? []).flatMap((tool) => ("name" in tool ? [tool.name] : [])),
    forced: typeof options.toolChoice === "object" ? options.toolChoice.name : undefined,
    calls: blocks.flatMap((block) =>
      block.type === "toolCall" ? [{ id: block.id, name: block.name, arguments: block.arguments }] : [],
    ),
    results: context.messages.flatMap((message) =>
      message.role === "toolResult" ? [{ id: message.toolCallId, text: textOf(message.content) }] : [],
    ),
    schema: options.output?.type === "jsonSchema" ? options.output.schema : undefined,
    left: call.cancelled,
  }
}

export function askedOfChat(request: SeenRequest): Asked {
  const body = request.json as Fields
  const messages = list(body["messages"])
  const of = (...roles: string[]): Fields[] => messages.filter((message) => roles.includes(String(message["role"])))
  const format = body["response_format"] as { json_schema?: { schema?: unknown } } | undefined
  return {
    model: String(body["model"]),
    stream: body["stream"] === true,
    system: of("system", "developer").map(contentOf).join("\n"),
    said: of("user").map(contentOf),
    tools: list(body["tools"]).map((tool) => String((tool["function"] as Fields)["name"])),
    forced: (body["tool_choice"] as { function?: Fields } | undefined)?.function?.["name"],
    calls: of("assistant")
      .flatMap((message) => list(message["tool_calls"]))
      .map((call) => {
        const made = call["function"] as { name: string; arguments: string }
        return { id: String(call["id"]), name: made.name, arguments: JSON.parse(made.arguments) as unknown }
      }),
    results: of("tool").map((message) => ({ id: String(message["tool_call_id"]), text: contentOf(message) })),
    schema: format?.json_schema?.schema,
    left: request.abortedAtMs !== undefined,
  }
}

export function askedOfMessages(request: SeenRequest): Asked {
  const body = request.json as Fields
  const messages = list(body["messages"])
  const blocks = (role: string, type: string): Fields[] =>
    messages
      .filter((message) => message["role"] === role && Array.isArray(message["content"]))
      .flatMap((message) => list(message["content"]))
      .filter((block) => block["type"] === type)
  const config = body["output_config"] as { format?: { schema?: unknown } } | undefined
  return {
    model: String(body["model"]),
    stream: body["stream"] === true,
    system: [textOf(body["system"]), ...messages.filter((message) => message["role"] === "system").map(contentOf)].join(
      "\n",
    ),
    said: messages
      .filter((message) => message["role"] === "user")
      .map(contentOf)
      .filter((text) => text !== ""),
    tools: list(body["tools"]).map((tool) => String(tool["name"])),
    forced: (body["tool_choice"] as Fields | undefined)?.["name"],
    calls: blocks("assistant", "tool_use").map((block) => ({
      id: String(block["id"]),
      name: String(block["name"]),
      arguments: block["input"],
    })),
    results: blocks("user", "tool_result").map((block) => ({
      id: String(block["tool_use_id"]),
      text: textOf(block["content"]),
    })),
    schema: config?.format?.schema,
    left: request.abortedAtMs !== undefined,
  }
}

function texts(messages: readonly Message[], role: Message["role"]): string[] {
  return messages.filter((message) => message.role === role).map((message) => textOf(message.content))
}

function contentOf(message: Fields): string {
  return textOf(message["content"])
}

/** The text of content, which every wire spells as a text or as a list of parts. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content
  return list(content)
    .map((part) => (typeof part === "string" ? part : part["type"] === "text" ? String(part["text"]) : ""))
    .filter((text) => text !== "")
    .join("\n")
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : []
}
