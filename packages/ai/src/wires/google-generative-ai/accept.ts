import type { Framing } from "../../contract/frame.ts"
import type { InboundCall, InboundOp, InboundRequest } from "../../contract/wire-server.ts"
import { SluiceError } from "../../model/errors.ts"
import type { Context, TextBlock } from "../../model/message.ts"
import { acceptContents } from "./accept-contents.ts"
import { acceptOptions } from "./accept-options.ts"
import { get, itemOf, listOf, readItem, readText, refuse, textOf } from "./accept-readers.ts"
import { acceptToolConfig, acceptTools } from "./accept-tools.ts"
import { Losses } from "../../model/losses.ts"
import { API, METHOD, type Obj } from "./types.ts"

/** What stands behind `models/` in a path: a model and what is asked of it. */
interface Target {
  model: string
  op: InboundOp
  stream: boolean
}

/**
 * A client's request in our data model. Model and mode stand in its path. Fields, tools and parts that are not known
 * do not stop it; a known one in a wrong shape does.
 *
 * @throws SluiceError `invalid_request` with `param`, the path of the field at fault
 */
export function accept(request: InboundRequest): InboundCall {
  const { model, op, stream } = targetOf(request.params["call"] ?? "")
  const sent = readItem(request.body, "body")
  const body = op === "countTokens" ? (itemOf(sent, "generateContentRequest", "") ?? sent) : sent
  const losses = new Losses()
  const contents = get(body, "contents")
  if (contents === undefined) refuse("contents", "is required.")
  const messages = acceptContents(contents, "contents", losses)
  const system = acceptSystem(body, losses)
  const { options: choice, tools, own } = acceptToolConfig(body, acceptTools(body, losses), losses)
  const context: Context = {
    ...(system === undefined ? {} : { systemPrompt: system }),
    messages,
    ...(tools ? { tools } : {}),
  }
  const options = withOwn({ ...acceptOptions(body, losses), ...choice }, own)
  const affinity = request.headers.get("x-session-affinity")
  const cached = cachedContent(body)
  return {
    op,
    route: request.route,
    model,
    context,
    options,
    stream,
    framing: framingOf(request.query),
    losses: losses.list,
    forward: {},
    request,
    ...(cached === undefined ? {} : { onlyPassed: { field: "cachedContent", value: cached } }),
    ...(affinity ? { affinity } : {}),
  }
}

/** Reads `{model}:{method}`. A model's own name may have colons. @throws SluiceError with status 404 for another method */
function targetOf(call: string): Target {
  const colon = call.lastIndexOf(":")
  const model = call.slice(0, Math.max(0, colon)).replace(/^models\//, "")
  const method = call.slice(colon + 1)
  if (model.trim() !== "") {
    if (method === METHOD.generate) return { model, op: "generate", stream: false }
    if (method === METHOD.stream) return { model, op: "generate", stream: true }
    if (method === METHOD.count) return { model, op: "countTokens", stream: false }
  }
  const methods = Object.values(METHOD).join(", ")
  throw new SluiceError({
    code: "unsupported",
    status: 404,
    message: `There is nothing at models/${call.slice(0, 200)}.`,
    hint: `POST to models/{model}:{method}, the method being one of ${methods}.`,
  })
}

/** Without `alt=sse` a stream is one JSON array that grows. */
function framingOf(query: URLSearchParams): Framing {
  return query.get("alt")?.toLowerCase() === "sse" ? "sse" : "json-array"
}

function acceptSystem(body: Obj, losses: Losses): Context["systemPrompt"] | undefined {
  const value = get(body, "systemInstruction")
  if (value === undefined) return undefined
  if (typeof value === "string") return value
  const path = "systemInstruction"
  const parts = listOf(readItem(value, path), "parts", path) ?? []
  return parts.flatMap((entry, i): TextBlock[] => {
    const at = `${path}.parts[${i}]`
    const part = readItem(entry, at)
    if (get(part, "text") === undefined) {
      losses.dropped(at, "Instructions are texts.")
      return []
    }
    return [{ type: "text", text: readText(part["text"], `${at}.text`) }]
  })
}

/** A prefix of the conversation that a host of this wire keeps: nobody else can go on from it. */
function cachedContent(body: Obj): string | undefined {
  const name = textOf(body, "cachedContent", "")
  if (name !== undefined && name.trim() === "") refuse("cachedContent", "must name what is cached.")
  return name
}

function withOwn(options: InboundCall["options"], toolConfig: Obj | undefined): InboundCall["options"] {
  if (!toolConfig) return options
  return { ...options, wire: { ...options.wire, [API]: { ...options.wire?.[API], toolConfig } } }
}
