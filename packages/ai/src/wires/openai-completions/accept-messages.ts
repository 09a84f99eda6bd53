import type {
  AssistantMessage,
  Block,
  Context,
  Message,
  TextBlock,
  ThinkingBlock,
  ToolCallBlock,
} from "../../model/message.ts"
import type { Lose } from "../openai/accept-fields.ts"
import { invalid, optionalList, optionalString, readArray, readObject, readString } from "../openai/accept-readers.ts"
import { argumentsOf } from "../openai/accept-tool-fields.ts"
import { acceptContent, acceptMark, acceptText } from "./accept-parts.ts"
import { API, isObject, THINKING_FIELDS, type Obj } from "./types.ts"

/** Reads `messages`. System messages at the head are the system prompt, later ones are a developer's. */
export function acceptMessages(value: unknown, model: string, lose: Lose): Pick<Context, "messages" | "systemPrompt"> {
  const list = readArray(value, "messages")
  if (list.length === 0) throw invalid("messages", "expected at least one message")
  const reader = new MessagesReader(model, lose)
  list.forEach((entry, i) => reader.read(entry, `messages[${i}]`))
  return {
    messages: reader.messages,
    ...(reader.system.length > 0 ? { systemPrompt: reader.system } : {}),
  }
}

class MessagesReader {
  readonly messages: Message[] = []
  readonly system: (string | TextBlock)[] = []
  readonly #model: string
  readonly #lose: Lose
  readonly #names = new Map<string, string>()
  #legacyId = ""
  #legacyCount = 0

  constructor(model: string, lose: Lose) {
    this.#model = model
    this.#lose = lose
  }

  read(value: unknown, path: string): void {
    const message = readObject(value, path)
    const role = readString(message["role"], `${path}.role`)
    const content = `${path}.content`
    switch (role) {
      case "system":
        this.#instructions(acceptText(message["content"], content, this.#lose))
        break
      case "developer":
        this.messages.push({
          role: "developer",
          content: plain(acceptContent(message["content"], content, this.#lose)),
        })
        break
      case "user":
        this.messages.push({ role: "user", content: plain(acceptContent(message["content"], content, this.#lose)) })
        break
      case "assistant":
        this.messages.push(this.#assistant(message, path))
        break
      case "tool":
        this.#toolResult(readString(message["tool_call_id"], `${path}.tool_call_id`), message, path)
        break
      case "function":
        this.#toolResult(this.#legacyId, message, path)
        break
      default:
        throw invalid(
          `${path}.role`,
          `expected system, developer, user, assistant, tool or function, got "${role.slice(0, 40)}"`,
        )
    }
  }

  #instructions(blocks: readonly TextBlock[]): void {
    if (blocks.length === 0) return
    if (this.messages.length === 0) {
      for (const block of blocks) this.system.push(block.cache ? block : block.text)
    } else this.messages.push({ role: "developer", content: plain(blocks) })
  }

  #toolResult(toolCallId: string, message: Obj, path: string): void {
    const toolName = optionalString(message["name"], `${path}.name`) ?? this.#names.get(toolCallId)
    const content = message["content"] ?? ""
    this.messages.push({
      role: "toolResult",
      toolCallId,
      ...(toolName === undefined ? {} : { toolName }),
      content: plain(acceptContent(content, `${path}.content`, this.#lose)),
      ...acceptMark(message),
    })
  }

  #assistant(message: Obj, path: string): AssistantMessage {
    const calls = [
      ...optionalList(message["tool_calls"], `${path}.tool_calls`).flatMap((call, i) =>
        this.#toolCall(call, `${path}.tool_calls[${i}]`),
      ),
      ...this.#legacyCall(message["function_call"], `${path}.function_call`),
    ]
    const content: Block[] = [...this.#thinking(message, path, calls)]
    if (message["content"] !== undefined && message["content"] !== null) {
      content.push(...acceptText(message["content"], `${path}.content`, this.#lose))
    }
    const refusal = optionalString(message["refusal"], `${path}.refusal`)
    if (refusal) {
      content.push({ type: "text", text: refusal })
      this.#lose(`${path}.refusal`, "A refusal goes on as text.")
    }
    if (isObject(message["audio"])) this.#lose(`${path}.audio`, "Audio of an earlier answer is known by its host only.")
    return {
      role: "assistant",
      content: [...content, ...calls],
      api: API,
      provider: "",
      model: this.#model,
      usage: { provenance: "absent" },
      stopReason: calls.length > 0 ? "toolUse" : "stop",
      timestamp: 0,
    }
  }

  #thinking(message: Obj, path: string, calls: readonly ToolCallBlock[]): Block[] {
    const details = optionalList(message["reasoning_details"], `${path}.reasoning_details`).filter(isObject)
    const blocks: Block[] = details.flatMap((detail): Block[] => {
      const { text, ...opaque } = detail
      const value = JSON.stringify(opaque)
      if (detail["type"] === "reasoning.encrypted") {
        const call = calls.find(({ id, signature }) => id === detail["id"] && !signature)
        if (!call) return [{ type: "redactedThinking", data: { value } }]
        call.signature = { value }
        return []
      }
      const thinking = typeof text === "string" ? text : typeof detail["summary"] === "string" ? detail["summary"] : ""
      if (thinking === "" && detail["signature"] === undefined) return []
      return [{ type: "thinking", thinking, ...(detail["signature"] === undefined ? {} : { signature: { value } }) }]
    })
    if (blocks.some((block) => block.type === "thinking")) return blocks
    for (const field of THINKING_FIELDS) {
      const thinking = optionalString(message[field], `${path}.${field}`)
      if (thinking === undefined) continue
      if (thinking === "" && message["tool_calls"] === undefined) continue
      const block: ThinkingBlock = { type: "thinking", thinking, field }
      return [block, ...blocks]
    }
    return blocks
  }

  #toolCall(value: unknown, path: string): ToolCallBlock[] {
    const call = readObject(value, path)
    const type = optionalString(call["type"], `${path}.type`) ?? "function"
    const id = readString(call["id"], `${path}.id`)
    if (type === "custom") {
      const custom = readObject(call["custom"], `${path}.custom`)
      const name = readString(custom["name"], `${path}.custom.name`)
      const input = readString(custom["input"], `${path}.custom.input`)
      this.#names.set(id, name)
      return [{ type: "toolCall", id, name, arguments: { input }, custom: true }]
    }
    if (type !== "function") {
      this.#lose(path, `Tool calls of type ${type.slice(0, 40)} are not known.`)
      return []
    }
    const fn = readObject(call["function"], `${path}.function`)
    const name = readString(fn["name"], `${path}.function.name`)
    this.#names.set(id, name)
    const extra = call["extra_content"]
    return [
      {
        type: "toolCall",
        id,
        name,
        ...argumentsOf(fn["arguments"], `${path}.function.arguments`),
        ...(isObject(extra) ? { signature: { value: JSON.stringify({ extra_content: extra }) } } : {}),
      },
    ]
  }

  #legacyCall(value: unknown, path: string): ToolCallBlock[] {
    if (value === undefined || value === null) return []
    const call = readObject(value, path)
    const name = readString(call["name"], `${path}.name`)
    this.#legacyId = `call_function_${++this.#legacyCount}`
    this.#names.set(this.#legacyId, name)
    return [{ type: "toolCall", id: this.#legacyId, name, ...argumentsOf(call["arguments"], `${path}.arguments`) }]
  }
}

/** A single text without a mark as a string. */
function plain<T extends { type: string }>(content: string | readonly T[]): string | readonly T[] {
  if (typeof content === "string" || content.length !== 1) return content
  const [only] = content as readonly { type: string; text?: string; cache?: unknown }[]
  return only?.type === "text" && only.cache === undefined ? (only.text as string) : content
}
