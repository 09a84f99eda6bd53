import { awsError, wordsOf } from "./errors.ts"

/** A request to one of the services that give keys out. */
export interface AskOptions {
  method?: "GET" | "PUT" | "POST"
  headers?: Record<string, string>
  body?: string
  /** Milliseconds. */
  timeoutMs: number
  signal: AbortSignal
}

/** An answer, read to its end. */
export interface Answered {
  status: number
  text: string
}

/** Asks once. @throws what `fetch` throws, and on the limit of time */
export async function ask(fetcher: typeof fetch, url: string, options: AskOptions): Promise<Answered> {
  const { method = "GET", headers = {}, body, timeoutMs, signal } = options
  const response = await fetcher(url, {
    method,
    headers,
    redirect: "error",
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.status, text: await response.text() }
}

/** Asks a service that must be there. @throws SluiceError `auth_invalid` where it cannot be reached */
export async function askService(
  what: string,
  fetcher: typeof fetch,
  url: string,
  options: AskOptions,
): Promise<Answered> {
  try {
    return await ask(fetcher, url, options)
  } catch (thrown) {
    throw awsError(
      {
        message: `${what} at ${new URL(url).host} could not be asked: ${wordsOf(thrown)}.`,
        hint: "Check the network, the region and the proxy.",
      },
      thrown,
    )
  }
}

/** A JSON object, or nothing. */
export function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Text of a field, if it holds any. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined
}

/** A moment in ISO form in milliseconds since 1970. */
export function momentOf(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}
