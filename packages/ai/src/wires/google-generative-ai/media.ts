import type { AudioBlock, DocumentBlock, ImageBlock, MediaSource } from "../../model/message.ts"
import type { Losses } from "../../model/losses.ts"
import type { Part } from "./types.ts"

/** Types by the ends of addresses, for hosts that want one named. */
const TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  heic: "image/heic",
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  html: "text/html",
  csv: "text/csv",
  json: "application/json",
  mp3: "audio/mpeg",
  wav: "audio/wav",
  ogg: "audio/ogg",
  flac: "audio/flac",
  m4a: "audio/mp4",
}

/** A picture, a sound or a document as a part; a document that is text stands as text. */
export function encodeMedia(block: ImageBlock | AudioBlock | DocumentBlock, path: string, losses: Losses): Part {
  if (block.type === "image" && block.detail !== undefined && block.detail !== "auto") {
    losses.dropped(`${path}.detail`, "The API has one choice of detail for the whole request.")
  }
  if (block.type === "audio" && block.transcript !== undefined) {
    losses.dropped(`${path}.transcript`, "The API has no field for a transcript.")
  }
  if (block.type === "document") loseDocumentFields(block, path, losses)
  const { source } = block
  if ("text" in source) {
    losses.approximated(path, "A document of text stands as text.")
    return { text: source.text }
  }
  return sourcePart(source, path, losses)
}

function sourcePart(source: MediaSource, path: string, losses: Losses): Part {
  if ("data" in source) return { inlineData: { mimeType: source.mimeType, data: source.data } }
  if ("fileId" in source) return { fileData: { fileUri: source.fileId } }
  const mimeType = source.mimeType ?? typeOf(source.url)
  if (source.mimeType === undefined && mimeType !== undefined) {
    losses.injected(`${path}.source.mimeType`, "The API wants the type named; it was read off the address.")
  }
  return { fileData: { ...(mimeType === undefined ? {} : { mimeType }), fileUri: source.url } }
}

function loseDocumentFields(block: DocumentBlock, path: string, losses: Losses): void {
  for (const field of ["title", "context", "citations"] as const) {
    if (block[field] !== undefined && block[field] !== false) {
      losses.dropped(`${path}.${field}`, "The API has no field for it.")
    }
  }
}

function typeOf(url: string): string | undefined {
  const end = /\.([a-z0-9]+)(?:[?#].*)?$/i.exec(url)?.[1]?.toLowerCase()
  return end === undefined ? undefined : TYPES[end]
}
