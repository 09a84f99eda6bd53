import { responsesViolations, type Violation } from "@sluice/testkit/rules"
import type { Asked } from "./asked.ts"

/** The rules of the Responses API that a request breaks. */
export function validateResponses({ body, api, issued, vendor = true }: Asked): Violation[] {
  return responsesViolations(body, {
    azure: api === "azure-openai-responses",
    alike: !vendor,
    ...(issued ? { encrypted: new Set(issued.keys()) } : {}),
  })
}
