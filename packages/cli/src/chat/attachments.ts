import { readFile } from "node:fs/promises"
import { basename, resolve } from "node:path"
import type { InputBlock } from "@sluice/ai"
import { Failure } from "../failure.ts"

/** Largest file that is sent along, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * The blocks for `--image` and `--file`. What a file is, its content says and not its name.
 * @throws Failure for what cannot be read or sent
 */
export async function loadAttachments(
  cwd: string,
  images: readonly string[] = [],
  files: readonly string[] = [],
): Promise<InputBlock[]> {
  const imageBlocks = images.map(async (file): Promise<InputBlock> => {
    const bytes = await load(cwd, file)
    const mimeType = imageType(bytes)
    if (mimeType) return image(bytes, mimeType)
    throw new Failure(`${file} is not a PNG, JPEG, GIF or WebP image.`, {
      hint: "Documents and text go with --file.",
    })
  })
  const fileBlocks = files.map(async (file) => document(file, await load(cwd, file)))
  return Promise.all([...imageBlocks, ...fileBlocks])
}

/** The type of an image by its first bytes, for the types that models read. */
export function imageType(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 12)).toString("latin1")
  if (head.startsWith("\u0089PNG\r\n\u001a\n")) return "image/png"
  if (head.startsWith("\u00ff\u00d8\u00ff")) return "image/jpeg"
  if (/^GIF8[79]a/.test(head)) return "image/gif"
  if (/^RIFF[\s\S]{4}WEBP/.test(head)) return "image/webp"
  return undefined
}

function image(bytes: Buffer, mimeType: string): InputBlock {
  return { type: "image", source: { data: bytes.toString("base64"), mimeType } }
}

function document(file: string, bytes: Buffer): InputBlock {
  const title = basename(file)
  const mimeType = imageType(bytes)
  if (mimeType) return image(bytes, mimeType)
  if (bytes.subarray(0, 5).toString("latin1") === "%PDF-") {
    return { type: "document", title, source: { data: bytes.toString("base64"), mimeType: "application/pdf" } }
  }
  return { type: "document", title, source: { text: textOf(file, bytes) } }
}

function textOf(file: string, bytes: Buffer): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    if (!text.includes("\0")) return text
  } catch {
    // No text: told below.
  }
  throw new Failure(`${file} is neither text in UTF-8, nor a PDF, nor an image that models read.`)
}

async function load(cwd: string, file: string): Promise<Buffer> {
  let bytes: Buffer
  try {
    bytes = await readFile(resolve(cwd, file))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : code
    throw new Failure(`${file} cannot be read: ${why}.`, { cause: error })
  }
  if (bytes.length === 0) throw new Failure(`${file} is empty.`)
  if (bytes.length > MAX_BYTES) throw new Failure(`${file} is larger than ${MAX_BYTES / 1024 / 1024} MiB.`)
  return bytes
}
