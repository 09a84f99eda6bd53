import type { SeenRequest } from "../../loopback.ts"
import type { EmulatedAnswer } from "../script.ts"
import type { EmulatedAwsKeys } from "../aws-signature.ts"

/** An answer with what only this vendor has. */
export interface BedrockAnswer extends EmulatedAnswer {
  /** Thinking that the vendor hides: bytes in base64. */
  redactedThinking?: string
  /** What stands under `trace` in the last event. */
  trace?: Readonly<Record<string, unknown>>
}

/** What an emulated Bedrock answers: one answer a request in turn, or by the request. */
export type BedrockScript =
  | readonly BedrockAnswer[]
  | ((request: SeenRequest) => BedrockAnswer | Promise<BedrockAnswer>)

/** What an emulated Bedrock is told; everything has a default. */
export interface BedrockOptions {
  /** Default: a greeting for every request. A list that is used up answers 400. */
  script?: BedrockScript
  /** Keys whose signatures are taken. Default: one pair, `AKIAEMULATED` and `emulated-secret`. */
  keys?: readonly EmulatedAwsKeys[]
  /** A key that is taken as a bearer. Default: none. */
  apiKey?: string
  /** The region that signatures must be for. Default: any. */
  region?: string
  /** Models that exist. Default: every id. */
  models?: readonly string[]
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number
}
