import type { AudioBlock, DocumentBlock, ImageBlock, InputBlock, TextBlock } from "../../model/message.ts"
import { isPicture, mediaType } from "../media-type.ts"
import { cacheControl } from "./cache.ts"
import { API, learned, type ChatBody, type Encoding } from "./types.ts"

/** A text part with its cache mark, if the host takes marks. */
export function textPart(encoding: Encoding, block: Pick<TextBlock, "text" | "cache">, field: string): ChatBody {
  return { type: "text", text: block.text.toWellFormed(), ...cacheControl(encoding, block.cache, field) }
}

/** The parts of a user's message. Empty texts are left out. */
export function contentParts(encoding: Encoding, blocks: readonly InputBlock[], field: string): ChatBody[] {
  return blocks.flatMap((block, i) => part(encoding, block, `${field}[${i}]`))
}

function part(encoding: Encoding, block: InputBlock, field: string): ChatBody[] {
  if (block.type !== "text" && block.type !== "native" && block.cache) {
    encoding.lose(`${field}.cache`, "dropped", "Cache marks stand on text only.")
  }
  switch (block.type) {
    case "text":
      return block.text === "" ? [] : [textPart(encoding, block, field)]
    case "image":
      return imagePart(encoding, block, field)
    case "document":
      return documentPart(encoding, block, field)
    case "audio":
      return audioPart(encoding, block, field)
    case "native":
      if (block.api === API) return [block.item as ChatBody]
      encoding.lose(field, "dropped", `An item of ${block.api} is not known to this wire.`)
      return []
  }
}

function imagePart({ call, lose }: Encoding, block: ImageBlock, field: string): ChatBody[] {
  const { source } = block
  if ("fileId" in source) {
    lose(field, "dropped", "Chat Completions takes images by data or address, not by file id.")
    return []
  }
  const type = "data" in source ? mediaType(source.mimeType) : undefined
  if (type !== undefined && !isPicture(type)) {
    lose(field, "approximated", "Hosts take PNG, JPEG, GIF and WebP images.")
    return [{ type: "text", text: `[unsupported image: ${type}]` }]
  }
  const image: ChatBody = { url: "data" in source ? `data:${type};base64,${source.data}` : source.url }
  if (block.detail === "original") lose(`${field}.detail`, "dropped", "The host has no such detail.")
  else if (block.detail !== undefined && learned(call, "imageDetail") === false) {
    lose(`${field}.detail`, "dropped", "The host refused the detail of an image.")
  } else if (block.detail !== undefined) image["detail"] = block.detail
  return [{ type: "image_url", image_url: image }]
}

function documentPart(encoding: Encoding, block: DocumentBlock, field: string): ChatBody[] {
  const { compat, lose } = encoding
  const { source } = block
  if ("text" in source) {
    const title = block.title === undefined ? "" : `${block.title}\n\n`
    lose(field, "approximated", "The document went as text.")
    return [{ type: "text", text: `${title}${source.text}`.toWellFormed() }]
  }
  if (!compat.documents) {
    lose(field, "approximated", "The host takes no documents: a note stands for this one.")
    return [{ type: "text", text: `[document omitted: ${block.title ?? "the host takes no documents"}]` }]
  }
  for (const extra of ["context", "citations"] as const) {
    if (block[extra]) lose(`${field}.${extra}`, "dropped", "The host has no such field.")
  }
  if ("fileId" in source) {
    if (block.title !== undefined) lose(`${field}.title`, "dropped", "A file of the vendor goes by its id alone.")
    return [{ type: "file", file: { file_id: source.fileId } }]
  }
  if (block.title === undefined) lose(`${field}.title`, "injected", "The host wants a name of the file.")
  const file_data = "data" in source ? `data:${source.mimeType};base64,${source.data}` : source.url
  return [{ type: "file", file: { filename: block.title ?? "document.pdf", file_data } }]
}

function audioPart({ lose }: Encoding, block: AudioBlock, field: string): ChatBody[] {
  const { source } = block
  if (!("data" in source)) {
    lose(field, block.transcript ? "approximated" : "dropped", "Chat Completions takes audio by its data only.")
    return block.transcript ? [{ type: "text", text: block.transcript.toWellFormed() }] : []
  }
  if (block.transcript) lose(`${field}.transcript`, "dropped", "The audio went without its transcript.")
  const format = source.mimeType.replace(/^audio\/(?:x-)?/i, "").toLowerCase()
  return [{ type: "input_audio", input_audio: { data: source.data, format: format === "mpeg" ? "mp3" : format } }]
}

/** Several parts as they are, a single plain text as a string; `undefined` for nothing. */
export function joined(parts: ChatBody[]): ChatBody[] | string | undefined {
  if (parts.length === 0) return undefined
  const [first] = parts
  if (parts.length === 1 && first?.["type"] === "text" && first["cache_control"] === undefined) {
    return first["text"] as string
  }
  return parts
}
