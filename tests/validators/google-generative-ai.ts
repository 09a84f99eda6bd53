import { googleViolations, type Violation } from "@sluice/testkit/rules"
import type { Asked } from "./asked.ts"

const SURFACES = { "google-vertex": "vertex", "google-gemini-cli": "code-assist" } as const

/** The rules of Gemini's API that a request breaks. */
export function validateGoogle(asked: Asked): Violation[] {
  const { body, model, api = "google-generative-ai", strict = true, issued, maxTokens } = asked
  const surface = SURFACES[api as keyof typeof SURFACES] ?? "gemini"
  const request = surface === "code-assist" ? (body as { request?: unknown }).request : body
  return googleViolations(request, {
    surface,
    model,
    // Vertex takes ids of calls by now; it did not for long.
    ...(strict ? {} : { callIds: true }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(issued ? { signatures: new Map([...issued.keys()].map((value) => [value, model])) } : {}),
  })
}
