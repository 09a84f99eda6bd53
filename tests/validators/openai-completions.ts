import { chatViolations, type Violation } from "@sluice/testkit/rules"
import type { Asked } from "./asked.ts"

/** The rules of Chat Completions that a request breaks. */
export function validateChat({ body, vendor = true }: Asked): Violation[] {
  return chatViolations(body, vendor ? {} : { alike: true, toolCallIdLimit: 64 })
}
