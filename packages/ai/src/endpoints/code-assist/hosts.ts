import type { Model } from "@sluice/catalog/core"
import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { ErrorCode, SluiceError } from "../../model/errors.ts"

/** A fact of a host: which of the service's hosts answered last. */
const HOST = "code-assist.host"

const NEXT = "at another host of the service"

/** What another host may do better. An allowance that is used up is the account's on all of them. */
const ELSEWHERE: ReadonlySet<ErrorCode> = new Set([
  "rate_limited",
  "overloaded",
  "server_error",
  "timeout",
  "network",
  "stream_incomplete",
])

/** The hosts of a model's service: its own, then those it may turn to. */
export function hostsOf({ baseUrl, compat }: Model, fallback: boolean): readonly string[] {
  return fallback ? [baseUrl, ...(compat.codeAssist?.fallbackUrls ?? [])] : [baseUrl]
}

/** The host that is asked: the one that was turned to last. */
export function hostOf(call: Call, fallback: boolean): string {
  const hosts = hostsOf(call.model, fallback)
  return hosts[indexOf(call, hosts)] as string
}

/** Turns to the next host, to each once a call. */
export function adaptHost(
  error: SluiceError,
  call: Call,
  past: readonly Attempt[],
  fallback: boolean,
): Adaptation | undefined {
  const hosts = hostsOf(call.model, fallback)
  const turned = past.filter(({ change }) => change === NEXT).length
  if (turned >= hosts.length - 1 || error.delivered !== "nothing" || !ELSEWHERE.has(error.code)) return undefined
  const next = (indexOf(call, hosts) + 1) % hosts.length
  return { change: NEXT, learn: { where: "host", facts: { [HOST]: next } } }
}

function indexOf({ known }: Call, hosts: readonly string[]): number {
  const index = known[HOST]
  return typeof index === "number" && index < hosts.length ? index : 0
}
