import type { ModelTable } from "../provider.ts"

/**
 * A first choice among the several hundred models of OpenRouter. Prices are left to what each answer reports; the
 * provider's own list has them all.
 */
export const MODELS: ModelTable = {
  "openai/gpt-5.5": { name: "OpenAI: GPT-5.5", contextWindow: 1_050_000, maxTokens: 128_000 },
  "openai/gpt-5.4": { name: "OpenAI: GPT-5.4", contextWindow: 1_050_000, maxTokens: 128_000 },
  "openai/gpt-5-mini": { name: "OpenAI: GPT-5 Mini", contextWindow: 400_000, maxTokens: 128_000 },
  "openai/gpt-oss-120b": { name: "OpenAI: gpt-oss-120b" },
  "anthropic/claude-opus-4.7": { name: "Anthropic: Claude Opus 4.7", maxTokens: 128_000 },
  "anthropic/claude-sonnet-4.6": { name: "Anthropic: Claude Sonnet 4.6" },
  "anthropic/claude-haiku-4.5": { name: "Anthropic: Claude Haiku 4.5", maxTokens: 64_000 },
  "google/gemini-2.5-pro": { name: "Google: Gemini 2.5 Pro" },
  "google/gemini-2.5-flash": { name: "Google: Gemini 2.5 Flash" },
  "google/gemini-3-flash-preview": { name: "Google: Gemini 3 Flash Preview" },
  "x-ai/grok-4.6": { name: "xAI: Grok 4.6" },
  "deepseek/deepseek-v4-pro": { name: "DeepSeek: DeepSeek V4 Pro" },
  "moonshotai/kimi-k2.6": { name: "MoonshotAI: Kimi K2.6" },
  "z-ai/glm-4.7": { name: "Z.AI: GLM 4.7" },
  "qwen/qwen3-coder": { name: "Qwen: Qwen3 Coder", input: ["text"] },
  "mistralai/mistral-medium-3.1": { name: "Mistral: Mistral Medium 3.1" },
}
