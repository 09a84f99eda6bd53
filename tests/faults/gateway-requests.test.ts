import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { connect } from "node:net"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { TestGateway } from "../support/gateway.ts"
import { guardProcess } from "./support/guard.ts"
import { gatewayTo, PAIRS, type Door } from "./support/doors.ts"
import { answering, begin, inParallel, type HandHost } from "./support/host.ts"
import { DOOR_WIRES, type DoorWireCase } from "./support/wires.ts"

guardProcess()

/** What a client got back. */
interface Answered {
  status: number
  headers: Headers
  text: string
}

const hosts = {} as Record<DoorWireCase["host"], HandHost>
let gateway: TestGateway
let small: TestGateway

beforeAll(async () => {
  for (const at of DOOR_WIRES) {
    hosts[at.host] = await answering((asked, response) => {
      if ((JSON.parse(asked.body) as { stream?: unknown }).stream !== true) {
        const document =
          at.host === "chat"
            ? {
                id: "c",
                choices: [{ index: 0, message: { role: "assistant", content: "fine" }, finish_reason: "stop" }],
              }
            : {
                id: "m",
                type: "message",
                role: "assistant",
                content: [{ type: "text", text: "fine" }],
                stop_reason: "end_turn",
                usage: {},
              }
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document))
        return
      }
      begin(response, at.opening + at.says("fine") + at.ending)
      response.end()
    })
  }
  const urls = { chat: hosts.chat.url, messages: hosts.messages.url }
  gateway = await gatewayTo(urls)
  small = await gatewayTo(urls, { maxBodyBytes: 1024 * 1024 })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await small[Symbol.asyncDispose]()
  for (const host of Object.values(hosts)) await host[Symbol.asyncDispose]()
})

async function send(
  at: TestGateway,
  door: Door,
  model: string,
  body: string | Uint8Array | ReadableStream<Uint8Array>,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const init = { method: "POST", headers: { ...at.headers, ...headers }, body, duplex: "half" }
  const response = await fetch(at.url + door.path(model), init as RequestInit)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** A refusal in the client's own shape that says something, and nothing about our insides. */
function expectRefusal(door: Door, got: Answered, name = ""): string {
  expect(got.status, `${name}: ${got.text.slice(0, 300)}`).toBeGreaterThanOrEqual(400)
  expect(got.status, `${name}: ${got.text.slice(0, 300)}`).toBeLessThan(500)
  const message = door.messageOf(JSON.parse(got.text))
  expect(message, name).toMatch(/\w{3}/)
  expect(message, name).not.toMatch(/\bat .*:\d+:\d+|undefined|\[object|Cannot read|is not a function|call stack/)
  return message as string
}

const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth)
const bytesOf = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))))

describe.each(PAIRS)("%s to %s", (_door, _host, door, at) => {
  const model = `${at.host}/m`
  const plain = JSON.stringify(door.body(model))
  /** The plain body with text in front of its first field. */
  const withField = (field: string): string => `{${field},${plain.slice(1)}`

  test("what is no JSON object is refused with the reason", async () => {
    const cases: [string, string | Uint8Array, RegExp][] = [
      ["nothing", "", /no body/],
      ["half an object", plain.slice(0, -5), /JSON/],
      ["text", "hello", /JSON/],
      ["a list", `[${plain}]`, /object/],
      ["a string", '"x"', /object/],
      ["a number", "7", /object/],
      ["null", "null", /object/],
      ["two objects", plain + plain, /JSON/],
      ["single quotes", plain.replaceAll('"', "'"), /JSON/],
      ["a comma at the end", `${plain.slice(0, -1)},}`, /JSON/],
      ["NaN", withField('"temperature":NaN'), /JSON/],
      ["a half character", bytesOf('{"user":"', [0xc3], `",${plain.slice(1)}`), /UTF-8|JSON/],
      ["bytes that are no text", Uint8Array.of(0xff, 0xfe, 0, 1, 2, 3), /UTF-8|JSON/],
      ["UTF-16", Buffer.from(plain, "utf16le"), /UTF-8|JSON/],
      ["an unescaped line break in a string", withField('"user":"a\nb"'), /JSON/],
    ]
    for (const [name, body, text] of cases) {
      const message = expectRefusal(door, await send(gateway, door, model, body), name)
      expect(message, name).toMatch(text)
    }
  })

  test("deep nesting is refused or passed on, wherever it is", async () => {
    const places: [string, (value: string) => string][] = [
      ["a field that nobody knows", (value) => withField(`"x":${value}`)],
      ["messages", (value) => `{"model":"${model}","max_tokens":9,"messages":${value}}`],
      ["content", (value) => `{"model":"${model}","max_tokens":9,"messages":[{"role":"user","content":${value}}]}`],
      ["metadata", (value) => withField(`"metadata":${value}`)],
      ["a schema", (value) => withField(`"tools":[${door.tool(value)}]`)],
    ]
    for (const [name, put] of places) {
      for (const value of [
        deep(200_000),
        `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
        `${'{"properties":{"a":'.repeat(3000)}{}${"}}".repeat(3000)}`,
      ]) {
        const got = await send(gateway, door, model, put(value))
        expect(expectRefusal(door, got, name)).toContain("1000 levels")
      }
      // What is within the limit is judged by its content, and must not run out of stack on the way.
      for (const value of [deep(900), `${'{"properties":{"a":'.repeat(450)}{}${"}}".repeat(450)}`]) {
        const got = await send(gateway, door, model, put(value))
        if (got.status !== 200) expectRefusal(door, got, name)
      }
    }
  })

  test("a field of a wrong type is refused or means nothing; never a failure of ours", async () => {
    const full: Record<string, unknown> = {
      ...door.body(model),
      stream: false,
      temperature: 1,
      top_p: 1,
      user: "u",
      ...door.full,
    }
    const wrong: unknown[] = [
      null,
      7,
      -1.5,
      1e308,
      "x",
      "",
      true,
      [],
      {},
      [[]],
      [null],
      [7],
      { type: "x" },
      { type: null },
      "\ud800",
      { __proto__: null, constructor: 1 },
    ]
    /** All places in the body, by path. */
    const places: (readonly (string | number)[])[] = []
    const walk = (value: unknown, path: readonly (string | number)[]): void => {
      if (path.length > 0) places.push(path)
      if (Array.isArray(value)) value.forEach((one, n) => walk(one, [...path, n]))
      else if (typeof value === "object" && value !== null)
        for (const [name, one] of Object.entries(value)) walk(one, [...path, name])
    }
    walk(full, [])
    const bodies = places
      .filter((path) => path[0] !== "model")
      .flatMap((path) =>
        wrong.map((value) => {
          const body = structuredClone(full)
          let holder = body as Record<string | number, unknown>
          for (const name of path.slice(0, -1)) holder = holder[name] as Record<string | number, unknown>
          holder[path.at(-1) as string] = value
          return { name: `${path.join(".")} = ${JSON.stringify(value)}`, body: JSON.stringify(body) }
        }),
      )
    let refused = 0
    const failures: string[] = []
    await inParallel(bodies, 8, async ({ name, body }) => {
      const got = await send(gateway, door, model, body)
      if (got.status === 200) return
      refused++
      try {
        expectRefusal(door, got, name)
      } catch (error) {
        failures.push(`${name}: ${got.status} ${got.text.slice(0, 200)} (${String(error).slice(0, 100)})`)
      }
    })
    expect(failures).toEqual([])
    expect(refused).toBeGreaterThan(50)
  })

  test("of a name that stands twice the last one counts, for the gateway and for the host", async () => {
    const before = hosts[at.host].asked.length
    const got = await send(
      gateway,
      door,
      model,
      `{"model":"nobody/x","messages":7,${plain.slice(1, -1)},"model":"${at.host}/last"}`,
    )
    expect(got.status).toBe(200)
    const asked = hosts[at.host].asked.slice(before)
    expect(asked).toHaveLength(1)
    expect(JSON.parse(asked[0]?.body ?? "")).toMatchObject({
      model: door.modelInPath ? "m" : "last",
      messages: [{ role: "user" }],
    })
    expect(asked[0]?.body).not.toContain("nobody")
  })

  test("names that mean something to the language mean nothing here", async () => {
    const got = await send(
      gateway,
      door,
      model,
      withField('"__proto__":{"stream":true,"polluted":1},"constructor":{"prototype":{"polluted":1}}'),
    )
    expect([200, 400]).toContain(got.status)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test("ten megabytes are served where they may be, and refused with the limit where not", async () => {
    const large = JSON.stringify(
      door.body(model, { messages: [{ role: "user", content: "x".repeat(10 * 1024 * 1024) }] }),
    )
    expect((await send(gateway, door, model, large)).status).toBe(200)
    const got = await send(small, door, model, large)
    expect(got.status).toBe(413)
    expect(expectRefusal(door, got)).toContain("1048576")
    const chunked = await send(small, door, model, new Blob([large]).stream())
    expect(chunked.status).toBe(413)
    expectRefusal(door, chunked)
    expect((await send(small, door, model, plain)).status).toBe(200)
  })

  test("a body in chunks is a body; odd and missing content types do no harm", async () => {
    expect((await send(gateway, door, model, new Blob([plain]).stream())).status).toBe(200)
    for (const type of [
      "text/plain",
      "application/json; charset=utf-8",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      ";;;",
      "",
    ]) {
      const got = await send(gateway, door, model, plain, { "content-type": type })
      if (got.status !== 200) expectRefusal(door, got, type)
    }
  })

  test("a compressed body is read, in one encoding or in several", async () => {
    const bytes = Buffer.from(plain)
    const bodies: [string, Uint8Array][] = [
      ["gzip", gzipSync(bytes)],
      ["GZIP", gzipSync(bytes)],
      ["deflate", deflateSync(bytes)],
      ["br", brotliCompressSync(bytes)],
      ["zstd", zstdCompressSync(bytes)],
      ["br, gzip", gzipSync(brotliCompressSync(bytes))],
      ["identity", bytes],
    ]
    for (const [encoding, body] of bodies) {
      const got = await send(gateway, door, model, body, { "content-encoding": encoding })
      expect(got.status, encoding).toBe(200)
    }
  })

  test("an encoding that is not read, or too many of them, is refused by name", async () => {
    for (const encoding of ["rot13", "br, compress"]) {
      const got = await send(gateway, door, model, plain, { "content-encoding": encoding })
      expect(got.status).toBe(415)
      expect(expectRefusal(door, got, encoding)).toContain(encoding.split(", ").at(-1))
    }
    expect((await send(gateway, door, model, plain, { "content-encoding": "gzip, gzip, gzip, gzip" })).status).toBe(415)
  })

  test("a compressed body that is broken, cut, or not in its encoding is bad input", async () => {
    const whole = gzipSync(plain)
    for (const body of [Buffer.from(plain), whole.subarray(0, -5), Buffer.from([])]) {
      const got = await send(gateway, door, model, body, { "content-encoding": "gzip" })
      expect(got.status).toBe(400)
      expectRefusal(door, got, "gzip")
    }
  })

  test("a small body that unpacks to a large one is refused before it is unpacked whole", async () => {
    const bomb = Buffer.alloc(64 * 1024 * 1024, 0x20)
    for (const [encoding, body] of [
      ["gzip", gzipSync(bomb)],
      ["br", brotliCompressSync(bomb, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
      ["zstd", zstdCompressSync(bomb)],
    ] as const) {
      expect(body.length).toBeLessThan(1024 * 1024)
      const got = await send(small, door, model, body, { "content-encoding": encoding })
      expect(got.status, encoding).toBe(413)
    }
  })

  test("clients that say too little or leave in the middle of their request hold nothing up", async () => {
    const { port } = new URL(gateway.url)
    const open = Array.from({ length: 20 }, (_, n) => {
      const socket = connect(Number(port), "127.0.0.1")
      socket.on("error", () => {})
      const head = `POST ${door.path(model)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.key}\r\ncontent-length: 1000\r\n\r\n`
      socket.write(n % 3 === 0 ? head.slice(0, 20) : n % 3 === 1 ? head : `${head}{"model":`)
      return socket
    })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect((await send(gateway, door, model, plain)).status).toBe(200)
    for (const socket of open) socket.destroy()
    expect((await send(gateway, door, model, plain)).status).toBe(200)
  })

  test("bytes that are no HTTP are answered with 400 and do no harm", async () => {
    const { port } = new URL(gateway.url)
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1")
      let seen = ""
      socket.on("data", (part) => (seen += String(part)))
      socket.on("error", () => {})
      socket.on("close", () => resolve(seen))
      socket.write("\u0016\u0003\u0001 hello\r\n\r\n")
    })
    expect(text).toMatch(/^HTTP\/1\.1 400|^$/)
    expect((await send(gateway, door, model, plain)).status).toBe(200)
  })

  test("a model that there is not", async () => {
    for (const name of [
      "nobody/m",
      "m",
      "/",
      "",
      " ",
      "chat",
      "../../etc/passwd",
      // As much as a path may hold.
      "x".repeat(door.modelInPath ? 10_000 : 100_000),
      "chat\u0000/m",
      "__proto__",
      "constructor/x",
    ]) {
      const got = await send(gateway, door, name, JSON.stringify(door.body(name)))
      const message = expectRefusal(door, got, JSON.stringify(name.slice(0, 20)))
      expect(message.length).toBeLessThan(5000)
    }
  })
})
