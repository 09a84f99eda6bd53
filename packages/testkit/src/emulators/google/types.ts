import type { SeenRequest } from "../../loopback.ts"
import type { Fields } from "../check.ts"
import type { EmulatedAnswer, EmulatedError } from "../script.ts"

/** An error with what Google adds for programs. */
export interface GoogleError extends EmulatedError {
  details?: readonly Fields[]
}

/** An answer with what only Google has. Thinking is shown only to a request that asks for it. */
export interface GoogleAnswer extends EmulatedAnswer {
  error?: GoogleError
  streamError?: GoogleError & { afterEvents?: number }
  /** The prompt is blocked for this reason: there is no candidate. */
  blockReason?: string
  /** Words beside a `stop` that is a failure. */
  finishMessage?: string
  /** The answer is a STOP with nothing but an empty text. */
  nothing?: boolean
  /** PNGs in base64 that stand behind the text, each with a signature where the model signs. */
  pictures?: readonly string[]
  /** The stream is a 200 without a single event. */
  noEvents?: boolean
}

/** Answers in order, or made for each request. */
export type GoogleScript = readonly GoogleAnswer[] | ((request: SeenRequest) => GoogleAnswer | Promise<GoogleAnswer>)

/** What models of one emulator have to be like. */
export interface GoogleRules {
  /** Models that exist. Default: every name is accepted. */
  models?: readonly string[]
  /** Signatures that this server did not give out are refused. Default true. */
  verifySignatures?: boolean
  /** Ids within calls and their results are known. Default: to the Gemini API, and not to Vertex. */
  callIds?: boolean
  /** Most tokens of an answer, by model. Default 65536. */
  maxTokens?: (model: string) => number
}

/** What emulated hosts of the Gemini API and of Vertex are told; everything has a default. */
export interface GoogleOptions extends GoogleRules {
  /** Default: a greeting for every request. A list that is used up answers 400. */
  script?: GoogleScript
  /** The key of the Gemini API and of Vertex. Absent: any, but one there must be. */
  apiKey?: string
  /** Whether a bearer is good. Default: none is. */
  accessToken?: string | ((token: string) => boolean)
  /** Project and places that Vertex has. Default: any. */
  project?: string
  locations?: readonly string[]
}

/** A call as it reached the emulated model. */
export interface GoogleCall {
  surface: "gemini" | "vertex" | "code-assist"
  method: string
  model: string
  body: Fields
}
