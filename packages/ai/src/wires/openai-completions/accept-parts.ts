import type { ImageBlock, InputBlock, TextBlock } from "../../model/message.ts"
import type { CacheMark } from "../../model/tool.ts"
import type { Lose } from "../openai/accept-fields.ts"
import { acceptAudio, acceptDetail, acceptFile, mediaOf } from "../openai/accept-media.ts"
import { invalid, readObject, readString } from "../openai/accept-readers.ts"
import { isObject, type Obj } from "./types.ts"

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
    case "input_audio":
      return [{ ...acceptAudio(part, path), ...mark }]
    case "file":
      return [{ ...acceptFile(readObject(part["file"], `${path}.file`), `${path}.file`), ...mark }]
    default:
      lose(path, `Content parts of type ${type.slice(0, 40)} are not known.`)
      return []
  }
}

function acceptImage(value: unknown, path: string): ImageBlock {
  if (typeof value === "string") return { type: "image", source: mediaOf(value, path) }
  const image = readObject(value, path)
  const source = mediaOf(readString(image["url"], `${path}.url`), `${path}.url`)
  return { type: "image", source, ...acceptDetail(image["detail"]) }
}
