import { ollamaViolations, type Violation } from "@sluice/testkit/rules"
import type { Asked } from "./asked.ts"

/** The rules of Ollama's chat that a request breaks. */
export function validateOllama({ body }: Asked): Violation[] {
  return ollamaViolations(body)
}
