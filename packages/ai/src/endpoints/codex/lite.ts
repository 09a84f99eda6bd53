import type { HeaderMap } from "../../contract/frame.ts"
import type { Call } from "../../contract/wire-client.ts"
import type { Loss } from "../../model/message.ts"
import type { Json } from "../../model/tool.ts"

type Body = { [field: string]: Json | undefined }

const HEADER = "x-openai-internal-codex-responses-lite"

/** Tells the backend that a request, or all of a socket's, are in the lighter form. */
export const LITE_HEADERS: Readonly<HeaderMap> = { [HEADER]: "true" }

/** The same within a frame of a socket, beside what the caller says of itself. */
export const LITE_METADATA: Readonly<Record<string, string>> = {
  ws_request_header_x_openai_internal_codex_responses_lite: "true",
}

/** Whether a conversation fits into the lighter form, which takes no images. */
export function fitsLite({ context }: Call): boolean {
  return !context.messages.some(
    ({ content }) => typeof content !== "string" && content.some(({ type }) => type === "image"),
  )
}

/**
 * A body in the lighter form: tools and instructions stand at the head of the input, one call is made at a time, and
 * thinking of all turns counts. What goes on from a response has them there already.
 */
export function toLite(body: Body): Body {
  const { tools, instructions, tool_choice: choice, input, reasoning, ...rest } = body
  const offered = Array.isArray(tools) ? (tools as Body[]) : []
  const { kept, word } = choose(offered, choice)
  const head: Body[] = []
  if (rest["previous_response_id"] === undefined) {
    if (kept.length > 0) head.push({ type: "additional_tools", role: "developer", tools: [...kept] })
    if (typeof instructions === "string" && instructions !== "") {
      head.push({ type: "message", role: "developer", content: [{ type: "input_text", text: instructions }] })
    }
  }
  return {
    ...rest,
    input: [...head, ...(Array.isArray(input) ? input : [])],
    ...(word === undefined ? {} : { tool_choice: word }),
    ...(kept.length > 0 ? { parallel_tool_calls: false } : {}),
    reasoning: { ...(reasoning as Body | undefined), context: "all_turns" },
  }
}

/** What of a call the lighter form does otherwise than the whole one would. */
export function liteLosses(body: Body, { options }: Call): Loss[] {
  const { tools, tool_choice: choice } = body
  const offered = Array.isArray(tools) ? (tools as Body[]) : []
  const { kept, word } = choose(offered, choice)
  const losses: Loss[] = []
  if (choice !== undefined && choice !== word) {
    const left = kept.length < offered.length
    const reason = left ? "The form names no tool: it alone is offered." : "The form cannot force this tool."
    losses.push({ field: "options.toolChoice", kind: "approximated", reason })
  }
  if (options.parallelToolCalls && kept.length > 0) {
    losses.push({ field: "options.parallelToolCalls", kind: "dropped", reason: "The form has one call at a time." })
  }
  return losses
}

/** The form has no named choice: only the tool that is forced is offered, and one that the host runs cannot be. */
function choose(offered: readonly Body[], choice: Json | undefined): { kept: readonly Body[]; word: Json | undefined } {
  if (typeof choice !== "object" || choice === null || Array.isArray(choice)) return { kept: offered, word: choice }
  const { type, name } = choice as Body
  const forced = offered.find((tool) => tool["type"] === type && tool["name"] === name)
  return forced && (type === "function" || type === "custom")
    ? { kept: [forced], word: "required" }
    : { kept: offered, word: "auto" }
}
