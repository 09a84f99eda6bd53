import { checkHeaders, SluiceError } from "@sluice/ai"

/** What is asked of a service that gives credentials out, or that is asked with one. */
export interface Question {
  /** Who is asked, for people: `the token endpoint`. */
  what: string
  url: string
  init?: RequestInit
  /** Milliseconds. Default: as long as the signal of `init` lets it. */
  timeoutMs?: number
}

/** An answer, read to its end. */
export interface Answer {
  status: number
  text: string
  /** The value where the text is JSON, else the text. */
  body: unknown
}

const HINT = "Check the network and the proxy of this machine, and try again."

/**
 * Asks once.
 *
 * Address and headers are looked at first: what a `fetch` says of such as cannot be sent repeats them, secrets and all.
 *
 * @throws SluiceError `config` for what cannot be sent, `network` or `timeout` when no answer came, the abort's reason when aborted
 */
export async function ask(fetcher: typeof fetch, { what, url, init, timeoutMs }: Question): Promise<Answer> {
  checkAddress(what, url)
  checkHeaders((init?.headers ?? {}) as Record<string, string>)
  const signal = boundedBy(timeoutMs, init?.signal ?? undefined)
  try {
    const response = await fetcher(url, { redirect: "error", ...init, ...(signal ? { signal } : {}) })
    const text = await response.text()
    return { status: response.status, text, body: parse(text) }
  } catch (error) {
    const reason: unknown = signal?.aborted ? signal.reason : undefined
    const late = reason instanceof DOMException && reason.name === "TimeoutError"
    if (reason !== undefined && !late) throw reason
    const who = `${what.charAt(0).toUpperCase()}${what.slice(1)} at ${new URL(url).host}`
    throw new SluiceError(
      late
        ? { code: "timeout", message: `${who} did not answer in time.`, hint: HINT }
        : { code: "network", message: `${who} could not be reached: ${wordsOf(error)}.`, hint: HINT },
      { cause: error },
    )
  }
}

function checkAddress(what: string, url: string): void {
  const address = URL.canParse(url) ? new URL(url) : undefined
  if (address && address.username === "" && address.password === "") return
  throw new SluiceError({
    code: "config",
    message: `The address of ${what} ${address ? "holds a user or a password" : "is none"}.`,
    hint: "Check the variable or the file that names the address; credentials do not belong into it.",
  })
}

/** Whatever was thrown, in words. */
export function wordsOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const { cause } = thrown
  return cause instanceof Error && cause.message !== "" ? `${thrown.message} (${cause.message})` : thrown.message
}

function boundedBy(timeoutMs: number | undefined, signal: AbortSignal | undefined): AbortSignal | undefined {
  if (timeoutMs === undefined) return signal
  const bound = AbortSignal.timeout(timeoutMs)
  return signal ? AbortSignal.any([signal, bound]) : bound
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
