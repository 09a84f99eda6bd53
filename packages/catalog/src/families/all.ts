import type { ModelRule } from "../provider.ts"
import { CLAUDE_RULES } from "./claude.ts"
import { GPT_OSS_RULES, GPT_RULES } from "./gpt.ts"
import { DEEPSEEK_RULES, GLM_RULES, KIMI_RULES, MINIMAX_RULES, QWEN_RULES } from "./open-weights.ts"
import { GEMINI_RULES, GROK_RULES, MISTRAL_RULES } from "./others.ts"

/** Every family, for hosts that may serve any of them. */
export const ALL_FAMILIES: readonly ModelRule[] = [
  ...GPT_RULES,
  ...GPT_OSS_RULES,
  ...CLAUDE_RULES,
  ...GEMINI_RULES,
  ...GROK_RULES,
  ...DEEPSEEK_RULES,
  ...QWEN_RULES,
  ...GLM_RULES,
  ...KIMI_RULES,
  ...MINIMAX_RULES,
  ...MISTRAL_RULES,
]
