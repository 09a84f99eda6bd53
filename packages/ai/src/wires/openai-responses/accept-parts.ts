import type { InputBlock, MediaSource, TextBlock } from "../../model/message.ts"
import type { Lose } from "../openai/accept-fields.ts"
import { acceptAudio, acceptDetail, acceptFile, mediaOf } from "../openai/accept-media.ts"
import { invalid, optionalString, readArray, readObject, readString } from "../openai/accept-readers.ts"
import { API, isObject, type Obj } from "./types.ts"

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
    case "input_audio":
      return [acceptAudio(part, path)]
    default:
      return [{ type: "native", api: API, item: part }]
  }
}

function acceptImage(part: Obj, path: string): InputBlock {
  return { type: "image", source: imageSource(part, path), ...acceptDetail(part["detail"]) }
}

function imageSource(part: Obj, path: string): MediaSource {
  const fileId = optionalString(part["file_id"], `${path}.file_id`)
  if (fileId !== undefined) return { fileId }
  // Clients that come from Chat Completions nest the address.
  const nested = part["image_url"]
  const url = isObject(nested) ? nested["url"] : nested
  return mediaOf(readString(url, `${path}.image_url`), `${path}.image_url`)
}
