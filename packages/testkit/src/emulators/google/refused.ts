import type { Fields } from "../check.ts"
import type { EmulatedError } from "../script.ts"

/** Google's word for each HTTP status. */
const STATUS: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
}

/** A refusal of a request in Google's words. */
export class GoogleRefused extends Error {
  /** Name of the rule that the request broke, ours: the vendor has none. */
  readonly rule: string
  readonly status: number
  readonly word: string
  readonly details: readonly Fields[]

  constructor(
    status: number,
    message: string,
    more: { word?: string; details?: readonly Fields[]; rule?: string } = {},
  ) {
    super(message)
    this.status = status
    this.word = more.word ?? STATUS[status] ?? "UNKNOWN"
    this.rule = more.rule ?? this.word
    this.details = more.details ?? []
  }
}

/** A request that is wrong in itself. */
export function invalid(rule: string, message: string): GoogleRefused {
  return new GoogleRefused(400, message, { rule })
}

/** One rule of a message that did not hold, in the form in which the API lists them. */
export function violated(rule: string, path: string, why: string): GoogleRefused {
  return invalid(rule, `* GenerateContentRequest.${path}: ${why}\n`)
}

/** Says what an error is about, for programs. */
export function errorInfo(reason: string, domain: string, metadata: Readonly<Record<string, string>> = {}): Fields {
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain, metadata }
}

/** The body of a refusal. */
export function refusalBody(error: GoogleRefused): Fields {
  return {
    error: {
      code: error.status,
      message: error.message,
      status: error.word,
      ...(error.details.length > 0 ? { details: error.details } : {}),
    },
  }
}

/** A scripted error as the refusal that it stands for. */
export function scriptedError(error: EmulatedError & { details?: readonly Fields[] }): GoogleRefused {
  const byWord = Object.entries(STATUS).find(([, word]) => word === error.type)
  const status = error.status ?? (byWord ? Number(byWord[0]) : 500)
  const message = error.message ?? (status === 429 ? "Resource has been exhausted (e.g. check quota)." : "Emulated.")
  return new GoogleRefused(status, message, {
    ...(error.type === undefined ? {} : { word: error.type }),
    ...(error.details === undefined ? {} : { details: error.details }),
  })
}
