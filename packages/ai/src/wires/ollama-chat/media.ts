/** First bytes of the kinds of image that hosts read, in base64. */
const BEGINNINGS: readonly (readonly [beginning: string, mimeType: string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
  ["Qk", "image/bmp"],
  ["SUkqA", "image/tiff"],
  ["TU0AK", "image/tiff"],
]

/** The type of an image by its first bytes: the wire carries bytes alone. What is not known is taken for a PNG. */
export function typeOfImage(base64: string): string {
  return BEGINNINGS.find(([beginning]) => base64.startsWith(beginning))?.[1] ?? "image/png"
}
