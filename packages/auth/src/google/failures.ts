import { classify, type ErrorFacts, type SluiceError } from "@sluice/ai"
import type { Answer } from "../http.ts"

/** Longest part of a host's own words that is carried on. */
const MAX_WORDS = 500

/** The error that an answer of one of Google's hosts stands for, in the form of its APIs or of its token endpoint. */
export function refusal(what: string, { status, body }: Pick<Answer, "status" | "body">): SluiceError {
  const facts: ErrorFacts = { status }
  const error = isRecord(body) ? body["error"] : undefined
  const words = isRecord(error) ? error["message"] : isRecord(body) ? body["error_description"] : undefined
  const word = isRecord(error) ? error["status"] : error
  if (typeof word === "string") facts.code = word
  const told = typeof words === "string" && words !== "" ? words : typeof word === "string" ? word : `status ${status}`
  facts.message = `${begin(what)} answered: ${told.slice(0, MAX_WORDS)}`
  if (status === 401) facts.is = "auth_invalid"
  return classify(facts)
}

/** The reason and the metadata of each detail of an error. */
export function detailsOf(body: unknown): { reason?: string; metadata: Record<string, unknown> }[] {
  const error = isRecord(body) ? body["error"] : undefined
  const details = isRecord(error) ? error["details"] : undefined
  if (!Array.isArray(details)) return []
  return details.filter(isRecord).map((detail) => ({
    ...(typeof detail["reason"] === "string" ? { reason: detail["reason"] } : {}),
    metadata: isRecord(detail["metadata"]) ? detail["metadata"] : {},
  }))
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** A field that is a text and not empty. */
export function textIn(record: Record<string, unknown>, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = record[name]
    if (typeof value === "string" && value.trim() !== "") return value.trim()
  }
  return undefined
}

/** A name as a sentence begins with it. */
export function begin(what: string): string {
  return what.charAt(0).toUpperCase() + what.slice(1)
}
