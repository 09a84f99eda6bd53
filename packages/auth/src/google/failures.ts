import { classify, type ErrorFacts, type SluiceError } from "@sluice/ai"
import { readGoogleError } from "@sluice/ai/endpoints/code-assist"
import type { Answer } from "../http.ts"

/** Longest part of a host's own words that is carried on. */
const MAX_WORDS = 500

/** The error that an answer of a token endpoint stands for. Source: RFC 6749, section 5.2. */
export function tokenRefusal(what: string, { status, body }: Answer): SluiceError {
  const { error, error_description: words } = isRecord(body) ? body : {}
  const word = typeof error === "string" ? error : undefined
  return refusal(what, {
    status,
    ...(word === undefined ? {} : { code: word }),
    message: typeof words === "string" && words !== "" ? words : (word ?? ""),
  })
}

/** What an answer of one of Google's APIs says of a failure, read as one of their models'. A page is no message. */
export function factsOf({ status, body }: Answer): ErrorFacts {
  return typeof body === "string" ? { status } : readGoogleError({ status }, body)
}

/** The error that such an answer stands for. */
export function refusal(what: string, facts: ErrorFacts): SluiceError {
  const told = facts.message || `status ${facts.status}`
  return classify({
    ...facts,
    message: `${begin(what)} answered: ${told.slice(0, MAX_WORDS)}`,
    ...(facts.status === 401 && facts.is === undefined ? { is: "auth_invalid" } : {}),
  })
}

/** Whether a value is a JSON object. */
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
