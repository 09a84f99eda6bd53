import type { ModelRule } from "../provider.ts"
import type { ThinkingLadder } from "../thinking.ts"
import { GEMINI_BUDGETS, GEMINI_RULES } from "./others.ts"

/** Tokens to think with, by level; Pro may take more of them, and cannot be kept from it. */
const FLASH: ThinkingLadder = {
  mode: "budget",
  efforts: ["minimal", "low", "medium", "high"],
  budgets: GEMINI_BUDGETS,
}
const PRO: ThinkingLadder = { ...FLASH, budgets: { ...FLASH.budgets, high: 32_768 }, mandatory: true }
/** Its range begins at 512. */
const LITE: ThinkingLadder = { ...FLASH, budgets: { ...FLASH.budgets, minimal: 512 } }

/**
 * What Google's models take on Google's own API: those of 2.5 a number of tokens to think with, those of 3 a level. Those
 * of 3 want the signatures of their calls back and take media in the result of a tool.
 * Source: the vendor's pages on thinking, thought signatures and function calling.
 */
export const GEMINI_NATIVE_RULES: readonly ModelRule[] = [
  ...GEMINI_RULES,
  {
    match: /(?:^|\/)gemini-(?:1\.5|2\.0)/i,
    set: {
      input: ["text", "image", "document", "audio"],
      contextWindow: 1_048_576,
      maxTokens: 8192,
      thinking: false,
      compat: { google: { outputWithTools: false } },
    },
  },
  { match: /(?:^|\/)gemini-2\.5/i, set: { compat: { google: { outputWithTools: false } } } },
  { match: /(?:^|\/)gemini-2\.5-pro/i, set: { thinking: PRO } },
  { match: /(?:^|\/)gemini-2\.5-flash/i, set: { thinking: FLASH } },
  { match: /(?:^|\/)gemini-2\.5-flash-lite/i, set: { thinking: LITE } },
  {
    match: /(?:^|\/)gemini-(?:[3-9]|[1-9]\d)(?:[.-]|$)/i,
    set: { compat: { google: { needsSignatures: true, mediaInToolResult: true } } },
  },
  {
    match: /(?:^|\/)gemini-.*-image/i,
    set: { output: ["text", "image"], thinking: false, contextWindow: 65_536, maxTokens: 32_768 },
  },
  {
    match: /(?:^|\/)gemma-/i,
    set: {
      input: ["text", "image"],
      contextWindow: 131_072,
      maxTokens: 8192,
      thinking: false,
      compat: { demotedThinking: "tags", google: { systemInstruction: false, structuredOutput: false } },
    },
  },
]
