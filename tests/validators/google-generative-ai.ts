import { googleViolations, type Violation } from "@sluice/testkit/rules"
import type { Asked } from "./asked.ts"

const SURFACES = { "google-vertex": "vertex", "google-gemini-cli": "code-assist" } as const

/** The rules of Gemini's API that a request breaks. */
export function validateGoogle({ body, model, api = "google-generative-ai", issued, maxTokens }: Asked): Violation[] {
  const surface = SURFACES[api as keyof typeof SURFACES] ?? "gemini"
  const request = surface === "code-assist" ? (body as { request?: unknown }).request : body
  return googleViolations(request, {
    surface,
    model,
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(issued ? { signatures: new Map([...issued.keys()].map((value) => [value, model])) } : {}),
  })
}
