import type { Call, WireRequest } from "../../contract/wire-client.ts"
import { withExtra } from "../body-fields.ts"
import { headers } from "./headers.ts"
import { Losses } from "../../model/losses.ts"
import { encodeMessages } from "./messages.ts"
import { encodeFormat, encodeLogprobs, encodeRunner, refuse } from "./options.ts"
import { encodeThink } from "./thinking.ts"
import { encodeTools } from "./tools.ts"
import { API, CHAT_PATH, isObject, type Body, type EncodeState } from "./types.ts"

/**
 * The request for an answer.
 *
 * @throws SluiceError `unsupported` for more than one candidate and for warming a cache
 */
export function encode(call: Call): WireRequest {
  const state: EncodeState = { call, compat: call.model.compat.ollama ?? {}, losses: new Losses() }
  refuse(state)
  const { compat, losses } = state
  const messages = encodeMessages(state)
  const think = encodeThink(state)
  const format = encodeFormat(state)
  const runner = encodeRunner(state)
  const body: Body = {
    model: call.model.requestModelId ?? call.model.id,
    messages,
    // A host that is not told streams.
    stream: call.stream,
    ...encodeTools(state),
    ...(think === undefined ? {} : { think }),
    ...(format === undefined ? {} : { format }),
    ...(runner ? { options: runner } : {}),
    ...encodeLogprobs(state),
    ...(compat.keepAlive === undefined ? {} : { keep_alive: compat.keepAlive }),
  }
  const merged = withOwn(withExtra(compat.extraBody, body), call.options.wire?.[API])
  return { path: CHAT_PATH, headers: headers(call.stream), body: merged, losses: losses.list }
}

/** The caller's own fields, last; `undefined` removes one. `options` are merged, so that one of them does not remove ours. */
function withOwn(body: Body, own: Readonly<Record<string, unknown>> | undefined): Body {
  for (const [name, value] of Object.entries(own ?? {})) {
    if (value === undefined) delete body[name]
    else if (name === "options" && isObject(value))
      body[name] = { ...(body[name] as Body | undefined), ...(value as Body) }
    else body[name] = value as Body[string]
  }
  return body
}
