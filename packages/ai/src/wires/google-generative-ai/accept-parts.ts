import type { AudioBlock, Block, DocumentBlock, ImageBlock, InputBlock, MediaSource } from "../../model/message.ts"
import { get, itemOf, readText, textOf } from "./accept-readers.ts"
import { API, type Obj } from "./types.ts"

/** Addresses that everybody can read, but for those of the vendor's own store. */
const PUBLIC = /^https?:\/\/(?!generativelanguage\.googleapis\.com\/)/

/** Fields of a part with media that our blocks have no place for: with one of them it is kept as it is. */
const BESIDE_MEDIA = ["videoMetadata", "mediaResolution", "mediaProcessing", "partMetadata"]

/** A part of what a user or a tool said; parts that we do not know are kept for hosts of the same wire. */
export function acceptInputPart(part: Obj, path: string): InputBlock | undefined {
  if (get(part, "text") !== undefined) {
    const text = readText(part["text"], `${path}.text`)
    return text === "" ? undefined : { type: "text", text }
  }
  return acceptMedia(part, path) ?? (isEmpty(part) ? undefined : native(part))
}

/** Media in a part; `undefined` where there is none that we know. */
export function acceptMedia(part: Obj, path: string): ImageBlock | DocumentBlock | AudioBlock | undefined {
  const inline = itemOf(part, "inlineData", path)
  const file = inline ? undefined : itemOf(part, "fileData", path)
  const held = inline ?? file
  if (!held || BESIDE_MEDIA.some((name) => get(part, name) !== undefined)) return undefined
  const at = `${path}.${inline ? "inlineData" : "fileData"}`
  const mimeType = textOf(held, "mimeType", at)
  const source = inline
    ? { data: plainBase64(readText(get(inline, "data"), `${at}.data`)), mimeType: readText(mimeType, `${at}.mimeType`) }
    : fileSource(readText(get(held, "fileUri"), `${at}.fileUri`), mimeType)
  const title = textOf(held, "displayName", at)
  switch (kindOf(mimeType)) {
    case "image":
      return { type: "image", source }
    case "audio":
      return { type: "audio", source }
    case "document":
      return { type: "document", source, ...(title === undefined ? {} : { title }) }
    default:
      return undefined
  }
}

/**
 * The vendor's library for Python writes bytes in the alphabet for addresses, which the API reads as well; hosts of
 * other wires want the plain one, to its full length.
 *
 * @see https://protobuf.dev/programming-guides/json/
 */
function plainBase64(data: string): string {
  const plain = /[-_]/.test(data) ? data.replaceAll("-", "+").replaceAll("_", "/") : data
  return plain.length % 4 === 0 ? plain : plain.padEnd(plain.length + 4 - (plain.length % 4), "=")
}

function fileSource(uri: string, mimeType: string | undefined): MediaSource {
  if (!PUBLIC.test(uri)) return { fileId: uri }
  return { url: uri, ...(mimeType === undefined ? {} : { mimeType }) }
}

function kindOf(mimeType: string | undefined): "image" | "audio" | "document" | "other" {
  if (mimeType?.startsWith("image/")) return "image"
  if (mimeType?.startsWith("audio/")) return "audio"
  if (mimeType?.startsWith("video/")) return "other"
  return "document"
}

/** A part that only this wire knows. */
export function native(part: Obj): Extract<Block, { type: "native" }> {
  return { type: "native", api: API, item: part }
}

/** Whether a part says nothing. */
export function isEmpty(part: Obj): boolean {
  return Object.values(part).every((value) => value === null || value === undefined)
}
