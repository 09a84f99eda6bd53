import { crc32 } from "node:zlib"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { AwsEventStreamFramer } from "./aws-eventstream.ts"

/** A message, put together apart from the reader: Node's own checksum, text headers only unless given as bytes. */
function message(headers: Record<string, string>, payload: string, extra: readonly number[] = []): Buffer {
  const parts = Object.entries(headers).map(([name, value]) => {
    const size = Buffer.alloc(2)
    size.writeUInt16BE(Buffer.byteLength(value))
    return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), size, Buffer.from(value)])
  })
  const head = Buffer.concat([...parts, Buffer.from(extra)])
  const prelude = Buffer.alloc(8)
  prelude.writeUInt32BE(16 + head.length + Buffer.byteLength(payload))
  prelude.writeUInt32BE(head.length, 4)
  const sum = (bytes: Buffer): Buffer => {
    const out = Buffer.alloc(4)
    out.writeUInt32BE(crc32(bytes))
    return out
  }
  const body = Buffer.concat([prelude, sum(prelude), head, Buffer.from(payload)])
  return Buffer.concat([body, sum(body)])
}

const one = message({ ":message-type": "event", ":event-type": "chunk" }, '{"a":"\u00e9"}')
const two = message({ ":exception-type": "throttlingException" }, "")

describe("AwsEventStreamFramer", () => {
  test("gives the same frames wherever the bytes are cut", () => {
    const bytes = new Uint8Array(Buffer.concat([one, two]))
    const whole = new AwsEventStreamFramer().push(bytes)
    expect(whole).toEqual([
      { event: "chunk", data: '{"a":"\u00e9"}', meta: { ":message-type": "event", ":event-type": "chunk" } },
      { event: "throttlingException", data: "", meta: { ":exception-type": "throttlingException" } },
    ])
    for (let at = 0; at <= bytes.length; at++) {
      const framer = new AwsEventStreamFramer()
      expect([...framer.push(bytes.subarray(0, at)), ...framer.push(bytes.subarray(at)), ...framer.end()]).toEqual(
        whole,
      )
    }
  })

  test("gives the same frames byte by byte, as soon as each is whole", () => {
    const framer = new AwsEventStreamFramer()
    const places: number[] = []
    Buffer.concat([one, two, one]).forEach((byte, at) => {
      if (framer.push(Uint8Array.of(byte)).length > 0) places.push(at + 1)
    })
    expect(places).toEqual([one.length, one.length + two.length, 2 * one.length + two.length])
    expect(framer.end()).toEqual([])
  })

  test("copies a large message that comes in small pieces a few times only", () => {
    const bytes = new Uint8Array(message({ ":event-type": "chunk" }, "x".repeat(1024 * 1024)))
    const framer = new AwsEventStreamFramer()
    const copied = vi.spyOn(Uint8Array.prototype, "set")
    onTestFinished(() => copied.mockRestore())
    const frames = []
    for (let at = 0; at < bytes.length; at += 1000) frames.push(...framer.push(bytes.subarray(at, at + 1000)))
    expect(frames).toHaveLength(1)
    const total = copied.mock.calls.reduce((sum, [source]) => sum + source.length, 0)
    expect(total).toBeLessThan(4 * bytes.length)
  })

  test("what is given in pieces may be used again behind the reader's back", () => {
    const framer = new AwsEventStreamFramer()
    const piece = new Uint8Array(one.subarray(0, 30))
    framer.push(piece)
    piece.fill(0)
    expect(framer.push(new Uint8Array(one.subarray(30)))).toMatchObject([{ event: "chunk" }])
  })

  test("reads headers of every type", () => {
    const extra = [
      1, 97, 0, 1, 98, 2, 0xff, 1, 99, 4, 0, 0, 1, 0, 1, 100, 8, 0, 0, 0, 0, 0, 0, 0, 9, 1, 101, 6, 0, 1, 0xab,
    ]
    const [frame] = new AwsEventStreamFramer().push(new Uint8Array(message({}, "x", extra)))
    expect(frame).toEqual({ data: "x", meta: { a: "true", b: "-1", c: "256", d: "9", e: "ab" } })
  })

  test("a changed byte anywhere is noticed", () => {
    for (let at = 0; at < one.length; at++) {
      const broken = new Uint8Array(one)
      broken[at] = (broken[at] as number) ^ 1
      const framer = new AwsEventStreamFramer()
      expect(() => [...framer.push(broken), ...framer.end()]).toThrow(/stream|message/)
    }
  })

  test("an end inside a message, and a message that is too large, are errors", () => {
    const framer = new AwsEventStreamFramer()
    framer.push(new Uint8Array(one.subarray(0, 20)))
    expect(() => framer.end()).toThrow(expect.objectContaining({ code: "stream_incomplete" }))
    expect(() => new AwsEventStreamFramer({ maxFrameBytes: 10 }).push(new Uint8Array(one))).toThrow(
      expect.objectContaining({ code: "stream_malformed" }),
    )
  })
})

test("what is whole before a fault is given out, however the bytes are cut", () => {
  const good = message({ ":event-type": "a" }, "{}")
  const bad = Buffer.from(message({ ":event-type": "b" }, "{}"))
  bad[bad.length - 1] = (bad[bad.length - 1] as number) ^ 1
  const framer = new AwsEventStreamFramer()
  expect(framer.push(Buffer.concat([good, bad]))).toMatchObject([{ event: "a" }])
  expect(() => framer.end()).toThrow(expect.objectContaining({ code: "stream_malformed" }))
})
