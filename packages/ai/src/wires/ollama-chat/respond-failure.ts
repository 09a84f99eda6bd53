import type { HeaderMap } from "../../contract/frame.ts"
import { CODES, type SluiceErrorData } from "../../model/errors.ts"
import type { AssistantMessage } from "../../model/message.ts"

/** An error as the API has it, in a body and as a line of a stream: a text and nothing beside it. */
export function errorBody(error: SluiceErrorData): { error: string } {
  return { error: error.message }
}

/** The error of an answer that failed, also of one that does not say why. */
export function failureOf({ error, stopReason }: AssistantMessage): SluiceErrorData {
  const code = stopReason === "aborted" ? "aborted" : "server_error"
  return error ?? { code, message: "The answer failed.", retryable: false, scope: "host", delivered: "nothing" }
}

/** An error as a response. */
export function failure(error: SluiceErrorData): { status: number; headers: HeaderMap; body: unknown } {
  const { status, retryAfterMs } = error
  return {
    status: status !== undefined && status >= 400 && status < 600 ? status : CODES[error.code].status,
    headers: {
      "content-type": "application/json",
      ...(retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
    },
    body: errorBody(error),
  }
}
