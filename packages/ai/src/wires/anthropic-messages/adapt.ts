import type { Adaptation, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { FACT, learned, type FactName } from "./facts.ts"

/** What a refusal looks like, and what to leave out then. */
interface Rule {
  fact: FactName
  change: string
  /** Where it is remembered: a host's ability, or this conversation's content. */
  where: "host" | "session"
  statuses: readonly number[]
  text: RegExp
  /** Whether the request had what was refused. */
  sent(call: Call): boolean
}

const STRICT_REFUSED =
  /compiled grammar is too large|too complex to compile|schema is too complex|grammar compilation|strict.{0,60}(?:extra inputs|not (?:supported|permitted|allowed))|structured.?outputs?.{0,60}not (?:supported|available|enabled)/i
const FORMAT_REFUSED =
  /output_(?:config|format).{0,80}(?:extra inputs|not (?:supported|permitted))|structured.?outputs?.{0,60}not (?:supported|available|enabled)/i
const SIGNATURE_REFUSED =
  /invalid.{0,20}signature.{0,20}thinking|thinking.{0,60}signature.{0,40}(?:invalid|required)|signature: field required/i
const FAST_REFUSED = /\bspeed\b|fast[ _-]?mode/i
const EFFORT_REFUSED =
  /(?:not support|unsupported|not permitted|extra inputs).{0,60}effort|effort.{0,80}(?:not support|unsupported|not permitted|extra inputs)/i
const CONTEXT_REFUSED = /context_management.{0,80}(?:extra inputs|not (?:supported|permitted|allowed))/i
const EAGER_REFUSED = /eager_input_streaming.{0,80}(?:extra inputs|not (?:supported|permitted|allowed))/i

const RULES: readonly Rule[] = [
  {
    fact: "noStrictTools",
    change: "without strict tools",
    where: "host",
    statuses: [400, 422],
    text: STRICT_REFUSED,
    sent: ({ model, context }) =>
      model.compat.messages?.strictTools === true &&
      (context.tools ?? []).some((tool) => (tool.type ?? "function") === "function" && "strict" in tool && tool.strict),
  },
  {
    fact: "noStructuredOutput",
    change: "without an output format",
    where: "host",
    statuses: [400, 422],
    text: FORMAT_REFUSED,
    sent: ({ model, options }) =>
      model.compat.messages?.structuredOutput === true && options.output?.type === "jsonSchema",
  },
  {
    fact: "noUnsignedThinking",
    change: "unsigned thinking as text",
    where: "host",
    statuses: [400, 422],
    text: SIGNATURE_REFUSED,
    sent: (call) => sendsUnsigned(call),
  },
  {
    fact: "noThinkingReplay",
    change: "without thinking of earlier turns",
    where: "session",
    statuses: [400, 422],
    text: SIGNATURE_REFUSED,
    sent: ({ context }) =>
      context.messages.some(
        (message) =>
          message.role === "assistant" &&
          message.content.some((block) => block.type === "thinking" || block.type === "redactedThinking"),
      ),
  },
  {
    fact: "noFastMode",
    change: "without fast mode",
    where: "host",
    statuses: [400, 403, 422, 429],
    text: FAST_REFUSED,
    sent: ({ options }) => options.serviceTier === "priority" || options.serviceTier === "fast",
  },
  {
    fact: "noEffort",
    change: "without a level of effort",
    where: "host",
    statuses: [400, 422],
    text: EFFORT_REFUSED,
    sent: ({ model, options }) => model.thinking !== undefined && options.reasoning !== undefined,
  },
  {
    fact: "noContextManagement",
    change: "without context management",
    where: "host",
    statuses: [400, 422],
    text: CONTEXT_REFUSED,
    sent: ({ model }) => model.compat.messages?.contextManagement === true,
  },
  {
    fact: "noEagerToolInput",
    change: "without early tool input",
    where: "host",
    statuses: [400, 422],
    text: EAGER_REFUSED,
    sent: ({ model, context }) => model.compat.messages?.eagerToolInput === true && (context.tools?.length ?? 0) > 0,
  },
]

/** What to leave out of the next try. Each is left out once: a host that refuses without it as well is not asked again. */
export function adapt(error: SluiceError, call: Call): Adaptation | undefined {
  for (const rule of RULES) {
    if (learned(call.known, rule.fact)) continue
    if (error.status !== undefined && !rule.statuses.includes(error.status)) continue
    if (!rule.text.test(error.message) || !rule.sent(call)) continue
    return { change: rule.change, learn: { where: rule.where, facts: { [FACT[rule.fact]]: true } } }
  }
  return undefined
}

function sendsUnsigned({ model, context, known }: Call): boolean {
  const compat = model.compat.messages ?? {}
  if (!(compat.unsignedThinking ?? !compat.verifiesSignatures) || learned(known, "noThinkingReplay")) return false
  return context.messages.some((message) => {
    if (message.role !== "assistant") return false
    const thinking = message.content.filter((block) => block.type === "thinking")
    return thinking.length > 0 && thinking.every((block) => !block.signature?.value)
  })
}
