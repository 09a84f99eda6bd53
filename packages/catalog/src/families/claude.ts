import type { Compat } from "../compat.ts"
import type { ModelRule } from "../provider.ts"
import type { Effort, ThinkingLadder } from "../thinking.ts"

/** Tokens to think with, by level. */
const BUDGETS: Readonly<Partial<Record<Effort, number>>> = {
  minimal: 1024,
  low: 4096,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768,
}

const BUDGET: ThinkingLadder = {
  mode: "budget",
  efforts: ["minimal", "low", "medium", "high", "xhigh"],
  budgets: BUDGETS,
  display: true,
}
const BUDGET_EFFORT: ThinkingLadder = { ...BUDGET, mode: "budget-effort", effortMap: { minimal: "low", xhigh: "high" } }
const TO_HIGH: ThinkingLadder = { mode: "adaptive", efforts: ["low", "medium", "high"] }
const TO_MAX: ThinkingLadder = { mode: "adaptive", efforts: ["low", "medium", "high", "max"] }
const FULL: ThinkingLadder = { mode: "adaptive", efforts: ["low", "medium", "high", "xhigh", "max"], display: true }

/** Versions are written with a dash or a dot; `-20250514` after one is a date and belongs to no version. */
const NEW_MAJOR = String.raw`(?:[5-9]|[1-9]\d)(?!\d)`
const BARE = String.raw`(?:[-.]0)?(?![-.]?\d{1,2}(?!\d))(?!\d)`

/** Ids of one or more kinds of Claude in one version or range, on any relay (`anthropic/…`, `us.anthropic.…`). */
function claude(kinds: string, versions: string): RegExp {
  return new RegExp(String.raw`(?:^|[/.])claude-(?:${kinds})-(?:${versions})`, "i")
}

/** What older hosts of Claude do not know yet. */
const BEFORE_STRUCTURED: Compat = { messages: { structuredOutput: false, strictTools: false } }
const NO_SAMPLING: Compat = {
  messages: { sampling: false },
  chat: { sampling: false },
  converse: { sampling: false },
}

/**
 * Claude, by what its versions take: a budget up to 4.5, a budget beside a level for Opus 4.5, and from 4.6 on a level
 * that steers adaptive thinking. From Opus 4.7 and Sonnet 5 on sampling parameters are refused.
 * Source: the vendor's pages on extended thinking, adaptive thinking and effort.
 */
export const CLAUDE_RULES: readonly ModelRule[] = [
  {
    match: /(?:^|[/.])claude-/i,
    set: { input: ["text", "image", "document"], compat: { chat: { thinkingOffWithToolChoice: "forced" } } },
  },
  { match: /(?:^|[/.])claude-(?:2|instant)/i, set: { input: ["text"], thinking: false } },
  {
    match: /(?:^|[/.])claude-3(?:[-.]5)?-(?:opus|sonnet|haiku)/i,
    set: {
      contextWindow: 200_000,
      thinking: false,
      compat: { messages: { ...BEFORE_STRUCTURED.messages, contextManagement: false } },
    },
  },
  {
    match: /(?:^|[/.])claude-3[-.]7-/i,
    set: {
      contextWindow: 200_000,
      thinking: BUDGET,
      compat: { messages: { ...BEFORE_STRUCTURED.messages, contextManagement: false } },
    },
  },
  {
    match: claude("opus|sonnet|haiku", String.raw`4(?:${BARE}|[-.]1(?!\d))`),
    set: {
      contextWindow: 200_000,
      thinking: BUDGET,
      compat: { messages: { ...BEFORE_STRUCTURED.messages, interleavedThinking: true } },
    },
  },
  {
    match: claude("opus", String.raw`4[-.]1(?!\d)`),
    set: { compat: { messages: { structuredOutput: true, strictTools: true } } },
  },
  {
    match: claude("sonnet|haiku", String.raw`4[-.]5(?!\d)`),
    set: { contextWindow: 200_000, thinking: BUDGET, compat: { messages: { interleavedThinking: true } } },
  },
  {
    match: claude("opus", String.raw`4[-.]5(?!\d)`),
    set: { contextWindow: 200_000, thinking: BUDGET_EFFORT, compat: { messages: { interleavedThinking: true } } },
  },
  {
    match: claude("opus|sonnet|haiku", String.raw`4[-.]6(?!\d)`),
    set: { contextWindow: 1_000_000, thinking: TO_MAX, compat: { messages: { refusesDisabledThinking: false } } },
  },
  { match: claude("sonnet|haiku", String.raw`4[-.]6(?!\d)`), set: { thinking: TO_HIGH } },
  {
    match: claude("opus|sonnet|haiku|fable|mythos", String.raw`(?:4[-.](?:[7-9]|[1-9]\d)(?!\d)|${NEW_MAJOR})`),
    set: { contextWindow: 1_000_000, thinking: FULL, compat: NO_SAMPLING },
  },
  {
    match: /(?:^|[/.])claude-(?:opus-4[-.]8|(?:fable|mythos)-5)(?!\d)/i,
    set: { compat: { messages: { midConversationSystem: true } } },
  },
  {
    match: /(?:^|[/.])claude-(?:fable|mythos)-/i,
    set: {
      contextWindow: 1_000_000,
      thinking: { ...FULL, mandatory: true },
      compat: {
        messages: { sampling: false, refusesForcedTool: true },
        chat: { sampling: false, refusesForcedTool: true },
        converse: { sampling: false, refusesForcedTool: true },
      },
    },
  },
]
