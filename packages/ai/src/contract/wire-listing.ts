import type { Model } from "@sluice/catalog/core"
import type { HeadersView } from "./header-list.ts"

/** What of a request tells whose client sent it. */
export interface AskedBy {
  headers: HeadersView
  path: string
  query: URLSearchParams
}

/** How the clients of a wire are known, where their key stands, and how they look round before they ask. */
export interface WireListing {
  /** Whether a request is of a client of this wire, on a path that several wires share or none has. Absent: none is known. */
  knows?(by: AskedBy): boolean
  /** Headers that hold a key; `authorization` holds one for every wire. In lower case. */
  keyHeaders?: readonly string[]
  /** The parameter of the query that holds a key. */
  keyParameter?: string
  /** Headers that its clients send besides, also from pages. In lower case. */
  headers?: readonly string[]
  /** What clients want to read at the root before they go on. */
  greeting?: string
  routes: readonly ListingRoute[]
}

/**
 * A way to look round. Wires may share a path: a client gets the spelling of its own wire. In the path of an `entry`,
 * `:model` stands for the name. What is given back is the JSON that the client gets.
 */
export type ListingRoute =
  | { op: "list"; method: "GET"; path: string; list(models: readonly ServedModel[]): unknown }
  | { op: "entry"; method: "GET"; path: string; entry(model: ServedModel): unknown }
  | {
      op: "show"
      method: "POST"
      path: string
      /** The name of the model that a body asks about. @throws SluiceError `invalid_request` with `param` */
      named(body: Readonly<Record<string, unknown>>): string
      show(model: Model): unknown
    }
  /** What depends on no model; `open`: told without a key. */
  | { op: "fixed"; method: "GET"; path: string; open: boolean; answer: Readonly<Record<string, unknown>> }

/** A model in a list. */
export interface ServedModel {
  /** The name that it is called by. */
  id: string
  /** Name for people. */
  name?: string
  provider: string
  contextWindow?: number
  maxTokens?: number
}
