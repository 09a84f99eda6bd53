import type { ResizeImage } from "./resizer.ts"

export type { ResizeImage } from "./resizer.ts"

/** Quality of JPEG and WebP, from 0 to 100. */
const QUALITY = 90

type Canvas = typeof import("@napi-rs/canvas")

/**
 * Scales images with `@napi-rs/canvas`, which a program installs beside this library. Where it is missing, images stay
 * as they are. JPEG and WebP keep their format, everything else becomes PNG, and of a moving picture the first frame
 * is left. For Node.
 *
 * @example
 * const sluice = createSluice({ environment: { resizeImage: canvasResizer() } })
 */
export function canvasResizer(): ResizeImage {
  let loading: Promise<Canvas | undefined> | undefined
  return async (bytes, { maxEdge, mimeType }) => {
    loading ??= import("@napi-rs/canvas").catch(() => undefined)
    const canvas = await loading
    if (!canvas) return undefined
    const image = await canvas.loadImage(bytes)
    const scale = Math.min(1, maxEdge / Math.max(image.width, image.height))
    const edge = (length: number): number => Math.max(1, Math.min(maxEdge, Math.round(length * scale)))
    const surface = canvas.createCanvas(edge(image.width), edge(image.height))
    const context = surface.getContext("2d")
    context.imageSmoothingQuality = "high"
    context.drawImage(image, 0, 0, surface.width, surface.height)
    if (mimeType === "image/jpeg") return { bytes: await surface.encode("jpeg", QUALITY), mimeType }
    if (mimeType === "image/webp") return { bytes: await surface.encode("webp", QUALITY), mimeType }
    return { bytes: await surface.encode("png"), mimeType: "image/png" }
  }
}
