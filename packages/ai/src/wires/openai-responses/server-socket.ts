import type { WireFailure, WireSocket } from "../../contract/wire-server.ts"
import { SluiceError } from "../../model/errors.ts"
import { isObject } from "./types.ts"

/** The type of the messages that are requests. */
const REQUEST = "response.create"

/**
 * Responses over a WebSocket: a message has the fields of a request's body beside its type, and every answer is
 * streamed.
 *
 * @see https://platform.openai.com/docs/guides/websocket-mode
 */
export const socket: WireSocket = {
  path: "/v1/responses",
  op: "generate",
  body({ type, ...fields }) {
    if (type === REQUEST) return { ...fields, stream: true }
    const other = typeof type === "string" ? `, not ${type.slice(0, 60)}` : ""
    throw new SluiceError({
      code: "invalid_request",
      status: 400,
      param: "type",
      message: `Messages must be of the type ${REQUEST}${other}.`,
      hint: `Send {"type": "${REQUEST}", …} with the fields of a request to POST /v1/responses beside the type.`,
    })
  },
  refusal: ({ status, headers, body }: WireFailure) => ({
    type: "error",
    status,
    ...(isObject(body) ? body : {}),
    headers,
  }),
}
