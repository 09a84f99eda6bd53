import type { Block, Opaque } from "../../model/message.ts"
import type { Losses } from "../../model/losses.ts"
import { blockOf, isSealed, open, type Sealed } from "../server-seal.ts"
import { acceptImage, acceptText } from "./accept-input.ts"
import { cacheOf, optionalText, readItem, readList, readText } from "./accept-readers.ts"
import { API } from "./types.ts"

/** Reads the blocks of an earlier answer. What other wires have signed is taken out of its seal. */
export class AnswerBlocks {
  readonly #losses: Losses
  /** Signatures of calls, by the calls' ids, which stand behind them. */
  readonly #signatures = new Map<string, Opaque>()

  constructor(losses: Losses) {
    this.#losses = losses
  }

  read(content: unknown, path: string): Block[] {
    return readList(content, path).flatMap((block, index) => this.#block(block, `${path}[${index}]`))
  }

  #block(value: unknown, path: string): Block[] {
    const block = readItem(value, path)
    switch (readText(block["type"], `${path}.type`)) {
      case "text":
        return [acceptText(block, path)]
      case "thinking": {
        const signature = optionalText(block["signature"], `${path}.signature`)
        const own = signature ? this.#signature(signature, `${path}.signature`) : undefined
        const thinking = readText(block["thinking"], `${path}.thinking`)
        return [{ type: "thinking", thinking, ...(own ? { signature: own } : {}) }]
      }
      case "redacted_thinking":
        return this.#hidden(readText(block["data"], `${path}.data`), `${path}.data`)
      case "tool_use": {
        const id = readText(block["id"], `${path}.id`)
        const signature = this.#signatures.get(id)
        this.#signatures.delete(id)
        return [
          {
            type: "toolCall",
            id,
            name: readText(block["name"], `${path}.name`),
            arguments: readItem(block["input"] ?? {}, `${path}.input`),
            ...(signature ? { signature } : {}),
            ...cacheOf(block, path),
          },
        ]
      }
      case "image":
        return [acceptImage(block, path)]
      default:
        return [{ type: "native", api: API, item: block }]
    }
  }

  #signature(value: string, path: string): Opaque | undefined {
    return isSealed(value) ? this.#opened(value, path)?.own : { value }
  }

  #hidden(value: string, path: string): Block[] {
    if (!isSealed(value)) return [{ type: "redactedThinking", data: { value } }]
    const sealed = this.#opened(value, path)
    if (!sealed) return []
    const { thoughts, own, of } = sealed
    if (own && of?.type === "toolCall") this.#signatures.set(of.id, own)
    return thoughts.map(blockOf)
  }

  #opened(value: string, path: string): Sealed | undefined {
    const sealed = open(value)
    if (!sealed) this.#losses.dropped(path, "What was sealed cannot be read any more.")
    return sealed
  }
}
