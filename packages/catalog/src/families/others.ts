import type { ModelRule } from "../provider.ts"
import type { Effort } from "../thinking.ts"

/** Grok: most of it thinks as it pleases; the 3 mini and what came from 4.5 on take a level. */
export const GROK_RULES: readonly ModelRule[] = [
  { match: /(?:^|\/)grok-/i, set: { thinking: false } },
  { match: /(?:^|\/)grok-(?:4|2-vision)/i, set: { input: ["text", "image"] } },
  { match: /(?:^|\/)grok-(?:3|code)/i, set: { input: ["text"] } },
  { match: /(?:^|\/)grok-3-mini/i, set: { thinking: { mode: "effort", efforts: ["low", "high"], mandatory: true } } },
  {
    match: /(?:^|\/)grok-(?:4\.[5-9]|[5-9])(?!\d)/i,
    set: { thinking: { mode: "effort", efforts: ["low", "medium", "high"], mandatory: true } },
  },
  { match: /(?:^|\/)grok-.*non-reasoning/i, set: { thinking: false } },
]

/** Tokens that a level of Gemini's stands for, where a host takes those in its place; 2.5 takes nothing else. */
export const GEMINI_BUDGETS: Readonly<Partial<Record<Effort, number>>> = {
  minimal: 128,
  low: 2048,
  medium: 8192,
  high: 24_576,
}

const GEMINI_3 = { mode: "effort", budgets: GEMINI_BUDGETS, mandatory: true } as const

/** Gemini: the Pro of 3 has no middle level; Flash has them all. Only 2.5 Flash can be kept from thinking. */
export const GEMINI_RULES: readonly ModelRule[] = [
  { match: /(?:^|\/)gemini-/i, set: { compat: { demotedThinking: "fence" } } },
  {
    match: /(?:^|\/)gemini-(?:2\.5|3)/i,
    set: { input: ["text", "image", "document", "audio"], contextWindow: 1_048_576, maxTokens: 65_536 },
  },
  {
    match: /(?:^|\/)gemini-2\.5-pro/i,
    set: { thinking: { mode: "effort", efforts: ["minimal", "low", "medium", "high"], mandatory: true } },
  },
  {
    match: /(?:^|\/)gemini-2\.5-flash/i,
    set: { thinking: { mode: "effort", efforts: ["minimal", "low", "medium", "high"] } },
  },
  {
    match: /(?:^|\/)gemini-3(?:[.-]|$)/i,
    set: { thinking: { ...GEMINI_3, efforts: ["low", "medium", "high"] } },
  },
  {
    match: /(?:^|\/)gemini-3-pro/i,
    set: { thinking: { ...GEMINI_3, efforts: ["low", "high"] } },
  },
  {
    match: /(?:^|\/)gemini-3(?:\.\d+)?-flash/i,
    set: { thinking: { ...GEMINI_3, efforts: ["minimal", "low", "medium", "high"] } },
  },
]

/** Mistral's models that read images, and those that take a level. */
export const MISTRAL_RULES: readonly ModelRule[] = [
  {
    match: /(?:^|\/)(?:mistral|magistral|devstral|codestral|ministral|open-mi[sx]tral|pixtral)/i,
    set: { thinking: false },
  },
  { match: /(?:^|\/)(?:codestral|devstral|open-mi[sx]tral|mistral-nemo)/i, set: { input: ["text"] } },
  {
    match: /(?:^|\/)(?:pixtral|mistral-(?:small|medium|large)|magistral|ministral)/i,
    set: { input: ["text", "image"] },
  },
]
