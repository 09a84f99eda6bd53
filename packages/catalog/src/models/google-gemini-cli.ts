import type { ModelTable } from "../provider.ts"
import { MODELS as PLATFORM } from "./google.ts"

/** Models of Code Assist. A plan pays for them; what they would cost is what the vendor's own API asks. */
const IDS = [
  "gemini-2.5-pro",
  "gemini-2.5-flash",
  "gemini-2.5-flash-lite",
  "gemini-3-pro-preview",
  "gemini-3-flash-preview",
] as const

/** Models of Code Assist, which are those of the platform. */
export const MODELS: ModelTable = Object.fromEntries(IDS.map((id) => [id, { ...PLATFORM[id] }]))
