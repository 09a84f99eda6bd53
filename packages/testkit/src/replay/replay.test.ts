import * as fc from "fast-check"
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { bodyOf, loadFixture, rechunk, replayServer, type Recording, type ReplayPlan } from "./index.ts"

const CORPUS = join(process.env["SLUICE_CORPUS"] ?? join(import.meta.dirname, "../../../../../shared"), "fixtures")

function recording(text: string, more: Partial<Recording> = {}): Recording {
  return {
    name: "test",
    status: 200,
    headers: { "content-type": "text/event-stream" },
    chunks: [{ data: Buffer.from(text) }],
    end: "end",
    ...more,
  }
}

/** What the raw socket gives for one GET: the response as it stands on the wire. */
function raw(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    })
    let text = ""
    socket.on("data", (data) => (text += data.toString("latin1")))
    socket.on("error", () => {})
    socket.on("close", () => resolve(text))
  })
}

describe("loadFixture", () => {
  let folder = ""
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-replay-"))
    await writeFile(join(folder, "a.sse"), "data: 1\n\n")
    await writeFile(
      join(folder, "a.meta.json"),
      JSON.stringify({
        id: "a",
        http_status: 429,
        method: "POST",
        url: "https://host.example/v1/x?y=1",
        request_file: "a.request.json",
        response_headers: { "Retry-After": "3", "transfer-encoding": "chunked", "content-encoding": "gzip" },
      }),
    )
    await writeFile(join(folder, "a.request.json"), '{"model":"m"}')
    await writeFile(join(folder, "b.json"), '{"object":"whole"}')
    await writeFile(
      join(folder, "c.json"),
      JSON.stringify({
        name: "c",
        request: { method: "GET", path: "/v1/models" },
        response: {
          status: 200,
          headers: { connection: "close" },
          end: "client-abort",
          chunks: [
            { t: 5, data: "é" },
            { t: 9, base64: "AAE=" },
          ],
        },
      }),
    )
  })
  afterAll(() => rm(folder, { recursive: true }))

  test("a body with what is told about it", async () => {
    const loaded = await loadFixture(join(folder, "a.sse"))
    expect(loaded).toMatchObject({
      name: "a",
      status: 429,
      headers: { "retry-after": "3", "content-type": "text/event-stream; charset=utf-8" },
      end: "end",
      request: { method: "POST", path: "/v1/x?y=1", body: { model: "m" } },
    })
    expect(Object.keys(loaded.headers)).toHaveLength(2)
    expect(bodyOf(loaded).toString()).toBe("data: 1\n\n")
    expect((await loadFixture(join(folder, "a"))).name).toBe("a")
  })

  test("a document that is no exchange is a body", async () => {
    const loaded = await loadFixture(join(folder, "b"))
    expect(loaded.headers["content-type"]).toBe("application/json")
    expect(bodyOf(loaded).toString()).toBe('{"object":"whole"}')
  })

  test("an exchange keeps its chunks, their times and how it ended", async () => {
    const loaded = await loadFixture(join(folder, "c"))
    expect(loaded).toMatchObject({ name: "c", end: "cut", headers: {}, request: { method: "GET", path: "/v1/models" } })
    expect(loaded.chunks.map((chunk) => [[...chunk.data], chunk.atMs])).toEqual([
      [[0xc3, 0xa9], 5],
      [[0, 1], 9],
    ])
  })

  test("a path with nothing there is named", async () => {
    await expect(loadFixture(join(folder, "none"))).rejects.toThrow("none")
  })

  test.skipIf(!existsSync(CORPUS))(`recordings are served as they are (needs ${CORPUS})`, async () => {
    const loaded = await loadFixture(join(CORPUS, "llama-server", "chat-text"))
    expect(loaded.chunks.length).toBeGreaterThan(3)
    await using server = await replayServer(loaded)
    const response = await fetch(server.url, { method: "POST", body: "{}" })
    expect(response.headers.get("content-type")).toBe(loaded.headers["content-type"])
    expect(Buffer.from(await response.arrayBuffer()).equals(bodyOf(loaded))).toBe(true)
  })
})

test("rechunk keeps every byte, whatever the cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 }),
      fc.oneof(
        fc.constantFrom("whole" as const, "bytes" as const, "recorded" as const),
        fc.record({ every: fc.integer({ min: -1, max: 9 }) }),
        fc.record({ at: fc.array(fc.integer({ min: -3, max: 130 })) }),
      ),
      (parts, chunking) => {
        const cut = rechunk(
          parts.map((data) => ({ data })),
          chunking,
        )
        expect(Buffer.concat(cut.map((chunk) => chunk.data)).equals(Buffer.concat(parts))).toBe(true)
        if (chunking === "bytes") expect(cut.every((chunk) => chunk.data.length === 1)).toBe(true)
      },
    ),
  )
})

describe("replayServer", () => {
  const TEXT = "data: é\n\ndata: [DONE]\n\n"
  const SIZE = Buffer.byteLength(TEXT)

  async function get(plan: ReplayPlan): Promise<{ body: string; failed: boolean }> {
    await using server = await replayServer(recording(TEXT), plan)
    const response = await fetch(server.url)
    let body = Buffer.alloc(0)
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) body = Buffer.concat([body, chunk])
      return { body: body.toString(), failed: false }
    } catch {
      return { body: body.toString("latin1"), failed: true }
    } finally {
      await server.close()
      await server.sockets.assertNone()
    }
  }

  test.each([
    { chunking: "whole" },
    { chunking: "bytes" },
    { chunking: { every: 3 }, delayMs: 1 },
    { chunking: { at: [7, 8] }, transfer: "length" },
    { transfer: "close" },
    { fault: { kind: "stall", at: 5, ms: 5 } },
  ] as ReplayPlan[])("the body is whole with %j", async (plan) => {
    expect(await get(plan)).toEqual({ body: TEXT, failed: false })
  })

  test("each piece is an HTTP chunk of its own", async () => {
    await using server = await replayServer(recording("abcdef"), { chunking: { at: [1, 4] } })
    expect((await raw(server.url)).split("\r\n\r\n").slice(1).join("\r\n\r\n")).toBe(
      "1\r\na\r\n3\r\nbcd\r\n2\r\nef\r\n0\r\n\r\n",
    )
  })

  test("a cut at every byte breaks the body off right there", async () => {
    for (let at = 0; at <= SIZE; at++) {
      for (const how of ["end", "reset"] as const) {
        const { body, failed } = await get({ fault: { kind: "cut", at, how } })
        expect(failed).toBe(true)
        if (how === "end") expect(body.length).toBe(at)
      }
    }
  })

  test("an early end looks like a whole body", async () => {
    for (const transfer of ["chunked", "length"] as const) {
      expect(await get({ transfer, fault: { kind: "end", at: 9 } })).toEqual({ body: "data: é\n", failed: false })
    }
  })

  test("a recording that was broken off is broken off again", async () => {
    await using server = await replayServer(recording("abc", { end: "cut" }))
    const response = await fetch(server.url)
    await expect(response.text()).rejects.toThrow()
  })

  test("requests are kept, with the moment the client left", async () => {
    await using server = await replayServer(recording("abc"), {
      plan: (request) => (request.index === 0 ? { fault: { kind: "stall", at: 1 } } : undefined),
    })
    const control = new AbortController()
    const response = await fetch(`${server.url}/v1/x?y=1`, {
      method: "POST",
      body: '{"a":1}',
      headers: { "X-One": "1" },
      signal: control.signal,
    })
    control.abort()
    await expect(response.text()).rejects.toThrow()
    await server.sockets.assertNone()
    expect(server.requests[0]).toMatchObject({
      method: "POST",
      path: "/v1/x?y=1",
      json: { a: 1 },
      headers: { "x-one": "1" },
      answered: false,
      abortedAtMs: expect.any(Number),
      closedAtMs: expect.any(Number),
    })
    expect(await (await fetch(server.url)).text()).toBe("abc")
    expect(server.requests[1]?.answered).toBe(true)
  })

  test("several recordings come in turns, and the last one stays", async () => {
    await using server = await replayServer([recording("1"), recording("2")])
    const texts: string[] = []
    for (let n = 0; n < 3; n++) texts.push(await (await fetch(server.url)).text())
    expect(texts).toEqual(["1", "2", "2"])
  })

  test("closing ends what is under way", async () => {
    const server = await replayServer(recording("abc"), { fault: { kind: "stall", at: 1 } })
    const response = await fetch(server.url)
    const text = response.text().catch(() => "broken")
    await server.close()
    expect(await text).toBe("broken")
    expect(server.sockets.count).toBe(0)
  })
})
