import { SluiceError } from "@sluice/ai"
import { ask } from "../http.ts"
import { factsOf, isRecord, refusal, textIn } from "./failures.ts"
import type { SubjectSource } from "./federation-file.ts"
import type { Surroundings } from "./surroundings.ts"

const HOST = "the host of the workload's token"

/**
 * The token by which another identity provider vouches for a workload, read anew each time: something else keeps it
 * fresh.
 *
 * @throws SluiceError `config` where there is none, and what its host refuses
 */
export async function subjectToken(source: SubjectSource, around: Surroundings, signal: AbortSignal): Promise<string> {
  const [text, where] =
    "file" in source
      ? [await fromFile(source.file, around), source.file]
      : [await fromUrl(source, around, signal), new URL(source.url).host]
  const token = source.field === undefined ? text.trim() : fieldOf(text, source.field)
  if (token) return token
  const what = source.field === undefined ? "is empty" : `has no ${source.field}`
  throw new SluiceError({
    code: "config",
    message: `The workload's token cannot be read: ${where} ${what}.`,
    hint: "Check credential_source in the file of credentials, and what keeps the token fresh.",
  })
}

async function fromFile(path: string, { readFile }: Surroundings): Promise<string> {
  const failed = (why: string, cause?: unknown): SluiceError =>
    new SluiceError(
      {
        code: "config",
        message: `The file with the workload's token ${why}: ${path}`,
        hint: "Check credential_source in the file of credentials, and what writes that file.",
      },
      { cause },
    )
  let text: string | undefined
  try {
    text = await readFile(path)
  } catch (error) {
    throw failed("cannot be read", error)
  }
  if (text === undefined) throw failed("is not there")
  return text
}

/** What is asked without TLS is a machine's own, which no proxy stands before. */
async function fromUrl(
  { url, headers }: Extract<SubjectSource, { url: string }>,
  { fetch, localFetch }: Surroundings,
  signal: AbortSignal,
): Promise<string> {
  const fetcher = /^http:/i.test(url) ? localFetch : fetch
  const answer = await ask(fetcher, { what: HOST, url, init: { headers, signal } })
  if (answer.status < 300) return answer.text
  throw refusal(HOST, factsOf(answer))
}

function fieldOf(text: string, field: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? textIn(value, field) : undefined
  } catch {
    return undefined
  }
}
