import type { CallOptions } from "../../model/options.ts"
import type { Json } from "../../model/tool.ts"
import type { Obj } from "../../model/json.ts"
import { optionalBoolean, optionalString, readObject } from "./accept-readers.ts"

/** Reports something that is left out. */
export type Lose = (field: string, reason: string) => void

/** Values of a field that say nothing beyond what is done anyway. */
type Idle = Readonly<Record<string, (value: unknown) => boolean>>

/** Reports the fields of a request that are not among those that are `read`, unless what they say is idle. */
export function loseUnread(body: Obj, read: ReadonlySet<string>, idle: Idle, lose: Lose): void {
  for (const [name, value] of Object.entries(body)) {
    if (read.has(name) || value === undefined || value === null) continue
    if (Object.hasOwn(idle, name) && idle[name]?.(value)) continue
    lose(`request.${name.slice(0, 80)}`, "The field is not carried over.")
  }
}

/**
 * The options that both APIs have under the same names. `safety_identifier` has taken the place of `user`, so that it
 * counts where there are both.
 *
 * @see https://platform.openai.com/docs/api-reference/responses/create
 */
export function acceptControls(body: Obj): CallOptions {
  const retention = optionalString(body["prompt_cache_retention"], "prompt_cache_retention")
  const metadata =
    body["metadata"] == null ? undefined : (readObject(body["metadata"], "metadata") as Record<string, Json>)
  const safety = optionalString(body["safety_identifier"], "safety_identifier")
  return defined({
    parallelToolCalls: optionalBoolean(body["parallel_tool_calls"], "parallel_tool_calls"),
    user: safety ?? optionalString(body["user"], "user"),
    metadata: metadata && Object.keys(metadata).length > 0 ? metadata : undefined,
    promptCacheKey: optionalString(body["prompt_cache_key"], "prompt_cache_key"),
    cacheRetention: retention === "24h" ? "long" : undefined,
  })
}

/** Without the fields that are `undefined`. */
export function defined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
