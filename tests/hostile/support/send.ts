import {
  type Call,
  type CallOptions,
  type Context,
  type Credential,
  handoff,
  type Loss,
  type Model,
  type Route,
} from "@sluice/ai"
import { autoWires } from "@sluice/ai/auto"

import { handOverChoice } from "../../../packages/ai/src/handoff/tool-names.ts"

/** How a model is reached. */
export type Way = Pick<Route, "model" | "wire" | "endpoint">

/** A request as it would leave for the host. */
export interface Sent {
  headers: Readonly<Record<string, string | undefined>>
  url: string
  text: string
  body: unknown
  losses: readonly Loss[]
}

const CREDENTIAL: Credential = { id: "key", kind: "key", secret: "secret", projectId: "project", location: "us-east5" }

/** How a model is reached by the registry of all wires. */
export async function wayTo(model: Model): Promise<Way> {
  const entry = await autoWires[model.api]?.()
  if (!entry || !("wire" in entry)) throw new Error(`There is no wire for ${model.api}.`)
  return { model, wire: entry.wire, endpoint: entry.endpoint }
}

/** A conversation that was handed over, encoded and dressed; nothing is signed and nothing leaves. */
export function send({ model, wire, endpoint }: Way, context: Context, options: CallOptions = {}): Sent {
  const handed = handoff(context, model, wire.traits)
  let ids = 0
  const call: Call = {
    op: "generate",
    model,
    options: handOverChoice(options, wire.traits.toolName),
    context: handed.context,
    handedOver: handed.losses,
    auth: { kind: "key", projectId: "project" },
    stream: true,
    known: {},
    channel: { kind: "http", memory: {} },
    mint: { id: (prefix) => `${prefix}${String(++ids).padStart(16, "0")}`, now: () => 0 },
  }
  const request = wire.encode(call)
  const { body } = request
  if (body instanceof Uint8Array) throw new Error("A body of bytes is not expected here.")
  const spelled = endpoint.body ? endpoint.body(body, request.headers, call) : body
  const http = endpoint.dress({ ...request, body: spelled }, call, CREDENTIAL)
  if (typeof http.body !== "string") throw new Error("A body of text is expected.")
  return {
    headers: http.headers,
    url: http.url,
    text: http.body,
    body: JSON.parse(http.body),
    losses: [...handed.losses, ...request.losses],
  }
}
