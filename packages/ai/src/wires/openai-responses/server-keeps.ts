import type { KeptDocument, WireKeeps } from "../../contract/wire-server.ts"
import { SluiceError } from "../../model/errors.ts"
import { itemPage } from "./server-item-page.ts"

const ONE = "/v1/responses/:id"

/**
 * Responses that clients come back to: one is read, what was sent for it is listed, and it is deleted.
 *
 * @see https://platform.openai.com/docs/api-reference/responses
 */
export const keeps: WireKeeps = {
  routes: [
    { method: "GET", path: ONE, show },
    { method: "GET", path: `${ONE}/input_items`, show: ({ input }, query) => itemPage(input, query) },
    { method: "DELETE", path: ONE, removed: (id) => ({ id, object: "response", deleted: true }) },
  ],
  missing: (id) =>
    new SluiceError({
      code: "invalid_request",
      status: 404,
      param: "response_id",
      message: `There is no response ${JSON.stringify(id.slice(0, 100))} here.`,
      hint: "It may have expired or been deleted, belong to another key, or have been made with `store: false`.",
    }),
}

function show({ value }: KeptDocument, query: URLSearchParams): unknown {
  if (query.get("stream") !== "true") return value
  throw new SluiceError({
    code: "unsupported",
    status: 400,
    param: "stream",
    message: "An answer that is over is not streamed again.",
    hint: "Ask for it without `stream`.",
  })
}
