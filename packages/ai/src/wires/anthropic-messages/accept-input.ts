import type { DocumentBlock, ImageBlock, InputBlock, MediaSource, TextBlock } from "../../model/message.ts"
import type { Losses } from "../../model/losses.ts"
import {
  cacheOf,
  optionalFlag,
  optionalItem,
  optionalText,
  readItem,
  readList,
  readText,
  refuse,
} from "./accept-readers.ts"
import { API, isObject, type Obj } from "./types.ts"

/** A text block. Citations are kept as they are. */
export function acceptText(block: Obj, path: string): TextBlock {
  const citations = block["citations"]
  return {
    type: "text",
    text: readText(block["text"], `${path}.text`),
    ...(Array.isArray(citations) && citations.length > 0 ? { citations } : {}),
    ...cacheOf(block, path),
  }
}

/** A block of a user, a developer or a tool. Blocks that we do not know are kept for hosts of the same wire. */
export function acceptInputBlock(value: unknown, path: string, losses: Losses): InputBlock {
  const block = readItem(value, path)
  switch (readText(block["type"], `${path}.type`)) {
    case "text":
      return acceptText(block, path)
    case "image":
      return acceptImage(block, path)
    case "document":
      return acceptDocument(block, path, losses)
    default:
      return { type: "native", api: API, item: block }
  }
}

/** Content that is a text or a list of blocks. */
export function acceptContent(value: unknown, path: string, losses: Losses): string | InputBlock[] {
  if (typeof value === "string") return value
  return readList(value, path).map((block, index) => acceptInputBlock(block, `${path}[${index}]`, losses))
}

/** A picture of a client. */
export function acceptImage(block: Obj, path: string): ImageBlock {
  const at = `${path}.source`
  return { type: "image", source: mediaSource(readItem(block["source"], at), at), ...cacheOf(block, path) }
}

function mediaSource(source: Obj, path: string): MediaSource {
  switch (readText(source["type"], `${path}.type`)) {
    case "base64":
      return {
        data: readText(source["data"], `${path}.data`),
        mimeType: readText(source["media_type"], `${path}.media_type`),
      }
    case "url":
      return { url: readText(source["url"], `${path}.url`) }
    case "file":
      return { fileId: readText(source["file_id"], `${path}.file_id`) }
    default:
      return refuse(`${path}.type`, "must be base64, url or file.")
  }
}

function acceptDocument(block: Obj, path: string, losses: Losses): InputBlock {
  const at = `${path}.source`
  const source = readItem(block["source"], at)
  const title = optionalText(block["title"], `${path}.title`)
  const context = optionalText(block["context"], `${path}.context`)
  const citations = optionalItem(block["citations"], `${path}.citations`)
  const enabled = optionalFlag(citations?.["enabled"], `${path}.citations.enabled`)
  const read = documentSource(source, at, losses)
  if (!read) return { type: "native", api: API, item: block }
  return {
    type: "document",
    source: read,
    ...(title === undefined ? {} : { title }),
    ...(context === undefined ? {} : { context }),
    ...(enabled === undefined ? {} : { citations: enabled }),
    ...cacheOf(block, path),
  }
}

/** `undefined` for content that only this wire can spell. */
function documentSource(source: Obj, path: string, losses: Losses): DocumentBlock["source"] | undefined {
  switch (source["type"]) {
    case "text":
      return { text: readText(source["data"], `${path}.data`) }
    case "content": {
      const content = source["content"]
      if (typeof content === "string") return { text: content }
      const blocks = readList(content, `${path}.content`)
      const texts = blocks.map((block) => (isObject(block) && block["type"] === "text" ? block["text"] : undefined))
      if (!texts.every((text) => typeof text === "string")) return undefined
      if (texts.length > 1) losses.approximated(`${path}.content`, "The pieces of the document are joined.")
      return { text: texts.join("\n\n") }
    }
    default:
      return mediaSource(source, path)
  }
}
