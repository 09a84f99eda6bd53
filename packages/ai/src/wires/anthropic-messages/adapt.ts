import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { adaptation, objects, type Adaptable, type Change } from "../adaptation.ts"
import { isAboutValue, refusesField } from "../refusal.ts"
import { facts, type FactName } from "./facts.ts"
import { encode } from "./request.ts"
import { isObject, type Obj } from "./types.ts"

/** What a refusal looks like, and what to leave out then. */
interface Rule {
  fact: FactName
  change: string
  /**
   * Where it is remembered: `host` for what it said of its abilities, `session` for what it said of this
   * conversation's content or of the account. `undefined`: this is no such refusal.
   */
  refused(error: SluiceError, body: Obj): "host" | "session" | undefined
  statuses: readonly number[]
  /** Whether the request held what was refused. */
  sent(body: Obj): boolean
}

const SCHEMA_REFUSED =
  /compiled grammar is too large|too complex to compile|schema is too complex|grammar compilation|output_format\.schema|format\.schema|\bschema\b.{0,80}not supported/i
const STRICT_REFUSED =
  /strict.{0,60}(?:extra inputs|not (?:supported|permitted|allowed))|structured.?outputs?.{0,60}not (?:supported|available|enabled)/i
const FORMAT_REFUSED =
  /output_(?:config(?!\.effort)|format).{0,80}(?:extra inputs|not (?:supported|permitted))|structured.?outputs?.{0,60}not (?:supported|available|enabled)/i
const SIGNATURE_REFUSED =
  /invalid.{0,20}signature.{0,20}thinking|thinking.{0,60}signature.{0,40}(?:invalid|required)|signature: field required/i
const FAST_MODE = /fast[ _-]?mode/i
const FAST_REFUSED =
  /fast[ _-]?mode.{0,60}(?:not|un)[ _-]?(?:supported|available|enabled|permitted|allowed)|not support.{0,40}fast[ _-]?mode/i
const CONTEXT_REFUSED = /context_management.{0,80}(?:extra inputs|not (?:supported|permitted|allowed))/i
const EAGER_REFUSED = /eager_input_streaming.{0,80}(?:extra inputs|not (?:supported|permitted|allowed))/i
/** Something that a rule could be about; a request is not built again for any other failure. */
const TELLING = /strict|grammar|compile|schema|structured|output_|signature|speed|fast|effort|context_management|eager/i
const BAD_REQUEST: readonly number[] = [400, 422]

const RULES: readonly Rule[] = [
  {
    fact: "noStrictTools",
    change: "without strict tools",
    statuses: BAD_REQUEST,
    refused: ({ message }) =>
      /output_(?:config|format)/i.test(message)
        ? undefined
        : (ofSchema(message) ?? (STRICT_REFUSED.test(message) ? "host" : undefined)),
    sent: (body) => objects(body["tools"]).some((tool) => tool["strict"] === true),
  },
  {
    fact: "noStructuredOutput",
    change: "without an output format",
    statuses: BAD_REQUEST,
    refused: ({ message }) => (FORMAT_REFUSED.test(message) ? (ofSchema(message) ?? "host") : undefined),
    sent: (body) => config(body)["format"] !== undefined,
  },
  {
    fact: "noUnsignedThinking",
    change: "unsigned thinking as text",
    statuses: BAD_REQUEST,
    // Where signed thinking went out as well, it may be that which the host means.
    refused: ({ message }, body) =>
      SIGNATURE_REFUSED.test(message) ? (thinking(body).some(isSigned) ? "session" : "host") : undefined,
    sent: (body) => thinking(body).some((block) => !isSigned(block)),
  },
  {
    fact: "noThinkingReplay",
    change: "without thinking of earlier turns",
    statuses: BAD_REQUEST,
    refused: ({ message }) => (SIGNATURE_REFUSED.test(message) ? "session" : undefined),
    sent: (body) => thinking(body).length > 0,
  },
  {
    fact: "noFastMode",
    change: "without fast mode",
    statuses: [400, 403, 422, 429],
    refused: (error) => {
      // What an account may not use, or has used up, is no word about the host.
      if (error.status === 403 || error.status === 429) return FAST_MODE.test(error.message) ? "session" : undefined
      return refusesField(error, "speed") || FAST_REFUSED.test(error.message) ? "host" : undefined
    },
    sent: (body) => body["speed"] === "fast",
  },
  {
    fact: "noEffort",
    change: "without a level of effort",
    statuses: BAD_REQUEST,
    refused: (error, body) => (refusesEffort(error, config(body)["effort"]) ? "host" : undefined),
    sent: (body) => config(body)["effort"] !== undefined,
  },
  {
    fact: "noContextManagement",
    change: "without context management",
    statuses: BAD_REQUEST,
    refused: ({ message }) => (CONTEXT_REFUSED.test(message) ? "host" : undefined),
    sent: (body) => body["context_management"] !== undefined,
  },
  {
    fact: "noEagerToolInput",
    change: "without early tool input",
    statuses: BAD_REQUEST,
    refused: ({ message }) => (EAGER_REFUSED.test(message) ? "host" : undefined),
    sent: (body) => objects(body["tools"]).some((tool) => tool["eager_input_streaming"] !== undefined),
  },
]

const ADAPTABLE: Adaptable = {
  encode,
  facts,
  statuses: new Set(RULES.flatMap(({ statuses }) => statuses)),
  isTelling: ({ message }) => TELLING.test(message),
  changes,
}

/** What to leave out of the next try. */
export function adapt(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  return adaptation(error, call, past, ADAPTABLE)
}

function* changes(error: SluiceError, _call: Call, body: Obj): Generator<Change> {
  for (const { fact, change, statuses, sent, refused } of RULES) {
    if (error.status !== undefined && !statuses.includes(error.status)) continue
    const where = sent(body) ? refused(error, body) : undefined
    if (where) yield { words: change, fact, value: true, where }
  }
}

/** A schema that is refused is the caller's. */
function ofSchema(message: string): "session" | undefined {
  return SCHEMA_REFUSED.test(message) ? "session" : undefined
}

/** Whether the host takes no level at all; a refusal of the one that was sent is none. */
function refusesEffort(error: SluiceError, value: unknown): boolean {
  if (/\beffort (?:level|value)\b/i.test(error.message) || isAboutValue(error.message)) return false
  return refusesField(error, "effort", { nested: true, value }) || refusesField(error, "output_config", { value })
}

function config(body: Obj): Obj {
  return isObject(body["output_config"]) ? body["output_config"] : {}
}

function thinking(body: Obj): Obj[] {
  return objects(body["messages"])
    .flatMap((message) => objects(message["content"]))
    .filter((block) => block["type"] === "thinking" || block["type"] === "redacted_thinking")
}

function isSigned(block: Obj): boolean {
  return block["type"] === "redacted_thinking" || (typeof block["signature"] === "string" && block["signature"] !== "")
}
