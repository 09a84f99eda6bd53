import type { Provider } from "../provider.ts"
import { amazonBedrock } from "./amazon-bedrock.ts"
import { anthropic } from "./anthropic.ts"
import { azureOpenai } from "./azure-openai.ts"
import { cerebras } from "./cerebras.ts"
import { deepseek } from "./deepseek.ts"
import { fireworks } from "./fireworks.ts"
import { googleVertex } from "./google-vertex.ts"
import { google } from "./google.ts"
import { googleAntigravity } from "./google-antigravity.ts"
import { googleGeminiCli } from "./google-gemini-cli.ts"
import { groq } from "./groq.ts"
import { llamaCpp } from "./llama-cpp.ts"
import { lmStudio } from "./lm-studio.ts"
import { mistral } from "./mistral.ts"
import { mock } from "./mock.ts"
import { moonshot } from "./moonshot.ts"
import { ollamaCloud } from "./ollama-cloud.ts"
import { ollama } from "./ollama.ts"
import { openaiCodex } from "./openai-codex.ts"
import { openai } from "./openai.ts"
import { openrouter } from "./openrouter.ts"
import { together } from "./together.ts"
import { vllm } from "./vllm.ts"
import { xai } from "./xai.ts"
import { zai } from "./zai.ts"

/** Every provider, by id, in the order in which a usable key is looked for. */
export const PROVIDERS = {
  anthropic: anthropic as Provider,
  openai: openai as Provider,
  "openai-codex": openaiCodex as Provider,
  "azure-openai": azureOpenai as Provider,
  google: google as Provider,
  "google-vertex": googleVertex as Provider,
  "amazon-bedrock": amazonBedrock as Provider,
  openrouter: openrouter as Provider,
  groq: groq as Provider,
  deepseek: deepseek as Provider,
  mistral: mistral as Provider,
  xai: xai as Provider,
  cerebras: cerebras as Provider,
  together: together as Provider,
  fireworks: fireworks as Provider,
  moonshot: moonshot as Provider,
  zai: zai as Provider,
  "google-gemini-cli": googleGeminiCli as Provider,
  "google-antigravity": googleAntigravity as Provider,
  "ollama-cloud": ollamaCloud as Provider,
  ollama: ollama as Provider,
  "llama.cpp": llamaCpp as Provider,
  "lm-studio": lmStudio as Provider,
  vllm: vllm as Provider,
  mock: mock as Provider,
}

/** Id of a provider that the catalog knows. */
export type ProviderId = keyof typeof PROVIDERS

/** The ids of all providers. */
export const PROVIDER_IDS: readonly ProviderId[] = Object.keys(PROVIDERS) as ProviderId[]

/** Whether the catalog knows a provider of this name. */
export function isProviderId(id: string): id is ProviderId {
  return Object.hasOwn(PROVIDERS, id)
}

/** The provider of an id, or `undefined`. */
export function findProvider(id: string): Provider | undefined {
  return isProviderId(id) ? PROVIDERS[id] : undefined
}
