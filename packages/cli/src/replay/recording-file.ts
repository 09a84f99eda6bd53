import { createReadStream } from "node:fs"
import { resolve } from "node:path"
import { Failure } from "../failure.ts"
import type { Io } from "../io.ts"
import { formOfHead, formOfName, type RecordingForm } from "./recording-form.ts"

/** Bytes by which a recording of unknown form is judged at most. */
const HEAD_BYTES = 1024 * 1024

/** A recording as it is read. */
export interface RecordingFile {
  form: RecordingForm
  /** All of it, from the beginning, in pieces. */
  chunks: AsyncIterable<Uint8Array>
}

/**
 * Opens a file, or standard input for `-`. Without a form it is judged by its name, else by what it begins with; no
 * more is read ahead than that takes.
 *
 * @throws Failure when it cannot be read
 */
export async function openRecording(
  io: Pick<Io, "stdin" | "cwd">,
  file: string,
  form: RecordingForm | undefined = formOfName(file),
): Promise<RecordingFile> {
  const rest = piecesOf(io, file)
  if (form) return { form, chunks: rest }
  let head: Uint8Array = new Uint8Array(0)
  let judged: RecordingForm | undefined
  while (!judged) {
    const { done, value } = await rest.next()
    if (!done) head = Buffer.concat([head, value])
    judged = formOfHead(head, done === true || head.length >= HEAD_BYTES)
  }
  return { form: judged, chunks: joined(head, rest) }
}

async function* joined(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head
  yield* rest
}

async function* piecesOf(
  { stdin, cwd }: Pick<Io, "stdin" | "cwd">,
  file: string,
): AsyncGenerator<Uint8Array, undefined> {
  const source = file === "-" ? stdin : createReadStream(resolve(cwd, file))
  try {
    for await (const piece of source) yield typeof piece === "string" ? Buffer.from(piece) : (piece as Uint8Array)
  } catch (error) {
    throw unreadable(file, error)
  }
  return undefined
}

function unreadable(file: string, cause: unknown): Failure {
  const code = (cause as NodeJS.ErrnoException).code
  const why =
    code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : (code ?? String(cause))
  return new Failure(`${file} cannot be read: ${why}.`, { cause })
}
