import { classify, type ErrorFacts, SluiceError } from "@sluice/ai"

/** Longest part of a host's own words that is carried on. */
const MAX_WORDS = 500

/** A response as far as it is read: its status, and its body as JSON where it is some. */
export interface Answer {
  status: number
  body: unknown
}

/** What is asked of a host. */
export interface Request {
  /** What it is, for people: `the token endpoint`. */
  what: string
  url: string
  init: RequestInit
}

/** Asks a host. @throws SluiceError `network` or `timeout` when no answer came, the abort's reason when aborted */
export async function ask(fetcher: typeof fetch, { what, url, init }: Request): Promise<Answer> {
  let status: number
  let text: string
  try {
    const response = await fetcher(url, { redirect: "error", ...init })
    status = response.status
    text = await response.text()
  } catch (error) {
    const reason: unknown = init.signal?.aborted ? init.signal.reason : undefined
    const late = reason instanceof DOMException && reason.name === "TimeoutError"
    if (reason !== undefined && !late) throw reason
    throw new SluiceError(
      late
        ? { code: "timeout", message: `${begin(what)} did not answer in time.` }
        : { code: "network", message: `${begin(what)} could not be reached: ${causeOf(error)}` },
      { cause: error },
    )
  }
  return { status, body: parse(text) }
}

/** The error that an answer of one of Google's hosts stands for, in the form of its APIs or of its token endpoint. */
export function refusal(what: string, { status, body }: Answer): SluiceError {
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

function begin(what: string): string {
  return what.charAt(0).toUpperCase() + what.slice(1)
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
