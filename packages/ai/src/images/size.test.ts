import { createCanvas, type Canvas } from "@napi-rs/canvas"
import { describe, expect, test } from "vitest"
import { base64Of, bytesOf, sizeOfBase64 } from "./base64.ts"
import { imageSize } from "./size.ts"

function drawn(width: number, height: number): Canvas {
  const canvas = createCanvas(width, height)
  const context = canvas.getContext("2d")
  context.fillStyle = "#a04020"
  context.fillRect(0, 0, width, height / 2)
  return canvas
}

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : part)))

const canvas = drawn(300, 1027)
const jpeg = new Uint8Array(canvas.toBuffer("image/jpeg"))
/** A JPEG with much before its frame, as cameras and editors write it. */
const stuffed = new Uint8Array([
  ...jpeg.subarray(0, 2),
  ...Array.from({ length: 4 }, () => [0xff, 0xe2, 0xff, 0xff, ...Array.from({ length: 0xff_fd }, () => 0xc0)]).flat(),
  0xff,
  ...jpeg.subarray(2),
])

const FILES: readonly (readonly [string, Uint8Array, number, number])[] = [
  ["PNG", new Uint8Array(canvas.toBuffer("image/png")), 300, 1027],
  ["JPEG", jpeg, 300, 1027],
  ["JPEG with long metadata", stuffed, 300, 1027],
  ["lossy WebP", new Uint8Array(canvas.toBuffer("image/webp", 50)), 300, 1027],
  // Written out by hand after the specifications; none of them is more than a header.
  ["GIF", bytes("GIF89a", [0x2c, 0x01, 0x03, 0x04]), 300, 1027],
  [
    "WebP, VP8",
    bytes("RIFF", [0, 0, 0, 0], "WEBPVP8 ", [0, 0, 0, 0, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x2c, 0x41, 0x03, 0x84]),
    300,
    1027,
  ],
  ["WebP, VP8L", bytes("RIFF", [0, 0, 0, 0], "WEBPVP8L", [0, 0, 0, 0, 0x2f, 0x2b, 0x81, 0x00, 0x11]), 300, 1027],
  [
    "WebP, VP8X",
    bytes("RIFF", [0, 0, 0, 0], "WEBPVP8X", [10, 0, 0, 0, 0, 0, 0, 0, 0x2b, 0x01, 0x01, 0x02, 0x04, 0x00]),
    65_836,
    1027,
  ],
]

describe("the size of an image", () => {
  test.each(FILES)("%s", (_name, file, width, height) => {
    expect(imageSize(file)).toEqual({ width, height })
    expect(sizeOfBase64(base64Of(file))).toEqual({ width, height })
    // Where the bytes lie in a larger buffer does not matter.
    const within = new Uint8Array(file.length + 7)
    within.set(file, 7)
    expect(imageSize(within.subarray(7))).toEqual({ width, height })
  })

  test("is unknown for what is cut short or is no image", () => {
    for (const [, file] of FILES)
      for (const end of [0, 1, 3, 8, 9]) expect(imageSize(file.subarray(0, end))).toBeUndefined()
    expect(imageSize(jpeg.subarray(0, 100))).toBeUndefined()
    expect(imageSize(bytes("<svg width='9' height='9'></svg> and more"))).toBeUndefined()
    expect(
      imageSize(bytes("RIFF", [0, 0, 0, 0], "WAVEVP8X", [10, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])),
    ).toBeUndefined()
    expect(imageSize(bytes([0xff, 0xd8, 0xff, 0xda, 0, 8, 1, 1, 1, 1, 1, 1, 1]))).toBeUndefined()
    expect(imageSize(bytes("GIF89a", [0, 0, 3, 4]))).toBeUndefined()
    expect(sizeOfBase64("no base64 at all!")).toBeUndefined()
    expect(sizeOfBase64("")).toBeUndefined()
  })
})

describe("base64", () => {
  test("and back gives the same bytes, of any length", () => {
    for (const length of [0, 1, 2, 3, 8191, 8192, 8193, 20_000]) {
      const some = Uint8Array.from({ length }, (_, i) => (i * 7) & 255)
      expect(bytesOf(base64Of(some))).toEqual(some)
      expect(base64Of(some)).toBe(Buffer.from(some).toString("base64"))
    }
    expect(bytesOf("%")).toBeUndefined()
  })
})
