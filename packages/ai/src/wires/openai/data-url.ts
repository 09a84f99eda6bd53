import { base64Of } from "../../images/base64.ts"

/** A data URL in its two parts; `undefined` for any other text. Data that is not base64 is turned into it. */
export function readDataUrl(url: string): { mimeType: string; data: string } | undefined {
  const match = /^data:([^,]*),/is.exec(url)
  if (!match) return undefined
  const head = match[1] as string
  const rest = url.slice(match[0].length)
  const mimeType = head.replace(/;base64$/i, "").split(";")[0] || "text/plain"
  if (/;base64$/i.test(head)) return { mimeType, data: rest.replace(/\s/g, "") }
  return { mimeType, data: base64Of(new TextEncoder().encode(decodePercent(rest))) }
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
