import type { ModelData, ModelTable } from "../provider.ts"

/** A cache read costs a tenth. */
function priced(name: string, input: number, output: number, more: Partial<ModelData> = {}): ModelData {
  return { name, prices: { input, output, cacheRead: tenth(input) }, ...more }
}

/** Pro doubles for prompts of more than 200,000 tokens, output by half as much again. */
function pro(name: string, input: number, output: number): ModelData {
  const longContext = { above: 200_000, input: 2 * input, output: 1.5 * output, cacheRead: tenth(2 * input) }
  return { name, prices: { input, output, cacheRead: tenth(input), longContext } }
}

function tenth(value: number): number {
  return Number((value / 10).toFixed(6))
}

/** Google's models. Dollars per million tokens of text, from the vendor's pricing page. Windows follow from the family. */
export const MODELS: ModelTable = {
  "gemini-3.1-pro-preview": pro("Gemini 3.1 Pro", 2, 12),
  "gemini-3-pro-preview": pro("Gemini 3 Pro", 2, 12),
  "gemini-3-flash-preview": priced("Gemini 3 Flash", 0.5, 3),
  "gemini-3.1-flash-lite-preview": priced("Gemini 3.1 Flash-Lite", 0.25, 1.5),
  "gemini-3-pro-image-preview": { name: "Gemini 3 Pro Image" },
  "gemini-2.5-pro": pro("Gemini 2.5 Pro", 1.25, 10),
  "gemini-2.5-flash": priced("Gemini 2.5 Flash", 0.3, 2.5),
  "gemini-2.5-flash-lite": priced("Gemini 2.5 Flash-Lite", 0.1, 0.4),
  "gemini-2.5-flash-image": { name: "Gemini 2.5 Flash Image" },
  "gemini-2.0-flash": {
    name: "Gemini 2.0 Flash",
    prices: { input: 0.1, output: 0.4, cacheRead: 0.025 },
  },
  "gemini-2.0-flash-lite": { name: "Gemini 2.0 Flash-Lite", prices: { input: 0.075, output: 0.3 } },
  "gemma-3-27b-it": { name: "Gemma 3 27B", prices: { input: 0, output: 0 } },
}
