import type { AudioBlock, DocumentBlock, ImageBlock, MediaSource } from "../../model/message.ts"
import type { Obj } from "../../model/json.ts"
import { invalid, optionalString, readObject, readString } from "./accept-readers.ts"
import { readDataUrl } from "./data-url.ts"

/** Beginnings of what names its data instead of being it. */
const ADDRESS = /^(?:data:|https?:)/i

const DETAILS = ["auto", "low", "high", "original"] as const

const MIME_OF: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  json: "application/json",
}

/** The detail of an image, where it is one that is known. */
export function acceptDetail(value: unknown): Pick<ImageBlock, "detail"> {
  const detail = DETAILS.find((one) => one === value)
  return detail ? { detail } : {}
}

/** What stands behind an address or in a data URL. @throws SluiceError when the data URL cannot be read */
export function mediaOf(url: string, path: string): MediaSource {
  if (url === "") throw invalid(path, "expected an address or a data URL, got an empty text")
  if (!/^data:/i.test(url)) return { url }
  const data = readDataUrl(url)
  if (!data) throw invalid(path, "the data URL cannot be read")
  return data
}

/** A file by its id, its address or its data; data is a data URL, an address, or base64 of the type of the name's ending. */
export function acceptFile(file: Obj, path: string): DocumentBlock {
  const title = optionalString(file["filename"], `${path}.filename`)
  const named = title === undefined ? {} : { title }
  const fileId = optionalString(file["file_id"], `${path}.file_id`)
  if (fileId !== undefined) return { type: "document", source: { fileId }, ...named }
  const url = optionalString(file["file_url"], `${path}.file_url`)
  if (url !== undefined) return { type: "document", source: mediaOf(url, `${path}.file_url`), ...named }
  const data = readString(file["file_data"], `${path}.file_data`)
  if (ADDRESS.test(data)) return { type: "document", source: mediaOf(data, `${path}.file_data`), ...named }
  const extension = title?.split(".").at(-1)?.toLowerCase() ?? ""
  const mimeType = (Object.hasOwn(MIME_OF, extension) && MIME_OF[extension]) || "application/pdf"
  return { type: "document", source: { data, mimeType }, ...named }
}

/** The audio of a part of type `input_audio`. */
export function acceptAudio(part: Obj, path: string): AudioBlock {
  const at = `${path}.input_audio`
  const audio = readObject(part["input_audio"], at)
  const data = readString(audio["data"], `${at}.data`)
  const format = readString(audio["format"], `${at}.format`)
  return { type: "audio", source: { data, mimeType: format === "mp3" ? "audio/mpeg" : `audio/${format}` } }
}
