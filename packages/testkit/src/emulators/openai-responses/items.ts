import type { Fields } from "../check.ts"
import { argumentText, deltas } from "../script.ts"
import { ID_PREFIXES, type Ids } from "./memory.ts"
import type { ResponsesAnswer } from "./types.ts"

/** What of a request decides about the items of its answer. */
export interface ItemWishes {
  summary: boolean
  encrypted: boolean
}

/** The items of an answer as they stand when they are done. */
export function outputItems(answer: ResponsesAnswer, wishes: ItemWishes, ids: Ids): Fields[] {
  const items: Fields[] = []
  const summaries = [...(answer.thinking === undefined ? [] : [answer.thinking]), ...(answer.summaries ?? [])]
  if (summaries.length > 0 || answer.reasoningText !== undefined || answer.encryptedContent) {
    const id = ids.next("rs")
    const item: Fields = {
      id,
      type: "reasoning",
      summary: wishes.summary ? summaries.map((text) => ({ type: "summary_text", text })) : [],
    }
    if (answer.reasoningText !== undefined) {
      item["content"] = [{ type: "reasoning_text", text: answer.reasoningText }]
    }
    const encrypted =
      answer.encryptedContent === undefined && wishes.encrypted
        ? `gAAAAA${Buffer.from(`emulated ${id}`).toString("base64url")}`
        : answer.encryptedContent
    if (typeof encrypted === "string") item["encrypted_content"] = encrypted
    items.push(item)
  }
  for (const item of answer.hosted ?? []) {
    const type = String(item["type"])
    const status = type.endsWith("_call") ? { status: "completed" } : {}
    items.push({ id: ids.next(ID_PREFIXES[type] ?? "item"), ...status, ...item })
  }
  const message = (part: Fields, phase: string | undefined): void => {
    items.push({
      id: ids.next("msg"),
      type: "message",
      status: "completed",
      content: [part],
      role: "assistant",
      ...(phase === undefined ? {} : { phase }),
    })
  }
  const text = (words: string, annotations: readonly Fields[] = []): Fields => ({
    type: "output_text",
    annotations,
    logprobs: [],
    text: words,
  })
  if (answer.commentary !== undefined) message(text(answer.commentary), "commentary")
  const phase = answer.commentary === undefined ? undefined : "final_answer"
  if (answer.refusal !== undefined) message({ type: "refusal", refusal: answer.refusal }, phase)
  else if (answer.text !== undefined) message(text(answer.text, answer.annotations), phase)
  for (const call of answer.toolCalls ?? []) {
    items.push({
      id: ids.next("fc"),
      type: "function_call",
      status: "completed",
      arguments: argumentText(call),
      call_id: call.id ?? ids.next("call"),
      name: call.name,
    })
  }
  for (const call of answer.customCalls ?? []) {
    items.push({
      id: ids.next("ctc"),
      type: "custom_tool_call",
      status: "completed",
      call_id: call.id ?? ids.next("call"),
      input: call.input,
      name: call.name,
    })
  }
  const last = items.at(-1)
  if (last && (answer.length || answer.incomplete) && "status" in last) last["status"] = "incomplete"
  return items
}

/** Items of the provider whose running is told in events of their own. */
const RUN = new Set(
  "web_search_call file_search_call code_interpreter_call image_generation_call mcp_call mcp_list_tools".split(" "),
)

/** The events of one item: what opens it, what fills it, what closes it. */
export interface ItemEvents {
  open: Fields[]
  fill: Fields[]
  close: Fields[]
}

/** How an item is cut into events. */
export interface Pieces {
  /** Characters of a delta. */
  chars: number | undefined
  /** Deltas of white space before a call's own. */
  whitespace: number
}

/** The events of one item, from its addition to its end. */
export function itemEvents(item: Fields, index: number, pieces: Pieces): ItemEvents {
  const at = { item_id: item["id"], output_index: index }
  const added = (fields: Fields): Fields => ({
    type: "response.output_item.added",
    output_index: index,
    item: { ...item, ...("status" in item ? { status: "in_progress" } : {}), ...fields },
  })
  const done: Fields = { type: "response.output_item.done", output_index: index, item }
  switch (item["type"]) {
    case "message": {
      const inner = (item["content"] as Fields[]).map((part, n) =>
        partEvents(part, { ...at, content_index: n }, pieces),
      )
      return { open: [added({ content: [] })], fill: inner.flat(), close: [done] }
    }
    case "reasoning":
      return {
        open: [added({ summary: [], ...(item["content"] === undefined ? {} : { content: [] }) })],
        fill: [
          ...(item["summary"] as Fields[]).flatMap((part, n) =>
            summaryEvents(part, { ...at, summary_index: n }, pieces),
          ),
          ...((item["content"] ?? []) as Fields[]).flatMap((part, n) =>
            reasoningEvents(part, { ...at, content_index: n }, pieces),
          ),
        ],
        close: [done],
      }
    case "function_call":
      return callEvents(added({ arguments: "" }), done, at, "function_call_arguments", "arguments", item, pieces)
    case "custom_tool_call":
      return callEvents(added({ input: "" }), done, at, "custom_tool_call_input", "input", item, pieces)
    default: {
      const type = String(item["type"])
      const steps = RUN.has(type) ? ["in_progress", "completed"] : []
      return {
        open: [added({})],
        fill: steps.map((step) => ({ type: `response.${type}.${step}`, ...at })),
        close: [done],
      }
    }
  }
}

function callEvents(
  added: Fields,
  done: Fields,
  at: Fields,
  name: string,
  field: string,
  item: Fields,
  pieces: Pieces,
): ItemEvents {
  const text = String(item[field])
  const blank = Array.from({ length: pieces.whitespace }, (_, n) => (n % 2 === 0 ? "\n" : "  \t"))
  return {
    open: [added],
    fill: [...blank, ...deltas(text, pieces.chars)].map((delta) => ({ type: `response.${name}.delta`, ...at, delta })),
    close: [{ type: `response.${name}.done`, ...at, [field]: text }, done],
  }
}

function partEvents(part: Fields, at: Fields, pieces: Pieces): Fields[] {
  const refusal = part["type"] === "refusal"
  const field = refusal ? "refusal" : "text"
  const name = refusal ? "response.refusal" : "response.output_text"
  const logprobs = refusal ? {} : { logprobs: [] }
  const text = String(part[field])
  const annotations = (part["annotations"] ?? []) as Fields[]
  return [
    {
      type: "response.content_part.added",
      ...at,
      part: { ...part, [field]: "", ...(refusal ? {} : { annotations: [] }) },
    },
    ...deltas(text, pieces.chars).map((delta) => ({ type: `${name}.delta`, ...at, delta, ...logprobs })),
    ...annotations.map((annotation, n) => ({
      type: "response.output_text.annotation.added",
      ...at,
      annotation_index: n,
      annotation,
    })),
    { type: `${name}.done`, ...at, [field]: text, ...logprobs },
    { type: "response.content_part.done", ...at, part },
  ]
}

function summaryEvents(part: Fields, at: Fields, pieces: Pieces): Fields[] {
  const text = String(part["text"])
  return [
    { type: "response.reasoning_summary_part.added", ...at, part: { ...part, text: "" } },
    ...deltas(text, pieces.chars).map((delta) => ({ type: "response.reasoning_summary_text.delta", ...at, delta })),
    { type: "response.reasoning_summary_text.done", ...at, text },
    { type: "response.reasoning_summary_part.done", ...at, part },
  ]
}

function reasoningEvents(part: Fields, at: Fields, pieces: Pieces): Fields[] {
  const text = String(part["text"])
  return [
    { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
    ...deltas(text, pieces.chars).map((delta) => ({ type: "response.reasoning_text.delta", ...at, delta })),
    { type: "response.reasoning_text.done", ...at, text },
    { type: "response.content_part.done", ...at, part },
  ]
}
