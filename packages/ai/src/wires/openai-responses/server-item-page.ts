import { SluiceError } from "../../model/errors.ts"
import { isObject } from "./types.ts"

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 100

/** A page of a list as clients read it. */
export interface ItemPage {
  object: "list"
  data: readonly unknown[]
  first_id: string | null
  last_id: string | null
  has_more: boolean
}

/**
 * One page of the items that a client sent with a request.
 *
 * @see https://platform.openai.com/docs/api-reference/responses/input-items
 * @throws SluiceError `invalid_request` that names the parameter at fault
 */
export function itemPage(items: readonly unknown[], query: URLSearchParams): ItemPage {
  const order = query.get("order") ?? "desc"
  if (order !== "asc" && order !== "desc") {
    throw wrong("order", "must be asc or desc", "Leave it out for the newest item first.")
  }
  const limit = Number(query.get("limit") ?? DEFAULT_LIMIT)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw wrong(
      "limit",
      `must be a whole number from 1 to ${MAX_LIMIT}`,
      `Leave it out for ${DEFAULT_LIMIT}, and ask for the rest with \`after\`.`,
    )
  }
  const sorted = order === "asc" ? items : items.toReversed()
  const after = query.get("after")
  // The last one of an id: from the first one a page might end where it began.
  const at = after === null ? -1 : sorted.findLastIndex((item) => idOf(item) === after)
  if (after !== null && at < 0) {
    throw wrong("after", "names no item of this response", "Take the `last_id` of the page before.")
  }
  const data = sorted.slice(at + 1, at + 1 + limit)
  return {
    object: "list",
    data,
    first_id: idOf(data[0]),
    last_id: idOf(data.at(-1)),
    has_more: at + 1 + limit < sorted.length,
  }
}

function idOf(item: unknown): string | null {
  const id = isObject(item) ? item["id"] : undefined
  return typeof id === "string" ? id : null
}

function wrong(param: string, what: string, hint: string): SluiceError {
  return new SluiceError({ code: "invalid_request", status: 400, param, message: `\`${param}\` ${what}.`, hint })
}
