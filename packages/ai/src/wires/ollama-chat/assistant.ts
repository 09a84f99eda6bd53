import type { AssistantMessage, Block, ToolCallBlock } from "../../model/message.ts"
import type { Json } from "../../model/tool.ts"
import { demotedThinking, isForeign } from "../demoted-thinking.ts"
import { wellFormed } from "../well-formed.ts"
import type { Body, EncodeState } from "./types.ts"

/** Order in which the API has the parts of an answer. */
const ORDER: Readonly<Partial<Record<Block["type"], number>>> = { thinking: 0, text: 1, toolCall: 2 }

/** An earlier answer: its thinking, its text and its calls. `undefined` where nothing of it can be said. */
export function encodeAssistant(message: AssistantMessage, path: string, state: EncodeState): Body | undefined {
  const { losses, compat } = state
  let text = ""
  let thinking = ""
  const calls: Body[] = []
  message.content.forEach((block, index) => {
    const at = `${path}.content[${index}]`
    switch (block.type) {
      case "text":
        text += block.text
        for (const name of ["citations", "logprobs"] as const) {
          if (block[name]?.length) losses.dropped(`${at}.${name}`, "The API has no field for them.")
        }
        if (block.cache) losses.dropped(`${at}.cache`, "The API has no cache marks.")
        break
      case "thinking":
        if (compat.replayThinking === "never") {
          if (isForeign(message, state.call.model) && block.thinking.trim() !== "") {
            losses.approximated(at, "Thinking of another model stands as text.")
            text += `${demotedThinking(block.thinking, state.call.model)}\n\n`
          } else losses.dropped(at, "The host takes no thinking of earlier turns.")
        } else {
          thinking += block.thinking
          if (block.signature) losses.dropped(`${at}.signature`, "The API has no field for it.")
        }
        break
      case "toolCall":
        calls.push(encodeCall(block, at, state))
        break
      default:
        losses.dropped(at, `An answer's ${block.type} cannot be sent back.`)
    }
  })
  if (isOutOfOrder(message))
    losses.approximated(`${path}.content`, "The API has thinking, text and calls in this order.")
  const said = text.trim() !== "" || thinking.trim() !== "" || calls.length > 0
  if (!said) {
    if (message.content.length > 0) losses.dropped(path, "Nothing of this turn can be said.")
    return undefined
  }
  return {
    role: "assistant",
    content: text.toWellFormed(),
    ...(thinking.trim() === "" ? {} : { thinking: thinking.toWellFormed() }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  }
}

function isOutOfOrder({ content }: AssistantMessage): boolean {
  let last = 0
  for (const { type } of content) {
    const rank = ORDER[type]
    if (rank === undefined) continue
    if (rank < last) return true
    last = rank
  }
  return false
}

function encodeCall(call: ToolCallBlock, path: string, { losses }: EncodeState): Body {
  if (call.rawArguments !== undefined) {
    losses.dropped(`${path}.rawArguments`, "The API takes the arguments of a call as an object only.")
  }
  if (call.custom) losses.dropped(`${path}.custom`, "A call of a grammar tool stands as one with the field `input`.")
  if (call.signature) losses.dropped(`${path}.signature`, "The API has no field for it.")
  if (call.cache) losses.dropped(`${path}.cache`, "The API has no cache marks.")
  return {
    ...(call.id === "" ? {} : { id: call.id }),
    function: { name: call.name, arguments: wellFormed(call.arguments) as Json },
  }
}
