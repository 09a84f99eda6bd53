import { connect } from "node:net"
import type { RequestEntry } from "@sluice/gateway"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { WebSocket } from "ws"
import type { TestGateway } from "../support/gateway.ts"
import { guardProcess } from "./support/guard.ts"
import { DOORS, type Door, eventsOf, gatewayTo, PAIRS } from "./support/doors.ts"
import { answering, begin, pause, until, type HandHost } from "./support/host.ts"
import { DOOR_WIRES, type DoorWireCase } from "./support/wires.ts"

guardProcess()

/** Numbers from 0 up to 1 that are the same in every run. */
function numbers(first: number): () => number {
  let state = first
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe("clients that leave", () => {
  const hosts = {} as Record<DoorWireCase["host"], HandHost>
  let gateway: TestGateway
  beforeAll(async () => {
    for (const at of DOOR_WIRES) {
      hosts[at.host] = await answering((asked, response) => {
        const { model } = JSON.parse(asked.body) as { model: string }
        // One answers at once and never ends, one takes its time before the head, one says nothing at all.
        if (model === "silent") return
        const delayMs = model === "late" ? 80 : 0
        setTimeout(() => {
          if (response.destroyed) return
          begin(response, at.opening)
          const timer = setInterval(() => response.write(at.says("word ")), 3)
          response.on("close", () => clearInterval(timer))
        }, delayMs)
      })
    }
    gateway = await gatewayTo(
      { chat: hosts.chat.url, messages: hosts.messages.url },
      { keepAliveMs: 20, commitAfterMs: 60 },
    )
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    for (const host of Object.values(hosts)) await host[Symbol.asyncDispose]()
  })

  test("a hundred at random moments leave no running request and no open socket behind", async () => {
    const random = numbers(7)
    const errors: string[] = []
    await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const [, , door, at] = PAIRS[n % PAIRS.length] as (typeof PAIRS)[number]
        const kind = ["endless", "late", "silent"][Math.floor(random() * 3)]
        const streamed = random() < 0.8
        const controller = new AbortController()
        const leaveAfter = Math.floor(random() * 300)
        setTimeout(() => controller.abort(), leaveAfter)
        try {
          const body = door.body(`${at.host}/${kind}`, streamed ? { stream: true } : {})
          const path = door.path(`${at.host}/${kind}`, streamed)
          const response = await gateway.post(path, body, { signal: controller.signal })
          await response.text()
          errors.push(`Request ${n} was answered with ${response.status}.`)
        } catch {
          // It left.
        }
      }),
    )
    expect(errors).toEqual([])
    const left = Date.now()
    await Promise.all(Object.values(hosts).map((host) => host.sockets.assertNone(1000)))
    expect(Date.now() - left).toBeLessThan(1000)
    // Some had left before their request was looked at: it is, and its call is ended at once.
    let before = -1
    while (before !== hosts.chat.asked.length + hosts.messages.asked.length) {
      before = hosts.chat.asked.length + hosts.messages.asked.length
      await pause(100)
    }
    await Promise.all(Object.values(hosts).map((host) => host.sockets.assertNone(1000)))
    const rows = await gateway.gateway.log.latest(1000)
    expect(rows.length).toBeGreaterThan(50)
    expect(rows.filter((row) => row.status !== 499 || row.error !== "aborted")).toEqual([])
    // Whoever comes next is served as ever.
    const already = hosts.chat.asked.length
    const controller = new AbortController()
    const [door] = DOORS
    const response = await gateway.post(
      door?.path("chat/endless", true) ?? "",
      door?.body("chat/endless", { stream: true }),
      {
        signal: controller.signal,
      },
    )
    expect(response.status).toBe(200)
    expect(hosts.chat.asked).toHaveLength(already + 1)
    controller.abort()
    await hosts.chat.sockets.assertNone(1000)
  })

  test.each(PAIRS)("%s to %s: a client that reads nothing stops the host", async (_door, _host, door, at) => {
    let taken = 0
    const piece = Buffer.from(at.says("abcdefgh".repeat(64)).repeat(64))
    await using host = await answering((_asked, response) => {
      begin(response, at.opening)
      const write = (): void => {
        while (!response.destroyed && taken < 128 * 1024 * 1024) {
          taken += piece.length
          if (!response.write(piece)) return
        }
        response.end()
      }
      response.on("drain", write)
      write()
    })
    await using small = await gatewayTo({ chat: host.url, messages: host.url })
    const controller = new AbortController()
    const response = await small.post(door.path(`${at.host}/m`, true), door.body(`${at.host}/m`, { stream: true }), {
      signal: controller.signal,
    })
    const reader = response.body?.getReader()
    await reader?.read()
    let before = -1
    while (before !== taken) {
      before = taken
      await pause(150)
    }
    // What lies between: the system's buffers of three connections, and ours.
    expect(taken).toBeLessThan(48 * 1024 * 1024)
    controller.abort()
    await host.sockets.assertNone(1000)
    const [row] = await small.gateway.log.latest(1)
    expect(row).toMatchObject({ status: 499, error: "aborted" })
  })
})

describe("a client that takes nothing of its answer", () => {
  /** A host that gives more than lies between, as fast as it is taken. */
  async function flowing(): Promise<HandHost> {
    const chat = DOOR_WIRES.find(({ host }) => host === "chat") as DoorWireCase
    const piece = Buffer.from(chat.says("abcdefgh".repeat(64)).repeat(64))
    return await answering((_asked, response) => {
      begin(response, chat.opening)
      const write = (): void => {
        while (!response.destroyed) if (!response.write(piece)) return
      }
      response.on("drain", write)
      write()
    })
  }
  const quick = { keepAliveMs: 0, maxStallMs: 200 }

  test.each(DOORS)("$name: is let go in time, and its host with it", async (door) => {
    await using host = await flowing()
    await using gateway = await gatewayTo({ chat: host.url, messages: host.url }, quick)
    const { port } = new URL(gateway.url)
    const body = JSON.stringify(door.body("chat/m", { stream: true }))
    const path = door.path("chat/m", true)
    const client = connect(Number(port), "127.0.0.1")
    client.on("error", () => {})
    client.write(
      `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.key}\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    await until("the host is asked", () => host.sockets.count > 0)
    await host.sockets.assertNone(3000)
    expect(await gateway.gateway.log.latest(1)).toMatchObject([{ status: 499, error: "aborted" }])
    client.destroy()
  })

  test("on a WebSocket too", async () => {
    await using host = await flowing()
    await using gateway = await gatewayTo({ chat: host.url, messages: host.url }, quick)
    const socket = new WebSocket(`${gateway.url.replace(/^http/, "ws")}/v1/responses`, { headers: gateway.headers })
    socket.on("error", () => {})
    await new Promise((resolve) => socket.once("open", resolve))
    socket.send(JSON.stringify({ type: "response.create", model: "chat/m", input: "hi" }))
    socket.pause()
    await until("the host is asked", () => host.sockets.count > 0)
    await host.sockets.assertNone(3000)
    expect(await gateway.gateway.log.latest(1)).toMatchObject([{ status: 499, error: "aborted" }])
    socket.terminate()
  })

  test("also where there is no socket", async () => {
    await using host = await flowing()
    await using gateway = await gatewayTo({ chat: host.url, messages: host.url }, quick)
    const [door] = DOORS as [Door]
    const init = {
      method: "POST",
      headers: gateway.headers,
      body: JSON.stringify(door.body("chat/m", { stream: true })),
    }
    const response = await gateway.gateway.fetch(new Request(`http://gateway${door.path("chat/m", true)}`, init))
    await until("the host is asked", () => host.sockets.count > 0)
    await host.sockets.assertNone(3000)
    await expect(response.text()).rejects.toThrow("closed")
  })

  test("and one that is only slow is not", async () => {
    await using host = await flowing()
    await using gateway = await gatewayTo({ chat: host.url, messages: host.url }, quick)
    const [door] = DOORS as [Door]
    const controller = new AbortController()
    const body = door.body("chat/m", { stream: true })
    const response = await gateway.post(door.path("chat/m", true), body, { signal: controller.signal })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    let taken = 0
    for (let n = 0; n < 12; n++) {
      await pause(80)
      const until = taken + 8 * 1024 * 1024
      while (taken < until) taken += (await reader.read()).value?.length ?? Number.NaN
    }
    expect(taken).toBeGreaterThan(90 * 1024 * 1024)
    controller.abort()
    await host.sockets.assertNone(1000)
  })

  test.each([
    ["nothing of its whole answer does not keep its connection for ever", false],
    ["its whole answer slowly gets all of it", true],
  ])("who takes %s", async (_name, slow) => {
    const large = JSON.stringify({
      id: "c",
      choices: [{ index: 0, message: { role: "assistant", content: "x".repeat(24 << 20) }, finish_reason: "stop" }],
    })
    await using host = await answering((_asked, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end(large),
    )
    await using gateway = await gatewayTo({ chat: host.url, messages: host.url }, quick)
    const { port } = new URL(gateway.url)
    const [door] = DOORS as [Door]
    const body = JSON.stringify(door.body("chat/m"))
    const path = door.path("chat/m")
    const client = connect(Number(port), "127.0.0.1")
    client.on("error", () => {})
    client.write(
      `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.key}\r\nconnection: close\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    let size = 0
    let tail = ""
    const closed = new Promise((resolve) => client.once("close", resolve))
    client.pause().on("data", (part) => {
      size += part.length
      tail = String(part.subarray(-5))
      client.pause()
    })
    await until("the answer is there", () => host.asked.length > 0)
    if (slow) {
      while (size < large.length && !client.destroyed) {
        await pause(3)
        client.resume()
      }
      expect(tail).toBe(large.slice(-5))
      client.destroy()
      return
    }
    // The time begins once the whole answer lies there, which takes a busy machine a while.
    while ((await gateway.gateway.log.latest(1)).length === 0) await pause(20)
    await pause(700)
    client.removeAllListeners("data").on("data", (part) => (size += part.length))
    client.resume()
    await closed
    expect(size).toBeLessThan(large.length)
  })
})

describe.each(PAIRS)("%s to %s", (_door, _host, door, at) => {
  test("a host that fails in its own ways is told in the client's shape", async () => {
    let answer: (response: Parameters<Parameters<typeof answering>[0]>[1]) => void = () => {}
    await using host = await answering((_asked, response) => answer(response))
    await using gateway = await gatewayTo(
      { chat: host.url, messages: host.url },
      { retry: { maxAttempts: 1 }, timeouts: { firstEventMs: 400, idleMs: 150 } },
    )
    const ask = (stream: boolean): Promise<Response> =>
      gateway.post(door.path(`${at.host}/m`, stream), door.body(`${at.host}/m`, stream ? { stream } : {}))
    const lastRow = async (): Promise<RequestEntry | undefined> => (await gateway.gateway.log.latest(1))[0]
    for (const { status, body, code } of at.refusals) {
      for (const stream of [true, false]) {
        answer = (response) =>
          response.writeHead(status, { "content-type": "application/json", "retry-after": "7" }).end(body)
        const response = await ask(stream)
        expect(response.status).toBe(status)
        expect(door.messageOf(await response.json())).toMatch(/./)
        if (code === "rate_limited") expect(response.headers.get("retry-after")).toBe("7")
        expect(await lastRow()).toMatchObject({ status, error: code })
      }
    }
    const garbage = `${at.opening}${at.says("one")}data: {oops\n\n`
    const cases: (readonly [string, () => void, RegExp, boolean])[] = [
      // Bytes that pass are not judged: where nothing is translated the client reads what the host wrote.
      ...(door.host === at.host
        ? []
        : ([
            ["garbage", () => (answer = (r) => (begin(r, garbage), r.end(at.ending))), /stream_malformed/, true],
          ] as const)),
      ["silence", () => (answer = (r) => begin(r, at.opening + at.says("one"))), /timeout/, true],
      [
        "an error",
        () =>
          (answer = (r) => (
            begin(r, at.opening + at.says("one") + at.errorEvent("overloaded_error", "busy")),
            r.end()
          )),
        /overloaded/,
        true,
      ],
      ["silence from the start", () => (answer = () => {}), /timeout/, false],
      [
        "an error from the start",
        () => (answer = (r) => (begin(r, at.opening + at.errorEvent("overloaded_error", "busy")), r.end())),
        /overloaded/,
        false,
      ],
      ["no bytes", () => (answer = (r) => (begin(r), r.end())), /stream_incomplete/, false],
    ]
    for (const [name, set, code, begun] of cases) {
      set()
      const response = await ask(true)
      const text = await response.text()
      if (begun) {
        expect(response.status, name).toBe(200)
        const events = eventsOf(door, text)
        expect(events.map(door.textOf).join(""), name).toBe("one")
        expect(events.some(door.isFinal), name).toBe(false)
        expect(door.isError(events.at(-1) as (typeof events)[number]), name).toBe(true)
      } else {
        expect(response.status, name).toBeGreaterThanOrEqual(500)
        expect(door.messageOf(JSON.parse(text)), name).toMatch(/./)
      }
      expect((await lastRow())?.error, name).toMatch(code)
    }
    await until("the host's sockets are closed", () => host.sockets.count <= 1, 2000)
  })
})
