import type { AssistantMessage, Block, InputBlock, Message } from "../../model/message.ts"
import { AnswerReader } from "./accept-answer.ts"
import { acceptInputPart, acceptMedia, isEmpty, native } from "./accept-parts.ts"
import { get, itemOf, listOf, readItem, readList, refuse, textOf } from "./accept-readers.ts"
import type { Losses } from "../../model/losses.ts"
import { API, type Obj } from "./types.ts"

/** A call whose result has not come. */
interface OpenCall {
  id: string
  name: string
}

/**
 * The conversation of a request. Results of tools become messages of their own, in their place among what a user says.
 * Turns of the model that follow each other are one answer: a client that streams keeps every piece as a turn.
 *
 * @throws SluiceError `invalid_request` with the path of what is at fault
 */
export function acceptContents(value: unknown, path: string, losses: Losses): Message[] {
  const list = readList(value, path)
  if (list.length === 0) refuse(path, "must hold at least one content.")
  const reader = new ContentsReader(losses)
  list.forEach((entry, index) => reader.read(entry, `${path}[${index}]`))
  return reader.messages
}

class ContentsReader {
  readonly messages: Message[] = []
  readonly #losses: Losses
  /** Calls of the latest answer that have no result yet. */
  #open: OpenCall[] = []
  readonly #names = new Map<string, string>()
  #calls = 0
  #answer: AnswerReader | undefined

  constructor(losses: Losses) {
    this.#losses = losses
  }

  read(value: unknown, path: string): void {
    const content = readItem(value, path)
    const parts = (listOf(content, "parts", path) ?? []).map((part, i) => readItem(part, `${path}.parts[${i}]`))
    switch (textOf(content, "role", path)?.toLowerCase() ?? "user") {
      case "":
      case "user":
      case "function":
      case "tool":
        this.#answer = undefined
        this.#user(parts, `${path}.parts`)
        return
      case "model":
        this.#model(parts, `${path}.parts`)
        return
      default:
        refuse(`${path}.role`, "must be user or model.", "Instructions go into systemInstruction.")
    }
  }

  #user(parts: readonly Obj[], path: string): void {
    let own: InputBlock[] = []
    const before = this.messages.length
    const flush = (): void => {
      if (own.length > 0) this.messages.push({ role: "user", content: own })
      own = []
    }
    parts.forEach((part, i) => {
      const at = `${path}[${i}]`
      const result = itemOf(part, "functionResponse", at)
      if (result) {
        flush()
        this.#result(result, `${at}.functionResponse`)
        return
      }
      const block = acceptInputPart(part, at)
      if (block) own.push(block)
    })
    flush()
    if (this.messages.length === before) this.messages.push({ role: "user", content: [] })
  }

  #result(result: Obj, path: string): void {
    const name = textOf(result, "name", path) ?? ""
    const call = this.#callOf(textOf(result, "id", path) || undefined, name)
    for (const field of ["willContinue", "scheduling"]) {
      if (get(result, field) !== undefined) this.#losses.dropped(`${path}.${field}`, "Results are given whole.")
    }
    const { text, failed } = outputOf(itemOf(result, "response", path) ?? {})
    const media = (listOf(result, "parts", path) ?? []).flatMap((value, i): InputBlock[] => {
      const at = `${path}.parts[${i}]`
      const part = readItem(value, at)
      return isEmpty(part) ? [] : [acceptMedia(part, at) ?? native(part)]
    })
    this.messages.push({
      role: "toolResult",
      toolCallId: call.id,
      ...(call.name === "" ? {} : { toolName: call.name }),
      content: text === undefined || (text === "" && media.length === 0) ? media : [{ type: "text", text }, ...media],
      ...(failed ? { isError: true } : {}),
    })
  }

  /** The call that a result belongs to: by its id, else the first one of that name that is open. */
  #callOf(id: string | undefined, name: string): OpenCall {
    const at = this.#open.findIndex((call) => (id === undefined ? call.name === name : call.id === id))
    const [found] = at < 0 ? [] : this.#open.splice(at, 1)
    if (found) return found
    const known = id === undefined ? undefined : this.#names.get(id)
    return { id: id ?? name, name: known ?? name }
  }

  #model(parts: readonly Obj[], path: string): void {
    let answer = this.#answer
    if (!answer) {
      this.#open = []
      const message = emptyAnswer()
      answer = new AnswerReader(message, this.#losses, (call) => this.#called(call))
      this.#answer = answer
      this.messages.push(message)
    }
    answer.read(parts, path)
  }

  /** The id of a call; one that has none is counted, so that the same conversation always has the same ids. */
  #called({ id, name }: { id: string | undefined; name: string }): string {
    this.#calls++
    const own = id || `call_${this.#calls}`
    this.#open.push({ id: own, name })
    this.#names.set(own, name)
    return own
  }
}

/** Who made it is not told; its opaque values are for hosts of the same wire. */
function emptyAnswer(): AssistantMessage {
  const content: Block[] = []
  return {
    role: "assistant",
    content,
    api: API,
    provider: "",
    model: "",
    usage: { provenance: "absent" },
    stopReason: "stop",
    timestamp: 0,
  }
}

/**
 * What a function gave back: by the vendor's convention `output`, or `error` where it failed, else all there is.
 * @see https://ai.google.dev/api/caching#FunctionResponse
 */
function outputOf(response: Obj): { text: string | undefined; failed: boolean } {
  const names = Object.keys(response)
  const [only] = names
  if (names.length !== 1 || (only !== "output" && only !== "error")) {
    return { text: names.length === 0 ? undefined : JSON.stringify(response), failed: false }
  }
  const value = response[only]
  return { text: typeof value === "string" ? value : JSON.stringify(value), failed: only === "error" }
}
