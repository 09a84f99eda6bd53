import type { ModelData, ModelTable } from "../provider.ts"
import { MODELS as CLAUDE } from "./anthropic.ts"
import { MODELS as GEMINI } from "./google.ts"

/** Models of Google's that Vertex does not serve by token. */
const ELSEWHERE = new Set(["gemma-3-27b-it"])

/** Claude's ids here write a date behind an `@`. */
function ofClaude([id, data]: [string, ModelData]): [string, ModelData] {
  const dated = id.replace(/-(\d{8})$/, "@$1")
  return [id, { ...data, api: "google-vertex-anthropic", ...(dated === id ? {} : { requestModelId: dated }) }]
}

/** What Vertex serves of Google's own models and of Claude, at the vendors' prices. */
export const MODELS: ModelTable = {
  ...Object.fromEntries(Object.entries(GEMINI).filter(([id]) => !ELSEWHERE.has(id))),
  ...Object.fromEntries(Object.entries(CLAUDE).map(ofClaude)),
}
