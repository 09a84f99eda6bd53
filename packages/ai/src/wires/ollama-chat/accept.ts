import type { InboundCall, InboundRequest } from "../../contract/wire-server.ts"
import { SluiceError } from "../../model/errors.ts"
import type { Context } from "../../model/message.ts"
import { acceptImages, acceptMessages } from "./accept-messages.ts"
import { acceptOptions, acceptTools } from "./accept-options.ts"
import { isAbsent, optionalFlag, optionalText, readItem, readText, refuse } from "./accept-readers.ts"
import { Losses } from "../../model/losses.ts"
import { GENERATE_PATH, type Obj } from "./types.ts"

/** Fields that are read here or elsewhere, of either route. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "prompt",
  "system",
  "images",
  "suffix",
  "tools",
  "tool_choice",
  "format",
  "options",
  "stream",
  "think",
  "logprobs",
  "top_logprobs",
  "keep_alive",
  "truncate",
  "shift",
  "template",
  "raw",
  "context",
])

/**
 * A client's request in our data model: a conversation, or a single prompt. One without anything to say only loads or
 * unloads a model, and is answered without one.
 *
 * @throws SluiceError `invalid_request` with `param`, the path of the field at fault; `unsupported` for a gap to fill
 */
export function accept(request: InboundRequest): InboundCall {
  const body = readItem(request.body, "body")
  const losses = new Losses()
  const model = modelOf(body)
  const single = request.route === GENERATE_PATH
  const context = single ? acceptPrompt(body) : acceptConversation(body)
  for (const [name, value] of Object.entries(body)) {
    if (!isAbsent(value) && !KNOWN_FIELDS.has(name))
      losses.dropped(`request.${name.slice(0, 80)}`, "The field is not known.")
  }
  const affinity = request.headers.get("x-session-affinity") ?? request.headers.get("x-session-id")
  return {
    op: context.messages.length === 0 ? "prewarm" : "generate",
    route: request.route,
    model,
    context,
    options: acceptOptions(body),
    // A client that does not say gets a stream.
    stream: optionalFlag(body["stream"], "stream") ?? true,
    framing: "ndjson",
    losses: losses.list,
    forward: {},
    request,
    ...(affinity ? { affinity } : {}),
  }
}

/** The model; clients write `:latest` behind a name without a version. */
function modelOf(body: Obj): string {
  const name = readText(body["model"] ?? body["name"], "model").replace(/:latest$/, "")
  return name === "" ? refuse("model", "must name a model.") : name
}

function acceptConversation(body: Obj): Context {
  const tools = acceptTools(body["tools"])
  return { ...acceptMessages(body["messages"]), ...(tools ? { tools } : {}) }
}

function acceptPrompt(body: Obj): Context {
  const suffix = optionalText(body["suffix"], "suffix")
  if (suffix !== undefined && suffix !== "") {
    throw new SluiceError({
      code: "unsupported",
      status: 400,
      param: "suffix",
      message: "suffix: text before a suffix cannot be asked for here.",
      hint: "Leave `suffix` out and put what surrounds the gap into `prompt`.",
    })
  }
  const prompt = optionalText(body["prompt"], "prompt") ?? ""
  const system = optionalText(body["system"], "system")
  const images = acceptImages(body["images"], "images")
  const said =
    images.length === 0 ? prompt : [...images, ...(prompt === "" ? [] : [{ type: "text" as const, text: prompt }])]
  return {
    ...(system ? { systemPrompt: [system] } : {}),
    messages: said.length === 0 ? [] : [{ role: "user", content: said }],
  }
}
