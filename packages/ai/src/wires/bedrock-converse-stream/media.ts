import { base64Of } from "../../images/base64.ts"
import type { DocumentBlock, ImageBlock, MediaSource } from "../../model/message.ts"
import type { EncodeState } from "./encode-state.ts"
import type { WireBlock } from "./types.ts"

/** Formats of images by type. */
const IMAGES: Readonly<Record<string, string>> = {
  "image/png": "png",
  "image/jpeg": "jpeg",
  "image/jpg": "jpeg",
  "image/gif": "gif",
  "image/webp": "webp",
}

/** Formats of documents by type. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  "application/pdf": "pdf",
  "text/csv": "csv",
  "application/msword": "doc",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/vnd.ms-excel": "xls",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "text/html": "html",
  "text/plain": "txt",
  "text/markdown": "md",
}

/** An image as a block, or the note that stands for one the API does not take. Its base64 goes out as it came. */
export function encodeImage(block: ImageBlock, path: string, { losses }: EncodeState): WireBlock {
  const { source } = block
  if (block.detail !== undefined && block.detail !== "auto") {
    losses.dropped(`${path}.detail`, "The API has no choice of detail.")
  }
  const type = typeOf(source)
  const format = formatOf(IMAGES, type ?? "")
  const bytes = bytesSource(source)
  if (bytes && format !== undefined) return { image: { format, source: bytes } }
  losses.approximated(path, "The API takes PNG, JPEG, GIF and WebP images, as bytes or from S3.")
  return { text: "url" in source ? `[image: ${source.url}]` : `[unsupported image: ${type ?? "a file"}]` }
}

/** A document as a block, or the note that stands for one the API does not take. */
export function encodeDocument(block: DocumentBlock, path: string, { losses, names }: EncodeState): WireBlock {
  const { source, title, context, citations } = block
  const text = "text" in source ? source.text : undefined
  const type = text === undefined ? (typeOf(source as MediaSource) ?? "") : "text/plain"
  const format =
    formatOf(DOCUMENTS, type) ?? (type.startsWith("text/") || type === "application/json" ? "txt" : undefined)
  const bytes =
    text === undefined ? bytesSource(source as MediaSource) : { bytes: base64Of(new TextEncoder().encode(text)) }
  if (!bytes || format === undefined || text?.trim() === "") {
    losses.approximated(path, "The API does not take this kind of document.")
    return { text: "url" in source ? `[document: ${source.url}]` : `[unsupported document: ${type || "a file"}]` }
  }
  const name = names.next(title)
  if (title === undefined) losses.injected(`${path}.title`, "The API wants documents to have names.")
  else if (name !== title) losses.approximated(`${path}.title`, "The API takes few characters in names, each once.")
  return {
    document: {
      name,
      format,
      source: bytes,
      ...(context === undefined ? {} : { context }),
      ...(citations === undefined ? {} : { citations: { enabled: citations } }),
    },
  }
}

function bytesSource(source: MediaSource): WireBlock | undefined {
  if ("data" in source) return { bytes: source.data }
  if ("url" in source && source.url.startsWith("s3://")) return { s3Location: { uri: source.url } }
  return undefined
}

/** The type in lower case without parameters; for an address without one, what its ending says. */
function typeOf(source: MediaSource): string | undefined {
  if ("fileId" in source) return undefined
  const given = source.mimeType?.split(";", 1)[0]?.trim().toLowerCase()
  if (given !== undefined && given !== "") return given
  if (!("url" in source)) return undefined
  const ending = /\.([a-z0-9]+)(?:$|[?#])/i.exec(source.url)?.[1]?.toLowerCase() ?? ""
  const known = { ...IMAGES, ...DOCUMENTS }
  const format = ending === "jpg" ? "jpeg" : ending
  return Object.keys(known).find((type) => known[type] === format)
}

function formatOf(table: Readonly<Record<string, string>>, type: string): string | undefined {
  return Object.hasOwn(table, type) ? table[type] : undefined
}
