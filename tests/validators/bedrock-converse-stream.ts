import { converseViolations, type Violation } from "@sluice/testkit/rules"
import type { Asked } from "./asked.ts"

/** The rules of Bedrock's Converse that a request breaks. */
export function validateConverse({ body, issued }: Asked): Violation[] {
  if (!issued) return converseViolations(body)
  return converseViolations(body, {
    signatures: new Set([...issued].map(([signature, thinking]) => `${signature} ${thinking}`)),
  })
}
