import type { HeaderMap } from "../../contract/frame.ts"
import { ANTHROPIC_VERSION } from "./types.ts"

/** Headers of the protocol; the credential's are the endpoint's. */
export function headers(accept: string, betas?: string): HeaderMap {
  return {
    "content-type": "application/json",
    accept,
    "anthropic-version": ANTHROPIC_VERSION,
    ...(betas === undefined ? {} : { "anthropic-beta": betas }),
  }
}
