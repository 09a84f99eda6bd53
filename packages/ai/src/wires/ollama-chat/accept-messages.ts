import { parseArguments } from "../../assemble/json-arguments.ts"
import type {
  AssistantMessage,
  Block,
  Context,
  ImageBlock,
  InputBlock,
  Message,
  ToolCallBlock,
  ToolResultMessage,
} from "../../model/message.ts"
import { isAbsent, optionalList, optionalText, readItem, readText, refuse } from "./accept-readers.ts"
import { typeOfImage } from "./media.ts"
import { THINKING_FIELDS, thinkingIn } from "./thinking-field.ts"
import { API, isObject, type Obj } from "./types.ts"

/** Made-up ids are their places in the conversation, so that the same conversation has the same ids again. */
const ID = "ollama_call_"

interface OpenCall {
  id: string
  name: string
  answered: boolean
}

/**
 * The conversation of a request. System messages at its head are the system prompt, later ones a developer's.
 *
 * @throws SluiceError `invalid_request` with the path of what is at fault
 */
export function acceptMessages(value: unknown): Pick<Context, "messages" | "systemPrompt"> {
  const reader = new MessagesReader()
  optionalList(value, "messages").forEach((entry, index) => reader.read(entry, `messages[${index}]`))
  const { system, messages } = reader
  return { messages, ...(system.length > 0 ? { systemPrompt: system } : {}) }
}

/** Images as the API has them: base64 alone; a data URL, which some clients send, is taken too. */
export function acceptImages(value: unknown, path: string): ImageBlock[] {
  return optionalList(value, path).map((entry, index): ImageBlock => {
    const data = readText(entry, `${path}[${index}]`).replace(/^data:[^,]*,/i, "")
    if (data === "") refuse(`${path}[${index}]`, "must be the data of an image in base64.")
    return { type: "image", source: { data, mimeType: typeOfImage(data) } }
  })
}

class MessagesReader {
  readonly system: string[] = []
  readonly messages: Message[] = []
  /** All calls so far. The API has no ids of its own: a result names its tool, and answers the first call that waits. */
  readonly #calls: OpenCall[] = []
  #head = true

  read(value: unknown, path: string): void {
    const message = readItem(value, path)
    const role = readText(message["role"], `${path}.role`).toLowerCase()
    if (role !== "system" && role !== "developer") this.#head = false
    switch (role) {
      case "system":
      case "developer":
        this.#instructions(message, path)
        break
      case "user":
        this.messages.push({ role: "user", content: said(message, path) })
        break
      case "assistant":
        this.messages.push(this.#answer(message, path))
        break
      case "tool":
        this.messages.push(this.#result(message, path))
        break
      default:
        refuse(`${path}.role`, "must be system, user, assistant or tool.")
    }
  }

  #instructions(message: Obj, path: string): void {
    const content = said(message, path)
    // The system prompt carries text only.
    if (typeof content !== "string") this.#head = false
    if (!this.#head || typeof content !== "string") this.messages.push({ role: "developer", content })
    else if (content !== "") this.system.push(content)
  }

  #answer(message: Obj, path: string): AssistantMessage {
    for (const name of THINKING_FIELDS) optionalText(message[name], `${path}.${name}`)
    const thinking = thinkingIn(message) ?? ""
    const text = optionalText(message["content"], `${path}.content`) ?? ""
    const content: Block[] = []
    if (thinking !== "") content.push({ type: "thinking", thinking })
    if (text !== "") content.push({ type: "text", text })
    const calls = optionalList(message["tool_calls"], `${path}.tool_calls`)
    content.push(...calls.map((call, index) => this.#call(call, `${path}.tool_calls[${index}]`)))
    content.push(...acceptImages(message["images"], `${path}.images`))
    return {
      role: "assistant",
      content,
      api: API,
      provider: "",
      model: "",
      usage: { provenance: "absent" },
      stopReason: calls.length > 0 ? "toolUse" : "stop",
      timestamp: 0,
    }
  }

  #call(value: unknown, path: string): ToolCallBlock {
    const call = readItem(value, path)
    const fn = readItem(call["function"], `${path}.function`)
    const name = readText(fn["name"], `${path}.function.name`)
    const id = optionalText(call["id"], `${path}.id`) || `${ID}${this.#calls.length + 1}`
    this.#calls.push({ id, name, answered: false })
    return { type: "toolCall", id, name, ...acceptArguments(fn["arguments"], `${path}.function.arguments`) }
  }

  #result(message: Obj, path: string): ToolResultMessage {
    const given = optionalText(message["tool_call_id"], `${path}.tool_call_id`)
    const name =
      optionalText(message["tool_name"], `${path}.tool_name`) ?? optionalText(message["name"], `${path}.name`)
    const call = given === undefined || given === "" ? this.#waiting(name) : undefined
    const answered = call ?? this.#calls.findLast(({ id }) => id === given)
    if (answered) answered.answered = true
    const toolName = name || answered?.name
    return {
      role: "toolResult",
      toolCallId: given || (call?.id ?? `${ID}none`),
      ...(toolName === undefined ? {} : { toolName }),
      content: said(message, path),
    }
  }

  /** The call that a result without an id answers: the first of its tool that waits, else the first that waits. */
  #waiting(name: string | undefined): OpenCall | undefined {
    const waiting = this.#calls.filter(({ answered }) => !answered)
    return waiting.find((call) => name !== undefined && call.name === name) ?? waiting[0]
  }
}

/** What a message says: its images, which the API puts before its text, and the text. */
function said(message: Obj, path: string): string | InputBlock[] {
  const text = acceptText(message["content"], `${path}.content`)
  const images = acceptImages(message["images"], `${path}.images`)
  if (images.length === 0) return text
  return text === "" ? images : [...images, { type: "text", text }]
}

function acceptText(value: unknown, path: string): string {
  return isAbsent(value) ? "" : readText(value, path)
}

/** The arguments of a call: an object, or the text of one. What is no JSON stays as it came. */
function acceptArguments(value: unknown, path: string): Pick<ToolCallBlock, "arguments" | "rawArguments"> {
  if (isObject(value)) return { arguments: value }
  const parsed = parseArguments(optionalText(value, path) ?? "")
  return parsed.ok ? { arguments: parsed.value } : { arguments: {}, rawArguments: parsed.text }
}
