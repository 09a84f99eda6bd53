import type { MessagesCompat } from "@sluice/catalog/core"
import type { DocumentBlock, ImageBlock } from "../../model/message.ts"
import type { Losses } from "../../model/losses.ts"
import { isPicture, mediaType } from "../media-type.ts"
import type { WireBlock } from "./types.ts"

/** An image as a block, or the note that stands for one the API does not take. */
export function encodeImage(block: ImageBlock, compat: MessagesCompat, path: string, losses: Losses): WireBlock {
  const { source } = block
  if (block.detail !== undefined && block.detail !== "auto") {
    losses.dropped(`${path}.detail`, "The API has no choice of detail.")
  }
  if ("data" in source) {
    const type = mediaType(source.mimeType)
    if (isPicture(type)) {
      return { type: "image", source: { type: "base64", media_type: type, data: source.data } }
    }
    return note(`[unsupported image: ${type}]`, path, "The API takes PNG, JPEG, GIF and WebP images.", losses)
  }
  if ("fileId" in source) return { type: "image", source: { type: "file", file_id: source.fileId } }
  if (compat.mediaUrls) return { type: "image", source: { type: "url", url: source.url } }
  return note(`[image: ${source.url}]`, path, "The host does not fetch images.", losses)
}

/** A document as a block, or the note that stands for one the API does not take. */
export function encodeDocument(block: DocumentBlock, compat: MessagesCompat, path: string, losses: Losses): WireBlock {
  const source = documentSource(block.source, compat)
  if (typeof source === "string") return note(source, path, "The host does not take this kind of document.", losses)
  return {
    type: "document",
    source,
    ...(block.title === undefined ? {} : { title: block.title }),
    ...(block.context === undefined ? {} : { context: block.context }),
    ...(block.citations === undefined ? {} : { citations: { enabled: block.citations } }),
  }
}

function documentSource(source: DocumentBlock["source"], compat: MessagesCompat): object | string {
  if ("text" in source) return { type: "text", media_type: "text/plain", data: source.text }
  if ("fileId" in source) return { type: "file", file_id: source.fileId }
  if ("data" in source) {
    const type = mediaType(source.mimeType)
    if (type === "application/pdf") return { type: "base64", media_type: type, data: source.data }
    if (!isText(type)) return `[unsupported document: ${type}]`
    const text = decodeText(source.data)
    return text === undefined
      ? `[unreadable document: ${type}]`
      : { type: "text", media_type: "text/plain", data: text }
  }
  return compat.mediaUrls ? { type: "url", url: source.url } : `[document: ${source.url}]`
}

function isText(type: string): boolean {
  return type.startsWith("text/") || /^application\/(?:json|xml|x-yaml|yaml|javascript)$/.test(type)
}

function decodeText(base64: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function note(text: string, path: string, reason: string, losses: Losses): WireBlock {
  losses.approximated(path, reason)
  return { type: "text", text }
}
