import type { Usage } from "@sluice/catalog/core"
import type { AssistantMessage, Block, ImageBlock, ToolCallBlock } from "../../model/message.ts"
import type { Losses } from "../../model/losses.ts"
import { typeOfImage } from "./media.ts"
import type { Obj } from "./types.ts"

const NANOSECONDS = 1e6

/** A call as it goes out: whole, with its arguments as an object. `at`: its place among the calls. */
export function callOf(call: ToolCallBlock, at: number): Obj {
  const args = call.rawArguments === undefined ? call.arguments : { raw_arguments: call.rawArguments }
  return { id: call.id, function: { index: at, name: call.name, arguments: args } }
}

/** The data of an image; `undefined` for one that is an address or a file. */
export function imageOf({ source }: ImageBlock): string | undefined {
  return "data" in source ? source.data : undefined
}

/** Reports what of a block the wire cannot carry. */
export function noteBlock(block: Block, index: number, losses: Losses): void {
  const path = `content[${index}]`
  switch (block.type) {
    case "text":
      if (block.signature) losses.dropped(`${path}.signature`, "The API has no field for it.")
      if (block.citations?.length) losses.dropped(`${path}.citations`, "The API has no field for them.")
      return
    case "thinking":
      if (block.signature) losses.dropped(`${path}.signature`, "The API has no field for it.")
      return
    case "toolCall":
      if (block.signature) losses.dropped(`${path}.signature`, "The API has no field for it.")
      if (block.custom) losses.dropped(`${path}.custom`, "The API has no calls of grammar tools.")
      if (block.rawArguments !== undefined) {
        losses.approximated(`${path}.arguments`, "The model's text was no JSON object; it stands in one.")
        losses.dropped(`${path}.rawArguments`, "The model's text stands in the arguments.")
      }
      return
    case "image":
      if (block.signature) losses.dropped(`${path}.signature`, "The API has no field for it.")
      if (!("data" in block.source)) losses.dropped(path, "The API has images by their data only.")
      else if (typeOfImage(block.source.data) !== block.source.mimeType) {
        losses.approximated(`${path}.source.mimeType`, "The API goes by an image's first bytes.")
      }
      return
    default:
      losses.dropped(path, `The API has no place for a block of type ${block.type}.`)
  }
}

/** The text of a refusal, which is the end of the answer's text here. */
export function refusalText({ stopDetails }: AssistantMessage): string {
  return stopDetails?.type === "refusal" ? (stopDetails.explanation ?? "") : ""
}

/** Why the answer ended, the counts and the times, as the last line has them. */
export function endOf(message: AssistantMessage, losses: Losses): Obj {
  noteStop(message, losses)
  const { duration = 0, ttft = 0 } = message
  const prompt = Math.min(ttft, duration)
  return {
    done: true,
    done_reason: message.stopReason === "length" ? "length" : "stop",
    total_duration: Math.round(duration * NANOSECONDS),
    load_duration: 0,
    ...countsOf(message.usage, losses),
    prompt_eval_duration: Math.round(prompt * NANOSECONDS),
    eval_duration: Math.round((duration - prompt) * NANOSECONDS),
  }
}

function noteStop({ stopDetails }: AssistantMessage, losses: Losses): void {
  if (!stopDetails) return
  if (stopDetails.type !== "refusal") losses.dropped("stopDetails", "The API has no field for it.")
  else {
    losses.dropped("stopDetails.type", "A refusal is the end of the text.")
    if (stopDetails.category !== undefined) losses.dropped("stopDetails.category", "The API has no field for it.")
  }
}

/** The counts: the prompt's hold what came from a cache. What is not known is left out, as the vendor does. */
function countsOf(usage: Usage, losses: Losses): Obj {
  const { input, output, cacheRead, cacheWrite, reasoningTokens } = usage
  if (cacheRead || cacheWrite) losses.approximated("usage.input", "Cached tokens are counted as the prompt's.")
  if (cacheRead) losses.dropped("usage.cacheRead", "The API does not tell cached tokens apart.")
  if (cacheWrite) losses.dropped("usage.cacheWrite", "The API does not tell cached tokens apart.")
  if (reasoningTokens !== undefined) {
    losses.dropped("usage.reasoningTokens", "The API does not tell the tokens of thinking apart.")
  }
  const prompt = input === undefined ? undefined : input + (cacheRead ?? 0) + (cacheWrite ?? 0)
  return {
    ...(prompt === undefined ? {} : { prompt_eval_count: prompt }),
    ...(output === undefined ? {} : { eval_count: output }),
  }
}
