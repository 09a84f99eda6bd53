import type { ModelData, ModelTable } from "../provider.ts"

/** Geographies with inference profiles of most models, and the profile that is served from everywhere. */
const REGIONAL = ["us", "eu", "apac"] as const

/** What a model's ids differ in. */
interface Ids {
  /** The model itself can be asked, without a profile. */
  bare?: boolean
  profiles?: readonly string[]
  /** Its global profile costs a tenth less than the others. */
  global?: boolean
}

/** The entries of a model: itself, and its inference profiles by their prefixes. */
function entries(
  id: string,
  data: ModelData,
  { bare = true, profiles = REGIONAL, global = false }: Ids = {},
): ModelTable {
  const regional = global ? scaled(data, 1.1) : data
  const table: Record<string, ModelData> = {}
  if (bare) table[id] = regional
  for (const prefix of profiles) table[`${prefix}.${id}`] = regional
  if (global) table[`global.${id}`] = data
  return table
}

function scaled(data: ModelData, factor: number): ModelData {
  if (!data.prices) return data
  const { input, output, cacheRead = input, cacheWrite = input, cacheWrite1h = 2 * input } = data.prices
  const times = (price: number): number => round(price * factor)
  return {
    ...data,
    prices: {
      input: times(input),
      output: times(output),
      cacheRead: times(cacheRead),
      cacheWrite: times(cacheWrite),
      cacheWrite1h: times(cacheWrite1h),
    },
  }
}

function claude(name: string, input: number, output: number, maxTokens: number): ModelData {
  const cached = { cacheRead: round(input / 10), cacheWrite: round(input * 1.25), cacheWrite1h: 2 * input }
  return { name, maxTokens, prices: { input, output, ...cached } }
}

/** Amazon's own models read a cache at a quarter of the price and write it for nothing. */
function nova(name: string, input: number, output: number, maxTokens = 10_000): ModelData {
  return { name, maxTokens, prices: { input, output, cacheRead: round(input / 4), cacheWrite: 0 } }
}

function round(value: number): number {
  return Number(value.toFixed(6))
}

const NEW: Ids = { bare: false, profiles: ["us", "eu", "au", "jp"], global: true }

/**
 * Models behind Bedrock, by the ids that a request may name. Dollars per million tokens in the United States.
 * @see https://aws.amazon.com/bedrock/pricing/
 */
export const MODELS: ModelTable = {
  ...entries("anthropic.claude-opus-4-6-v1", claude("Claude Opus 4.6", 5, 25, 128_000), NEW),
  ...entries("anthropic.claude-sonnet-4-6", claude("Claude Sonnet 4.6", 3, 15, 64_000), NEW),
  ...entries("anthropic.claude-opus-4-5-20251101-v1:0", claude("Claude Opus 4.5", 5, 25, 64_000), NEW),
  ...entries("anthropic.claude-sonnet-4-5-20250929-v1:0", claude("Claude Sonnet 4.5", 3, 15, 64_000), NEW),
  ...entries("anthropic.claude-haiku-4-5-20251001-v1:0", claude("Claude Haiku 4.5", 1, 5, 64_000), NEW),
  ...entries("anthropic.claude-opus-4-1-20250805-v1:0", claude("Claude Opus 4.1", 15, 75, 32_000), {
    bare: false,
    profiles: ["us"],
  }),
  ...entries("anthropic.claude-sonnet-4-20250514-v1:0", claude("Claude Sonnet 4", 3, 15, 64_000)),
  ...entries("anthropic.claude-3-7-sonnet-20250219-v1:0", claude("Claude 3.7 Sonnet", 3, 15, 64_000)),
  ...entries("anthropic.claude-3-5-haiku-20241022-v1:0", claude("Claude 3.5 Haiku", 0.8, 4, 8192), {
    profiles: ["us"],
  }),
  ...entries("anthropic.claude-3-haiku-20240307-v1:0", {
    name: "Claude 3 Haiku",
    maxTokens: 4096,
    prices: { input: 0.25, output: 1.25 },
  }),
  ...entries(
    "amazon.nova-2-lite-v1:0",
    { ...nova("Amazon Nova 2 Lite", 0.3, 2.5, 64_000), contextWindow: 1_000_000 },
    {
      profiles: ["us", "eu", "jp"],
      global: true,
    },
  ),
  ...entries(
    "amazon.nova-premier-v1:0",
    { ...nova("Amazon Nova Premier", 2.5, 12.5), contextWindow: 1_000_000 },
    {
      bare: false,
      profiles: ["us"],
    },
  ),
  ...entries("amazon.nova-pro-v1:0", { ...nova("Amazon Nova Pro", 0.8, 3.2), contextWindow: 300_000 }),
  ...entries("amazon.nova-lite-v1:0", { ...nova("Amazon Nova Lite", 0.06, 0.24), contextWindow: 300_000 }),
  ...entries("amazon.nova-micro-v1:0", {
    ...nova("Amazon Nova Micro", 0.035, 0.14),
    contextWindow: 128_000,
    input: ["text"],
  }),
  ...entries(
    "meta.llama3-3-70b-instruct-v1:0",
    {
      name: "Llama 3.3 70B Instruct",
      contextWindow: 128_000,
      maxTokens: 8192,
      prices: { input: 0.72, output: 0.72 },
    },
    { profiles: ["us"] },
  ),
  ...entries(
    "openai.gpt-oss-120b-1:0",
    {
      name: "gpt-oss-120b",
      contextWindow: 128_000,
      prices: { input: 0.15, output: 0.6 },
    },
    { profiles: [] },
  ),
  ...entries(
    "openai.gpt-oss-20b-1:0",
    {
      name: "gpt-oss-20b",
      contextWindow: 128_000,
      prices: { input: 0.07, output: 0.3 },
    },
    { profiles: [] },
  ),
  ...entries(
    "deepseek.r1-v1:0",
    {
      name: "DeepSeek-R1",
      contextWindow: 128_000,
      maxTokens: 32_768,
      prices: { input: 1.35, output: 5.4 },
    },
    { bare: false, profiles: ["us"] },
  ),
  ...entries(
    "mistral.mistral-large-2407-v1:0",
    {
      name: "Mistral Large 2 (24.07)",
      contextWindow: 128_000,
      maxTokens: 8192,
      prices: { input: 2, output: 6 },
    },
    { profiles: [] },
  ),
}
