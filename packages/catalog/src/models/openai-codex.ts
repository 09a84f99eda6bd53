import type { ModelData, ModelTable } from "../provider.ts"
import { MODELS as PLATFORM } from "./openai.ts"

/** The window that the backend gives all of its models. */
const CONTEXT_WINDOW = 272_000

const IDS = ["gpt-5.6", "gpt-5.5", "gpt-5.4", "gpt-5.4-mini", "gpt-5.2"] as const

/** Models of the backend. A plan pays for them; what they would cost is what the vendor's own API asks. */
export const MODELS: ModelTable = Object.fromEntries(
  IDS.map((id): [string, ModelData] => [id, { maxTokens: 128_000, ...PLATFORM[id], contextWindow: CONTEXT_WINDOW }]),
)
