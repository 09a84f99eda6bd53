import type { Usage } from "@sluice/catalog/core"
import type { Obj } from "./types.ts"

/**
 * The counts of a last chunk. A host that read the whole prompt from its cache may leave the prompt's count out; it is
 * then not known. Thinking is counted within the answer and not told apart.
 */
export function readUsage(chunk: Obj): Partial<Usage> {
  const input = count(chunk["prompt_eval_count"])
  const output = count(chunk["eval_count"])
  return { ...(input === undefined ? {} : { input }), ...(output === undefined ? {} : { output }) }
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined
}
