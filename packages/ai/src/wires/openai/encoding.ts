import { SluiceError } from "../../model/errors.ts"
import { Losses } from "../../model/losses.ts"
import type { Loss } from "../../model/message.ts"
import type { Json } from "../../model/tool.ts"
import type { Call } from "../../contract/wire-client.ts"

/** A request body, or an object within it. */
export type Body = { [field: string]: Json | undefined }

/** What one encoding knows and collects. */
export interface Encoding<C> {
  call: Call
  /** What the host does differently on this wire. */
  compat: C
  losses: Loss[]
  /** Puts a loss on record, once for each field and kind. */
  lose(field: string, kind: Loss["kind"], reason: string): void
}

/** An encoding of which nothing is lost yet. */
export function newEncoding<C>(call: Call, compat: C): Encoding<C> {
  const losses = new Losses()
  return { call, compat, losses: losses.list, lose: (field, kind, reason) => losses.add(field, kind, reason) }
}

/** The error for a conversation in which nothing is said. `param` is the field of the request that would be empty. */
export function nothingSaid(param: string): SluiceError {
  return new SluiceError({
    code: "invalid_request",
    param,
    message: `${param}: the API needs at least one message with something in it.`,
  })
}

/** The error for what a wire cannot say at all. `param` is what of the call it is about. */
export function unsupported(param: string, message: string): SluiceError {
  return new SluiceError({ code: "unsupported", message, param, scope: "local" })
}
