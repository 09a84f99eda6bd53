import type { ChatCompat, Model, SchemaWords, Usage } from "@sluice/catalog/core"
import type { InboundCall } from "../../contract/wire-server.ts"
import type { Message } from "../../model/message.ts"
import { inDialect } from "../../schema/dialect.ts"
import { isObject, type Obj } from "../../model/json.ts"

/** What a request holds, as far as hosts differ about it. */
export interface RelayedRequest {
  body: Obj
  call: InboundCall
  /** Whether the client said something in a field of the body. */
  has(field: string): boolean
}

/** A difference of a host, and whether a request meets it. */
export type Difference<C> = (compat: C, request: RelayedRequest) => boolean | undefined

/** A request that may be passed on to a model; `undefined` where the body or the model rule that out for any host. */
export function relayedRequest(call: InboundCall, model: Model): RelayedRequest | undefined {
  const { body } = call.request
  if (!isObject(body) || model.compat.textOnly) return undefined
  return { body, call, has: (field) => body[field] !== undefined && body[field] !== null }
}

/** Differences that there are on both wires. */
type CommonCompat = Pick<
  ChatCompat,
  "customTools" | "developerRole" | "documents" | "promptCacheKey" | "refusesForcedTool" | "serviceTiers" | "toolChoice"
> & { strictTools?: string; schemas?: SchemaWords }

/** Each line: a difference of a host on either wire, and whether a request meets it. */
const COMMON: readonly Difference<CommonCompat>[] = [
  (compat, { call }) => !compat.developerRole && call.context.messages.some(({ role }) => role === "developer"),
  (compat, { call, has }) =>
    has("tool_choice") &&
    (compat.toolChoice === "none" ||
      (compat.toolChoice === "strings" && typeof call.options.toolChoice === "object") ||
      (compat.refusesForcedTool && call.options.toolChoice !== "auto" && call.options.toolChoice !== "none")),
  (compat, { call }) => compat.strictTools !== "per-tool" && (call.context.tools ?? []).some(isStrict),
  (compat, { call }) => compat.schemas !== undefined && !isInWords(call, compat.schemas),
  (compat, { call }) => !compat.customTools && (call.context.tools ?? []).some(({ type }) => type === "custom"),
  (compat, { has }) => !compat.promptCacheKey && has("prompt_cache_key"),
  (compat, { body, has }) => has("service_tier") && !compat.serviceTiers?.includes(String(body["service_tier"])),
  (compat, { call }) => !compat.documents && call.context.messages.some(holds("document")),
]

/** Whether a host takes a request as it is, by the differences of its wire and those of both. */
export function takes<C extends CommonCompat>(
  compat: C,
  request: RelayedRequest,
  differences: readonly Difference<C>[],
): boolean {
  return ![...COMMON, ...differences].some((differs) => differs(compat, request))
}

/** Whether all schemas of a request are in the words that a host reads. */
function isInWords({ context, options }: InboundCall, words: SchemaWords): boolean {
  const ofTools = (context.tools ?? []).flatMap((tool) => ("parameters" in tool ? [tool.parameters] : []))
  const ofOutput = options.output?.type === "jsonSchema" ? [options.output.schema] : []
  return [...ofTools, ...ofOutput].every((schema) => inDialect(schema, words) === schema)
}

function isStrict(tool: object): boolean {
  return "strict" in tool && tool.strict === true
}

/** Whether a message has a block of a type. */
export function holds(type: string): (message: Message) => boolean {
  return ({ content }) => typeof content !== "string" && content.some((block) => block.type === type)
}

/** Counts that a host reported in a stream on its way through, with their sum. */
export function reportedUsage(read: Partial<Usage>): Usage {
  const totalTokens = (read.input ?? 0) + (read.output ?? 0) + (read.cacheRead ?? 0) + (read.cacheWrite ?? 0)
  return { ...read, totalTokens, provenance: "reported" }
}
