import { anthropicViolations, type Violation } from "@sluice/testkit/rules"
import type { Asked } from "./asked.ts"

const CLOUDS = { "bedrock-anthropic-messages": "bedrock", "google-vertex-anthropic": "vertex" } as const

/**
 * Models that think as they see fit: they take neither sampling nor `disabled` thinking.
 *
 * @see https://docs.claude.com/en/docs/build-with-claude/adaptive-thinking
 */
const ADAPTIVE = /claude-(?:opus-(?:4-[7-9]|[5-9])|sonnet-[5-9]|fable)/

/** The rules of Anthropic's Messages that a request breaks. */
export function validateMessages(asked: Asked): Violation[] {
  const { body, headers, model, strict = true, api = "anthropic-messages", issued, maxTokens, vendor = true } = asked
  return anthropicViolations(body, {
    ...(api in CLOUDS ? { cloud: CLOUDS[api as keyof typeof CLOUDS] } : {}),
    ...(headers ? { betas: headers["anthropic-beta"] ?? "" } : {}),
    keepsThinking: strict,
    adaptive: ADAPTIVE.test(model),
    strictFields: vendor,
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(issued ? { issued: { signatures: issued, redacted: new Set(issued.keys()) } } : {}),
  })
}
