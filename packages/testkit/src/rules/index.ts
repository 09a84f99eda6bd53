/**
 * The rules that vendors have for requests, without a server: the same that the emulators refuse by. They are written
 * from the vendors' public documentation and know nothing of how Sluice spells a request.
 *
 * @module
 */
import { cloudChecks, BEDROCK_FORM, VERTEX_FORM } from "../emulators/anthropic-messages/check-cloud.ts"
import { DEFAULT_RULES, requestChecks as anthropicChecks } from "../emulators/anthropic-messages/check.ts"
import { converseChecks } from "../emulators/bedrock/check.ts"
import { bodyChecks as googleChecks } from "../emulators/google/check.ts"
import { Signatures } from "../emulators/google/signatures.ts"
import type { GoogleCall } from "../emulators/google/types.ts"
import { requestChecks as ollamaChecks } from "../emulators/ollama/check.ts"
import { requestChecks as chatChecks } from "../emulators/openai-chat/check.ts"
import { thinksByName } from "../emulators/openai-host.ts"
import { checkConversation, requestChecks as responsesChecks } from "../emulators/openai-responses/check.ts"
import { ItemBook, ResponseMemory } from "../emulators/openai-responses/memory.ts"
import type { ResponsesRules } from "../emulators/openai-responses/types.ts"
import { violationsOf, type Violation } from "./violations.ts"

export type { Violation } from "./violations.ts"

/** What a request to Anthropic's Messages is checked against besides the vendor's own rules. */
export interface AnthropicRequestRules {
  /** Whose form the body has: where version, betas and model stand. Default `anthropic`. */
  cloud?: "anthropic" | "bedrock" | "vertex"
  /**
   * Value of the header `anthropic-beta`; on other clouds the betas stand in the body. Absent: it is not known, and
   * fields that need a beta are taken.
   */
  betas?: string
  /** A tool loop that began without thinking is refused a budget, as older servers and other clouds do. Default true. */
  keepsThinking?: boolean
  /** Most tokens of an answer. Default 128000. */
  maxTokens?: number
  /** The model thinks as it sees fit, and so refuses sampling, `disabled` thinking and prefill. Default false. */
  adaptive?: boolean
  /** Fields of a request that the vendor does not know are refused. Default true. */
  strictFields?: boolean
  /** Opaque values that were given out: signature to its thinking, and redacted data. Absent: none is verified. */
  issued?: { signatures: ReadonlyMap<string, string>; redacted: ReadonlySet<string> }
}

/** The rules of Anthropic's Messages that a request breaks. */
export function anthropicViolations(body: unknown, about: AnthropicRequestRules = {}): Violation[] {
  const rules = {
    ...DEFAULT_RULES,
    maxTokens: about.maxTokens ?? DEFAULT_RULES.maxTokens,
    strictFields: about.strictFields ?? true,
    keepsThinking: about.keepsThinking ?? true,
    ...(about.betas === undefined && about.cloud === undefined ? { betaFields: {} } : {}),
    adaptive: () => about.adaptive ?? false,
  }
  const issued = about.issued
    ? { ...about.issued, verify: true }
    : { signatures: new Map(), redacted: new Set<string>(), verify: false }
  const { cloud = "anthropic" } = about
  return violationsOf(() =>
    cloud === "anthropic"
      ? anthropicChecks(body, about.betas ?? "", rules, issued, false)
      : cloudChecks(body, "claude", cloud === "bedrock" ? BEDROCK_FORM : VERTEX_FORM, rules, issued),
  )
}

/** What a request to Chat Completions is checked against. */
export interface ChatRequestRules {
  /**
   * Whether the model thinks: it then refuses `max_tokens` and sampling, and else an effort. Default: by the names of
   * OpenAI's models; of other hosts nothing is known.
   */
  thinks?: boolean
  /** A host that only speaks as OpenAI does: it has fields and tools of its own, and takes an empty list of them. */
  alike?: boolean
  /** Longest id of a tool call. Default 40. */
  toolCallIdLimit?: number
}

/** The rules of Chat Completions that a request breaks. */
export function chatViolations(body: unknown, about: ChatRequestRules = {}): Violation[] {
  const { thinks, alike = false, toolCallIdLimit = 40 } = about
  const rules = {
    thinks: (model: string) => thinks ?? (alike ? undefined : thinksByName(model)),
    strictFields: !alike,
    ownTools: alike,
    toolCallIdLimit,
  }
  return violationsOf(() => chatChecks(body, rules))
}

/** What a request to the Responses API is checked against. */
export interface ResponsesRequestRules {
  /** As for Chat Completions. */
  thinks?: boolean
  /** A host that only speaks as OpenAI does. */
  alike?: boolean
  azure?: boolean
  /** Encrypted reasoning that was given out. Absent: none is verified. */
  encrypted?: ReadonlySet<string>
}

/** The rules of the Responses API that a request breaks. It is taken to begin a conversation, not to go on with one. */
export function responsesViolations(body: unknown, about: ResponsesRequestRules = {}): Violation[] {
  const { thinks, alike = false, azure = false, encrypted } = about
  const rules: ResponsesRules = {
    thinks: (model) => thinks ?? (alike ? undefined : thinksByName(model)),
    strictFields: !alike,
    leastOutput: alike ? 1 : 16,
    unsupported: [],
    zeroDataRetention: false,
    verifyReasoning: encrypted !== undefined,
  }
  const state = { memory: new ResponseMemory(), book: new ItemBook() }
  for (const value of encrypted ?? []) {
    state.book.add([{ type: "reasoning", encrypted_content: value }], false)
  }
  return violationsOf(() => {
    const { body: read, checks } = responsesChecks(body, rules, azure)
    return { body: read, checks: [...checks, () => checkConversation(read, rules, state)] }
  })
}

/** What a request to Gemini is checked against. */
export interface GoogleRequestRules {
  /** Default `gemini`. */
  surface?: GoogleCall["surface"]
  /** The model's id, which stands in the path. */
  model: string
  /** Most tokens of an answer. Default 65536. */
  maxTokens?: number
  /** Ids within calls and their results are known. Default: to the Gemini API and Code Assist, and not to Vertex. */
  callIds?: boolean
  /** Signatures that were given out, each with its model. Absent: none is verified. */
  signatures?: ReadonlyMap<string, string>
}

/** The rules of Gemini's API that a request breaks. */
export function googleViolations(body: unknown, about: GoogleRequestRules): Violation[] {
  const { surface = "gemini", model, maxTokens = 65_536, callIds = surface !== "vertex", signatures } = about
  const known = new Signatures(signatures !== undefined, signatures)
  return violationsOf(() => googleChecks(body, { surface, model, maxTokens, callIds, signatures: known }))
}

/** What a request to Converse is checked against. */
export interface ConverseRequestRules {
  /** Signatures that were given out, each as `<signature> <thinking>`. Absent: none is verified. */
  signatures?: ReadonlySet<string>
}

/** The rules of Bedrock's Converse that a request breaks. */
export function converseViolations(body: unknown, about: ConverseRequestRules = {}): Violation[] {
  return violationsOf(() => converseChecks(body, about.signatures))
}

/** The rules of Ollama's chat that a request breaks. */
export function ollamaViolations(body: unknown): Violation[] {
  return violationsOf(() => ollamaChecks(body, false, {}))
}
