import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { SluiceError } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import { decompressed } from "./decompress.ts"

const PACK = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
}
const NAMES = Object.keys(PACK) as (keyof typeof PACK)[]
const text = async (bytes: Uint8Array, name: string, limit = 1000): Promise<string> =>
  Buffer.from(await decompressed(bytes, [name], limit)).toString()

async function refusal(bytes: Uint8Array, name: string, limit?: number): Promise<SluiceError> {
  const error: unknown = await text(bytes, name, limit).catch((thrown: unknown) => thrown)
  if (SluiceError.is(error)) return error
  throw new Error(`It was read: ${String(error)}`)
}

describe("a body in several streams", () => {
  test.each(["gzip", "zstd"] as const)("of %s is the sum of them", async (name) => {
    const parts = ["one ", "", "two ", "three"].map((part) => PACK[name](part))
    expect(await text(Buffer.concat(parts), name)).toBe("one two three")
  })

  test("may have frames of zstd that are to be passed over", async () => {
    const passed = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2])
    const frame = zstdCompressSync("one")
    expect(await text(Buffer.concat([passed, frame, passed, frame]), "zstd")).toBe("oneone")
  })

  test.each(["gzip", "zstd"] as const)("of %s is measured as a whole", async (name) => {
    const two = Buffer.concat([PACK[name]("12345"), PACK[name]("67890")])
    expect(await text(two, name, 10)).toBe("1234567890")
    for (const limit of [9, 5, 4]) expect((await refusal(two, name, limit)).status).toBe(413)
  })

  test("may not be made of more than anybody needs", async () => {
    const many = Buffer.concat(Array.from({ length: 1001 }, () => zstdCompressSync("")))
    expect(await refusal(many, "zstd")).toMatchObject({ status: 400, message: expect.stringContaining("1000") })
  })
})

describe("a body", () => {
  test.each(NAMES)("in %s with other bytes behind it is refused", async (name) => {
    const packed = PACK[name]("text")
    for (const more of ["x", "garbage behind it"]) {
      const error = await refusal(Buffer.concat([packed, Buffer.from(more)]), name)
      expect(error).toMatchObject({ code: "invalid_request", status: 400, hint: expect.any(String) })
      expect(error.message).toContain(name)
    }
  })

  test.each(NAMES)("in %s that is cut short is refused", async (name) => {
    const packed = PACK[name]("text")
    for (let i = 0; i < packed.length; i++) expect((await refusal(packed.subarray(0, i), name)).status).toBe(400)
  })

  test("in deflate may come with zlib's header or without it", async () => {
    for (const plain of ["", "text", "x".repeat(900)]) {
      expect(await text(deflateSync(plain), "deflate")).toBe(plain)
      expect(await text(deflateRawSync(plain), "deflate")).toBe(plain)
    }
    expect((await refusal(deflateRawSync("x".repeat(900)), "deflate", 899)).status).toBe(413)
    expect((await refusal(Buffer.concat([deflateRawSync("a"), Buffer.of(1)]), "deflate")).status).toBe(400)
  })
})
