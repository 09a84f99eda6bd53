import { GPT_OSS_RULES } from "../families/gpt.ts"
import { DEEPSEEK_RULES, GLM_RULES, KIMI_MARKUP, MINIMAX_RULES, QWEN_RULES } from "../families/open-weights.ts"
import type { ModelRule } from "../provider.ts"

/** Families that people run themselves. What a family reads and how long its window is depends on the file served. */
export const LOCAL_RULES: readonly ModelRule[] = [
  ...GPT_OSS_RULES,
  ...QWEN_RULES,
  ...GLM_RULES,
  ...DEEPSEEK_RULES,
  ...MINIMAX_RULES,
  KIMI_MARKUP,
].map((rule) => {
  const { input: _input, contextWindow: _contextWindow, maxTokens: _maxTokens, ...set } = rule.set
  return { match: rule.match, set }
})
