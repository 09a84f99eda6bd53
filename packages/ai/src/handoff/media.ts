import type { MediaSource } from "../model/message.ts"

const PREFIX = /^data:([^;,]*)(?:;[^;,]*)*?;base64,/i
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
const SCHEME = /^[a-z][a-z0-9+.-]*:./i

/** A source as every host reads it, or why none can. */
type Sound = { source: MediaSource } | { why: string }

/** What became of sources with data, since their data may be long and stand in every turn. */
const known = new WeakMap<MediaSource, Sound>()

/**
 * A picture's, a sound's or a document's source in the one form that all hosts read: plain base64 with its padding, an
 * address with a scheme, the id of a file. Data within an address or behind the head of one becomes plain data.
 */
export function soundSource(kind: "image" | "audio" | "document", source: MediaSource): Sound {
  if ("fileId" in source) return source.fileId.trim() === "" ? { why: "its file has no id" } : { source }
  if ("url" in source) {
    if (PREFIX.test(source.url)) return soundData(kind, { data: source.url, mimeType: source.mimeType ?? "" })
    return SCHEME.test(source.url) ? { source } : { why: "its address cannot be read" }
  }
  let sound = known.get(source)
  if (!sound) known.set(source, (sound = soundData(kind, source)))
  return sound
}

function soundData(kind: "image" | "audio" | "document", given: { data: string; mimeType: string }): Sound {
  const head = PREFIX.exec(given.data)
  const mimeType = given.mimeType.trim() === "" ? (head?.[1] ?? "") : given.mimeType
  const type = mimeType.trim().toLowerCase()
  if (type === "") return { why: "its type is not named" }
  if (kind !== "document" && !type.startsWith(`${kind}/`)) return { why: `its type is ${type}` }
  const data = plain(head ? given.data.slice(head[0].length) : given.data)
  if (data === undefined) return { why: "its data is not base64" }
  return { source: data === given.data && mimeType === given.mimeType ? (given as MediaSource) : { data, mimeType } }
}

/** The text in the plain alphabet, without white space, padded; `undefined` where it is no base64 or empty. */
function plain(text: string): string | undefined {
  if (text.length % 4 === 0 && BASE64.test(text)) return text
  const bare = text.replace(/\s+/g, "").replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/")
  if (!BASE64.test(bare) || bare.length % 4 === 1) return undefined
  return bare.padEnd(Math.ceil(bare.length / 4) * 4, "=")
}
