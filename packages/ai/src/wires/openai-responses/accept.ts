import { EFFORTS, type Effort } from "@sluice/catalog/core"
import type { InboundCall, InboundOp, InboundRequest } from "../../contract/wire-server.ts"
import { SluiceError } from "../../model/errors.ts"
import type { Loss } from "../../model/message.ts"
import type { CallOptions } from "../../model/options.ts"
import { acceptControls, defined, loseUnread, type Lose } from "../openai/accept-fields.ts"
import { affinityOf, forwarded } from "../openai/accept-headers.ts"
import {
  invalid,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalString,
  optionalWord,
  readArray,
  readObject,
  readString,
} from "../openai/accept-readers.ts"
import { acceptInput } from "./accept-input.ts"
import { acceptFormat, acceptToolChoice, acceptTools } from "./accept-tools.ts"
import { API, isObject, type Obj } from "./types.ts"

/** Path of the requests that are answered with a number of tokens. */
export const COUNT_PATH = "/v1/responses/input_tokens"

/** Fields that are read here or elsewhere; every other one is reported as left out. */
const READ: ReadonlySet<string> = new Set([
  "model",
  "input",
  "instructions",
  "stream",
  "stream_options",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "text",
  "reasoning",
  "include",
  "max_output_tokens",
  "max_tool_calls",
  "temperature",
  "top_p",
  "top_logprobs",
  "truncation",
  "service_tier",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
  "user",
  "metadata",
  "previous_response_id",
  "store",
  "generate",
])

/** Values of other fields that say nothing beyond what is done anyway. */
const IDLE: Readonly<Record<string, (value: unknown) => boolean>> = {
  background: (value) => value === false,
}

const ENCRYPTED = "reasoning.encrypted_content"
const LOGPROBS = "message.output_text.logprobs"

/**
 * Reads a request to `/responses`. Tolerates fields, tools, items and parts that it does not know: the first are
 * reported, the others kept for hosts of the same wire.
 *
 * @throws SluiceError `invalid_request` whose `param` is the path of the field that has the wrong shape; `unsupported`
 *   for what only a host that keeps responses can do
 * @see https://platform.openai.com/docs/api-reference/responses/create
 */
export function accept(request: InboundRequest): InboundCall {
  if (!isObject(request.body)) throw invalid("body", "expected a JSON object")
  const body = request.body
  const losses: Loss[] = []
  const lose: Lose = (field, reason) => {
    losses.push({ field, kind: "dropped", reason })
  }
  const model = readString(body["model"], "model")
  if (model === "") throw invalid("model", "expected the name of a model")
  refuseKept(body)
  const conversation = acceptInput(body, model, lose)
  const { choice, tools, own } = acceptToolChoice(body["tool_choice"], acceptTools(body["tools"]))
  const affinity = affinityOf(body, request.headers)
  const previous = optionalString(body["previous_response_id"], "previous_response_id")
  const wire = ownFields(body, own)
  const options: CallOptions = {
    ...numbers(body),
    ...reasoning(body, lose),
    ...tierOf(body),
    ...acceptControls(body),
    ...textOf(body, lose),
    ...(choice === undefined ? {} : { toolChoice: choice }),
    ...(affinity === undefined ? {} : { sessionId: affinity }),
    ...(wire === undefined ? {} : { wire: { [API]: wire } }),
  }
  loseUnread(body, READ, IDLE, lose)
  return {
    op: opOf(request, body),
    route: request.route,
    model,
    context: { ...conversation, ...(tools === undefined ? {} : { tools }) },
    options,
    stream: optionalBoolean(body["stream"], "stream") ?? false,
    keep: optionalBoolean(body["store"], "store") ?? true,
    framing: "sse",
    losses,
    forward: forwarded(request.headers),
    request,
    ...(affinity === undefined ? {} : { affinity }),
    ...(previous ? { previous } : {}),
  }
}

function opOf({ route }: InboundRequest, body: Obj): InboundOp {
  if (route === COUNT_PATH) return "countTokens"
  return optionalBoolean(body["generate"], "generate") === false ? "prewarm" : "generate"
}

/** Refuses what would need work in the background, or conversations or prompts that are kept. */
function refuseKept(body: Obj): void {
  if (optionalBoolean(body["background"], "background")) {
    throw unsupported("background", "answers are not made in the background.", "Leave `background` out and stream.")
  }
  if (body["conversation"] != null) {
    throw unsupported("conversation", "conversations are not kept here.", "Send the whole conversation as `input`.")
  }
  if (body["prompt"] != null) {
    throw unsupported("prompt", "prompts are not kept here.", "Send the prompt's text as `instructions`.")
  }
}

function unsupported(param: string, what: string, hint: string): SluiceError {
  return new SluiceError({ code: "unsupported", message: `Invalid '${param}': ${what}`, param, hint })
}

function numbers(body: Obj): CallOptions {
  const top = optionalInteger(body["top_logprobs"], "top_logprobs")
  const asked = includeOf(body).includes(LOGPROBS)
  return defined({
    temperature: optionalNumber(body["temperature"], "temperature"),
    topP: optionalNumber(body["top_p"], "top_p"),
    maxTokens: optionalInteger(body["max_output_tokens"], "max_output_tokens", 1),
    logprobs: asked ? (top ?? true) : top || undefined,
  })
}

function includeOf(body: Obj): string[] {
  const include = body["include"]
  if (include === undefined || include === null) return []
  return readArray(include, "include").map((entry, i) => readString(entry, `include[${i}]`))
}

/** What goes to hosts of the same wire as it came. */
function ownFields(body: Obj, choice: Obj | undefined): Obj | undefined {
  const include = includeOf(body)
  const more = include.some((one) => one !== ENCRYPTED && one !== LOGPROBS)
  const truncation = optionalWord(body["truncation"], "truncation", ["auto", "disabled"])
  const own = defined<Obj>({
    include: more ? [...new Set([...include, ENCRYPTED])] : undefined,
    truncation: truncation === "auto" ? truncation : undefined,
    max_tool_calls: optionalInteger(body["max_tool_calls"], "max_tool_calls", 1),
    tool_choice: choice,
  })
  return Object.keys(own).length > 0 ? own : undefined
}

function reasoning(body: Obj, lose: Lose): CallOptions {
  if (body["reasoning"] === undefined || body["reasoning"] === null) return {}
  const bag = readObject(body["reasoning"], "reasoning")
  const summary = optionalString(bag["summary"] ?? bag["generate_summary"], "reasoning.summary")
  for (const name of Object.keys(bag)) {
    if (name === "effort" || name === "summary" || name === "generate_summary" || bag[name] === null) continue
    lose(`request.reasoning.${name.slice(0, 80)}`, "The field is not carried over.")
  }
  return defined({
    reasoning: effortOf(bag["effort"]),
    showThinking: summary === undefined ? undefined : summary !== "none",
  })
}

function effortOf(value: unknown): Effort | "off" | undefined {
  const word = optionalWord(value, "reasoning.effort", ["none", ...EFFORTS])
  return word === "none" ? "off" : word
}

/** The tier `auto` is that of a request that names none. */
function tierOf(body: Obj): CallOptions {
  const tier = optionalString(body["service_tier"], "service_tier")
  return tier === undefined || tier === "auto" ? {} : { serviceTier: tier }
}

function textOf(body: Obj, lose: Lose): CallOptions {
  if (body["text"] === undefined || body["text"] === null) return {}
  const text = readObject(body["text"], "text")
  return defined({
    output: acceptFormat(text["format"], lose),
    verbosity: optionalWord(text["verbosity"], "text.verbosity", ["low", "medium", "high"]),
  })
}
