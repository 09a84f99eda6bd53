import type { AudioBlock, ImageBlock, MediaSource } from "../../model/message.ts"
import { isObject, type Obj } from "./types.ts"

/**
 * A picture or a sound that the model made; `undefined` for any other part, and for a sketch that belongs to the
 * thinking.
 */
export function mediaBlock(part: Obj): ImageBlock | AudioBlock | undefined {
  if (part["thought"] === true) return undefined
  const source = sourceOf(part)
  const type = source && "mimeType" in source ? source.mimeType : undefined
  if (!source || type === undefined) return undefined
  if (type.startsWith("image/")) return { type: "image", source }
  return type.startsWith("audio/") ? { type: "audio", source } : undefined
}

function sourceOf({ inlineData, fileData }: Obj): MediaSource | undefined {
  if (isObject(inlineData)) {
    const { data, mimeType } = inlineData
    return typeof data === "string" && typeof mimeType === "string" ? { data, mimeType } : undefined
  }
  if (!isObject(fileData)) return undefined
  const { fileUri, mimeType } = fileData
  return typeof fileUri === "string" && typeof mimeType === "string" ? { url: fileUri, mimeType } : undefined
}
