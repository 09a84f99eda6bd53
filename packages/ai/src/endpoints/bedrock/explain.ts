import type { HeadersView } from "../../contract/header-list.ts"
import { CODES, type ErrorCode, type SluiceError } from "../../model/errors.ts"
import { exceptionFacts, exceptionName } from "../../wires/bedrock/exceptions.ts"

/** What a person can do about an error of Bedrock. */
const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  auth_expired: "The AWS session is over: get a new one, for example with `aws sso login`.",
  auth_invalid: "AWS does not take these keys or their signature: check the keys, the region and this machine's clock.",
  permission_denied:
    "The AWS identity may not use this model: check its policy, and that the model is enabled in this region.",
}

/** The error in words that help with Bedrock. */
export function explainBedrock(error: SluiceError): SluiceError {
  const hint = /on-demand throughput/i.test(error.message)
    ? "The model is reached by an inference profile: put us., eu., apac. or global. before its id."
    : HINTS[error.code]
  return hint === undefined ? error : error.with({ hint })
}

/**
 * The same for a wire that other hosts speak as well: it does not know what Bedrock's exceptions mean, whose name
 * stands in a header or in the stream, and where the request's id is.
 */
export function explainInvoke(error: SluiceError, { headers }: { headers?: HeadersView }): SluiceError {
  const name = (headers && exceptionName(headers)) ?? error.type
  const facts = name === undefined ? {} : exceptionFacts(name, error.message)
  const code = facts.is ?? error.code
  const requestId = error.requestId ?? headers?.get("x-amzn-requestid") ?? undefined
  return explainBedrock(
    error.with({
      ...(code === error.code ? {} : { code, retryable: CODES[code].retryable, scope: CODES[code].scope }),
      ...(facts.type === undefined ? {} : { type: facts.type }),
      ...(requestId === undefined ? {} : { requestId }),
    }),
  )
}
