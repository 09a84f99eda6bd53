import { createCanvas } from "@napi-rs/canvas"
import { describe, expect, test } from "vitest"
import { base64Of, sizeOfBase64 } from "./base64.ts"
import { canvasResizer } from "./canvas.ts"
import { Resizer, type ResizeImage, resizerOf } from "./resizer.ts"

/** A PNG's header, which is all that is read here; `mark` tells one from another. */
function header(width: number, height: number, mark = 0): Uint8Array {
  const bytes = new Uint8Array(33)
  bytes.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52])
  const view = new DataView(bytes.buffer)
  view.setUint32(16, width)
  view.setUint32(20, height)
  view.setUint32(28, mark)
  return bytes
}
const image = (mark: number): { data: string; mimeType: string } => ({
  data: base64Of(header(3000, 100, mark)),
  mimeType: "image/png",
})

describe("a resizer", () => {
  test("works on three images at a time, and on the same one only once", async () => {
    let calls = 0
    let busy = 0
    let most = 0
    const resizer = new Resizer(async (_bytes, { maxEdge, mimeType }) => {
      calls++
      most = Math.max(most, ++busy)
      await new Promise((resolve) => setTimeout(resolve, 2))
      busy--
      return { bytes: header(maxEdge, 1), mimeType }
    })
    const all = await Promise.all(Array.from({ length: 16 }, (_, i) => resizer.fit(image(i % 8), 2000)))
    expect([calls, most]).toEqual([8, 3])
    expect(all.every((one) => one && sizeOfBase64(one.data)?.width === 2000)).toBe(true)
    await resizer.fit(image(0), 2000)
    expect(calls).toBe(8)
    await resizer.fit(image(0), 1000)
    await resizer.fit({ ...image(0), mimeType: "image/x-png" }, 2000)
    expect(calls).toBe(10)
  })

  test("keeps no more than 256 results, the latest used ones", async () => {
    let calls = 0
    const resizer = new Resizer(async (_bytes, { maxEdge, mimeType }) => {
      calls++
      return { bytes: header(maxEdge, 1), mimeType }
    })
    for (let i = 0; i < 256; i++) await resizer.fit(image(i), 2000)
    await resizer.fit(image(0), 2000)
    await resizer.fit(image(256), 2000)
    expect(calls).toBe(257)
    await resizer.fit(image(0), 2000)
    expect(calls).toBe(257)
    await resizer.fit(image(1), 2000)
    expect(calls).toBe(258)
  })

  test("gives nothing where the function fails, declines or does not do it, and goes on with the next", async () => {
    const outcomes: ResizeImage[] = [
      async () => {
        throw new Error("broken")
      },
      async () => undefined,
      async (_bytes, { mimeType }) => ({ bytes: header(2001, 1), mimeType }),
      async (_bytes, { mimeType }) => ({ bytes: new Uint8Array([1]), mimeType }),
    ]
    // By the image and not by the order of the calls, which hashing does not keep.
    const seen = new Set<number>()
    const resizer = new Resizer((bytes, to) => {
      const mark = new DataView(bytes.buffer, bytes.byteOffset).getUint32(28)
      const outcome = seen.has(mark) ? undefined : outcomes[mark]
      seen.add(mark)
      return outcome ? outcome(bytes, to) : Promise.resolve({ bytes: header(2000, 1), mimeType: to.mimeType })
    })
    const all = await Promise.all(Array.from({ length: 5 }, (_, i) => resizer.fit(image(i), 2000)))
    expect(all.map((one) => one !== undefined)).toEqual([false, false, false, false, true])
    // A failure is not kept.
    expect(await resizer.fit(image(0), 2000)).toBeDefined()
    expect(await resizer.fit({ data: "%", mimeType: "image/png" }, 2000)).toBeUndefined()
  })

  test("is one for one function, so that calls share what was done", () => {
    const resize: ResizeImage = async () => undefined
    expect(resizerOf(resize)).toBe(resizerOf(resize))
    expect(resizerOf(resize)).not.toBe(resizerOf(async () => undefined))
  })
})

describe("the resizer over a canvas", () => {
  const canvas = createCanvas(900, 300)
  const context = canvas.getContext("2d")
  context.fillStyle = "rgb(200, 40, 10)"
  context.fillRect(0, 0, 900, 300)

  test.each([
    ["image/png", "image/png", canvas.toBuffer("image/png")],
    ["image/jpeg", "image/jpeg", canvas.toBuffer("image/jpeg")],
    ["image/webp", "image/webp", canvas.toBuffer("image/webp")],
    ["image/gif", "image/png", canvas.toBuffer("image/png")],
  ])("keeps shape and colours of %s, as %s", async (mimeType, made, bytes) => {
    const small = await canvasResizer()(new Uint8Array(bytes), { maxEdge: 200, mimeType })
    expect(small?.mimeType).toBe(made)
    expect(sizeOfBase64(base64Of(small?.bytes ?? new Uint8Array()))).toEqual({ width: 200, height: 67 })
    const { loadImage } = await import("@napi-rs/canvas")
    const shown = createCanvas(200, 67).getContext("2d")
    shown.drawImage(await loadImage(small?.bytes ?? ""), 0, 0)
    const [red = 0, green = 0, blue = 0] = shown.getImageData(100, 30, 1, 1).data
    for (const [got, want] of [
      [red, 200],
      [green, 40],
      [blue, 10],
    ] as const)
      expect(Math.abs(got - want)).toBeLessThan(12)
  })

  test("leaves what fits at its size, and a line one pixel high", async () => {
    const png = new Uint8Array(createCanvas(4000, 1).toBuffer("image/png"))
    const resize = canvasResizer()
    const sizes = [4000, 5000, 100].map(async (maxEdge) => {
      const made = await resize(png, { maxEdge, mimeType: "image/png" })
      return sizeOfBase64(base64Of(made?.bytes ?? new Uint8Array()))
    })
    expect(await Promise.all(sizes)).toEqual([
      { width: 4000, height: 1 },
      { width: 4000, height: 1 },
      { width: 100, height: 1 },
    ])
  })
})
