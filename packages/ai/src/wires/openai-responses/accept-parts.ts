import type { InputBlock, MediaSource, TextBlock } from "../../model/message.ts"
import { invalid, optionalString, readArray, readObject, readString } from "../openai-completions/readers.ts"
import { readDataUrl } from "../openai-completions/types.ts"
import { API, isObject, type Obj } from "./types.ts"

/** Reports something that is left out. */
export type Lose = (field: string, reason: string) => void

/** Content that is a text or parts. Parts of a type that is not known are kept for hosts of the same wire. */
export function acceptContent(value: unknown, path: string): string | InputBlock[] {
  if (typeof value === "string") return value
  if (!Array.isArray(value)) throw invalid(path, "expected a string or an array of content parts")
  const blocks = value.flatMap((part, i) => acceptPart(part, `${path}[${i}]`))
  const [only] = blocks
  return blocks.length === 1 && only?.type === "text" ? only.text : blocks
}

/** The texts of an answer's message. A refusal goes on as text, and is reported. */
export function acceptTexts(value: unknown, path: string, lose: Lose): TextBlock[] {
  if (value === undefined || value === null) return []
  if (typeof value === "string") return value === "" ? [] : [{ type: "text", text: value }]
  return readArray(value, path).flatMap((entry, i): TextBlock[] => {
    const at = `${path}[${i}]`
    const part = readObject(entry, at)
    const type = readString(part["type"], `${at}.type`)
    if (type === "refusal") {
      lose(at, "A refusal goes on as text.")
      return [{ type: "text", text: readString(part["refusal"], `${at}.refusal`) }]
    }
    if (type === "output_text" || type === "input_text" || type === "text") return acceptText(part, at)
    lose(at, `An answer holds no part of type ${type.slice(0, 40)}.`)
    return []
  })
}

function acceptText(part: Obj, path: string): TextBlock[] {
  const text = readString(part["text"], `${path}.text`)
  const { annotations, logprobs } = part
  if (text === "") return []
  return [
    {
      type: "text",
      text,
      ...(Array.isArray(annotations) && annotations.length > 0 ? { citations: annotations } : {}),
      ...(Array.isArray(logprobs) && logprobs.length > 0 ? { logprobs } : {}),
    },
  ]
}

function acceptPart(value: unknown, path: string): InputBlock[] {
  const part = readObject(value, path)
  const type = readString(part["type"], `${path}.type`)
  switch (type) {
    case "input_text":
    case "output_text":
    case "text": {
      const text = readString(part["text"], `${path}.text`)
      return text === "" ? [] : [{ type: "text", text }]
    }
    case "refusal":
      return [{ type: "text", text: readString(part["refusal"], `${path}.refusal`) }]
    case "input_image":
      return [acceptImage(part, path)]
    case "input_file":
      return [acceptFile(part, path)]
    case "input_audio": {
      const audio = readObject(part["input_audio"], `${path}.input_audio`)
      const data = readString(audio["data"], `${path}.input_audio.data`)
      const format = readString(audio["format"], `${path}.input_audio.format`)
      return [{ type: "audio", source: { data, mimeType: format === "mp3" ? "audio/mpeg" : `audio/${format}` } }]
    }
    default:
      return [{ type: "native", api: API, item: part }]
  }
}

const DETAILS = ["auto", "low", "high", "original"] as const

function acceptImage(part: Obj, path: string): InputBlock {
  const detail = DETAILS.find((one) => one === part["detail"])
  return { type: "image", source: imageSource(part, path), ...(detail ? { detail } : {}) }
}

function imageSource(part: Obj, path: string): MediaSource {
  const fileId = optionalString(part["file_id"], `${path}.file_id`)
  if (fileId !== undefined) return { fileId }
  // Clients that come from Chat Completions nest the address.
  const nested = part["image_url"]
  const url = isObject(nested) ? nested["url"] : nested
  return mediaOf(readString(url, `${path}.image_url`), `${path}.image_url`)
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

function acceptFile(part: Obj, path: string): InputBlock {
  const title = optionalString(part["filename"], `${path}.filename`)
  const named = title === undefined ? {} : { title }
  const fileId = optionalString(part["file_id"], `${path}.file_id`)
  if (fileId !== undefined) return { type: "document", source: { fileId }, ...named }
  const url = optionalString(part["file_url"], `${path}.file_url`)
  if (url !== undefined) return { type: "document", source: mediaOf(url, `${path}.file_url`), ...named }
  const data = readString(part["file_data"], `${path}.file_data`)
  if (/^data:/i.test(data)) return { type: "document", source: mediaOf(data, `${path}.file_data`), ...named }
  const extension = title?.split(".").at(-1)?.toLowerCase() ?? ""
  const mimeType = (Object.hasOwn(MIME_OF, extension) && MIME_OF[extension]) || "application/pdf"
  return { type: "document", source: { data, mimeType }, ...named }
}
