import type { ResizeImage } from "@sluice/ai"

let loading: Promise<ResizeImage> | undefined

/** Scales images that a host would refuse, where the package for it is installed. Its code is loaded when needed. */
export const resizeImage: ResizeImage = async (bytes, to) => {
  loading ??= import("@sluice/ai/images/canvas").then(({ canvasResizer }) => canvasResizer())
  return (await loading)(bytes, to)
}
