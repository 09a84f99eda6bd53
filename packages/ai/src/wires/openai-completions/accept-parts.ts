import type { InputBlock, MediaSource, TextBlock } from "../../model/message.ts"
import type { CacheMark } from "../../model/tool.ts"
import { invalid, optionalString, readArray, readObject, readString } from "./readers.ts"
import { isObject, readDataUrl, type Obj } from "./types.ts"

/** Reports something that is left out. */
export type Lose = (field: string, reason: string) => void

/** The content of a message: a text or parts. Parts of a type that is not known are left out and reported. */
export function acceptContent(value: unknown, path: string, lose: Lose): string | InputBlock[] {
  if (typeof value === "string") return value
  if (!Array.isArray(value)) throw invalid(path, "expected a string or an array of content parts")
  return value.flatMap((part, i) => acceptPart(part, `${path}[${i}]`, lose))
}

/** The content of a message that carries text only. */
export function acceptText(value: unknown, path: string, lose: Lose): TextBlock[] {
  const content = acceptContent(value, path, lose)
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }]
  return content.filter((block, i): block is TextBlock => {
    if (block.type !== "text") lose(`${path}[${i}]`, "This role carries text only.")
    return block.type === "text"
  })
}

/** The mark of `cache_control`, where a part carries one. */
export function acceptMark(part: Obj): { cache?: CacheMark } {
  const mark = part["cache_control"]
  if (!isObject(mark)) return {}
  return { cache: mark["ttl"] === "1h" ? "long" : "short" }
}

function acceptPart(value: unknown, path: string, lose: Lose): InputBlock[] {
  if (typeof value === "string") return value === "" ? [] : [{ type: "text", text: value }]
  const part = readObject(value, path)
  const type = readString(part["type"], `${path}.type`)
  const mark = acceptMark(part)
  switch (type) {
    case "text":
    case "input_text":
    case "output_text": {
      const text = readString(part["text"], `${path}.text`)
      return text === "" ? [] : [{ type: "text", text, ...mark }]
    }
    case "refusal":
      return [{ type: "text", text: readString(part["refusal"], `${path}.refusal`) }]
    case "image_url":
      return [{ ...acceptImage(part["image_url"], `${path}.image_url`), ...mark }]
    case "input_audio": {
      const audio = readObject(part["input_audio"], `${path}.input_audio`)
      const data = readString(audio["data"], `${path}.input_audio.data`)
      const format = readString(audio["format"], `${path}.input_audio.format`)
      const mimeType = format === "mp3" ? "audio/mpeg" : `audio/${format}`
      return [{ type: "audio", source: { data, mimeType }, ...mark }]
    }
    case "file":
      return [{ ...acceptFile(readObject(part["file"], `${path}.file`), `${path}.file`), ...mark }]
    default:
      lose(path, `Content parts of type ${type.slice(0, 40)} are not known.`)
      return []
  }
}

const DETAILS = ["auto", "low", "high", "original"] as const

function acceptImage(value: unknown, path: string): Extract<InputBlock, { type: "image" }> {
  if (typeof value === "string") return { type: "image", source: mediaOf(value, path) }
  const image = readObject(value, path)
  const source = mediaOf(readString(image["url"], `${path}.url`), `${path}.url`)
  const detail = DETAILS.find((one) => one === image["detail"])
  return { type: "image", source, ...(detail ? { detail } : {}) }
}

function mediaOf(url: string, path: string): MediaSource {
  if (url === "") throw invalid(path, "expected an address or a data URL, got an empty text")
  if (!/^data:/i.test(url)) return { url }
  const data = readDataUrl(url)
  if (!data) throw invalid(path, "the data URL cannot be read")
  return data
}

const MIME_OF: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  json: "application/json",
}

function acceptFile(file: Obj, path: string): Extract<InputBlock, { type: "document" }> {
  const title = optionalString(file["filename"], `${path}.filename`)
  const named = title === undefined ? {} : { title }
  const fileId = optionalString(file["file_id"], `${path}.file_id`)
  if (fileId !== undefined) return { type: "document", source: { fileId }, ...named }
  const data = readString(file["file_data"], `${path}.file_data`)
  if (/^(?:data:|https?:)/i.test(data)) {
    return { type: "document", source: mediaOf(data, `${path}.file_data`), ...named }
  }
  const extension = title?.split(".").at(-1)?.toLowerCase() ?? ""
  const mimeType = (Object.hasOwn(MIME_OF, extension) && MIME_OF[extension]) || "application/pdf"
  return { type: "document", source: { data, mimeType }, ...named }
}

/** A list where there is one; nothing for what is absent or null. */
export function optionalList(value: unknown, path: string): unknown[] {
  return value === undefined || value === null ? [] : readArray(value, path)
}
