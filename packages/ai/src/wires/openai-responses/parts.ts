import type { DocumentBlock, ImageBlock, InputBlock } from "../../model/message.ts"
import type { CacheMark } from "../../model/tool.ts"
import { isPicture, mediaType } from "../media-type.ts"
import { API, learned, text, type Body, type Encoding } from "./types.ts"

/** Addresses that the vendor fetches. */
const FETCHED = /^https?:\/\//i

/** Reports a cache mark that is lost: the vendor caches by itself. */
export function loseMark({ lose }: Encoding, mark: CacheMark | undefined, field: string): void {
  if (mark) lose(`${field}.cache`, "dropped", "The API has no cache marks.")
}

/** A text as input. */
export function textPart(value: string): Body {
  return { type: "input_text", text: value.toWellFormed() }
}

/** The parts of what a user, a developer or a tool says. Empty texts are left out. Native items are not among them. */
export function inputParts(encoding: Encoding, blocks: readonly InputBlock[], field: string): Body[] {
  return blocks.flatMap((block, i) => inputPart(encoding, block, `${field}[${i}]`))
}

/** The part of one block; none for what is left out. */
export function inputPart(encoding: Encoding, block: InputBlock, field: string): Body[] {
  const { lose } = encoding
  if (block.type !== "native") loseMark(encoding, block.cache, field)
  switch (block.type) {
    case "text":
      return block.text === "" ? [] : [textPart(block.text)]
    case "image":
      return [imagePart(encoding, block, field)]
    case "document":
      return documentPart(encoding, block, field)
    case "audio":
      lose(field, block.transcript ? "approximated" : "dropped", "The API takes no audio.")
      return block.transcript ? [textPart(block.transcript)] : []
    case "native":
      if (block.api === API && isPart(block.item)) return [block.item as Body]
      lose(field, "dropped", `An item of ${block.api} cannot stand here.`)
      return []
  }
}

/** Whether a native item is a part of a message, and no item of its own. */
export function isPart(item: Record<string, unknown>): boolean {
  return text(item["type"]).startsWith("input_")
}

function imagePart(encoding: Encoding, { source, detail }: ImageBlock, field: string): Body {
  const part: Body = { type: "input_image" }
  if ("fileId" in source) part["file_id"] = source.fileId
  else if ("url" in source) {
    if (!FETCHED.test(source.url)) {
      encoding.lose(field, "approximated", "The API fetches addresses of the web alone.")
      return textPart(`[image: ${source.url}]`)
    }
    part["image_url"] = source.url
  } else {
    const type = mediaType(source.mimeType)
    if (!isPicture(type)) {
      encoding.lose(field, "approximated", "The API takes PNG, JPEG, GIF and WebP images.")
      return textPart(`[unsupported image: ${type}]`)
    }
    part["image_url"] = `data:${type};base64,${source.data}`
  }
  const given = detailOf(encoding, detail, field)
  if (given !== undefined) part["detail"] = given
  return part
}

function detailOf({ call, compat, lose }: Encoding, detail: ImageBlock["detail"], field: string): string | undefined {
  if (detail !== undefined && learned(call, "imageDetail") === false) {
    lose(`${field}.detail`, "dropped", "The host refused the detail of an image.")
    return undefined
  }
  if (detail !== "original" || compat.originalDetail) return detail
  lose(`${field}.detail`, "approximated", "The host has no such detail: it chooses.")
  return "auto"
}

function documentPart(encoding: Encoding, block: DocumentBlock, field: string): Body[] {
  const { compat, lose } = encoding
  const { source, title } = block
  if ("text" in source) {
    lose(field, "approximated", "The document went as text.")
    return [textPart(title === undefined ? source.text : `${title}\n\n${source.text}`)]
  }
  if (!compat.documents) {
    lose(field, "approximated", "The host takes no documents: a note stands for this one.")
    return [textPart(`[document omitted: ${title ?? "the host takes no documents"}]`)]
  }
  for (const extra of ["context", "citations"] as const) {
    if (block[extra]) lose(`${field}.${extra}`, "dropped", "The API has no such field.")
  }
  if ("url" in source && !FETCHED.test(source.url)) {
    lose(field, "approximated", "The API fetches addresses of the web alone.")
    return [textPart(`[document: ${source.url}]`)]
  }
  if ("fileId" in source || "url" in source) {
    if (title !== undefined) lose(`${field}.title`, "dropped", "A file goes under a name with its data only.")
    return [
      "fileId" in source
        ? { type: "input_file", file_id: source.fileId }
        : { type: "input_file", file_url: source.url },
    ]
  }
  if (title === undefined) lose(`${field}.title`, "injected", "The host wants a name of the file.")
  const file_data = `data:${source.mimeType};base64,${source.data}`
  return [{ type: "input_file", filename: title ?? "document.pdf", file_data }]
}
