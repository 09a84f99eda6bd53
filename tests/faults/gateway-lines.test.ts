import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { latest, startGateway, type TestGateway } from "../support/gateway.ts"
import { guardProcess } from "./support/guard.ts"
import { DOORS, eventsOf, type Door } from "./support/doors.ts"
import { inParallel, plannedHost, type PlannedHost } from "./support/host.ts"
import { ALL_WIRES, streamOf, TEXT, toldAt, type WireCase } from "./support/wires.ts"

guardProcess()

const door = DOORS.find(({ api }) => api === "ollama-chat") as Door
const at = ALL_WIRES.find(({ name }) => name === "ollama-chat") as WireCase

describe("lines that pass as they are, broken off behind the gateway", () => {
  let host: PlannedHost
  let gateway: TestGateway
  beforeAll(async () => {
    host = await plannedHost(at.pieces, ({ json }) => (json as { model: string }).model)
    gateway = await startGateway({ ollama: { api: "ollama-chat", url: host.url } }, { retry: { maxAttempts: 1 } })
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await host[Symbol.asyncDispose]()
  })

  const { bytes, ends } = streamOf(at.pieces)
  const places = new Set<number>()
  for (let n = 0; n <= bytes.length; n += 7) places.add(n)
  for (const border of ends) for (const n of [border - 2, border - 1, border]) places.add(n)

  test.each(["fin", "reset", "end"] as const)("by %s: no success that was none, the error last", async (manner) => {
    await inParallel([...places], 8, async (n) => {
      const model = `${manner}-${n}`
      const fault =
        manner === "end"
          ? { kind: "end" as const, at: n }
          : { kind: "cut" as const, at: n, how: manner === "fin" ? ("end" as const) : ("reset" as const) }
      host.plan(model, [{ chunking: "whole", fault }])
      const response = await gateway.post(
        door.path(`ollama/${model}`, true),
        door.body(`ollama/${model}`, { stream: true }),
      )
      const text = await response.text()
      const told = toldAt(at, n, manner === "end")
      try {
        expect(host.count(model)).toBe(1)
        if (response.status !== 200) {
          expect(response.status).toBe(502)
          expect(door.messageOf(JSON.parse(text))).toMatch(/./)
          return
        }
        const events = eventsOf(door, text)
        const said = events.map(door.textOf).join("")
        expect(told.text.startsWith(said)).toBe(true)
        if (manner === "fin") expect(said).toBe(told.text)
        const last = events.at(-1) as (typeof events)[number]
        expect(door.isFinal(last) || door.isError(last)).toBe(true)
        expect(events.filter((event) => door.isFinal(event) || door.isError(event))).toHaveLength(1)
        if (door.isFinal(last)) expect(told.whole).toBe(true)
      } catch (cause) {
        throw new Error(`Cut at byte ${n} of ${bytes.length}: ${String(cause)}\n${text.slice(-600)}`, { cause })
      }
    })
    await host.server.sockets.assertNone()
  })

  test("whole: the host's own bytes, counted", async () => {
    const response = await gateway.post(door.path("ollama/whole", true), door.body("ollama/whole", { stream: true }))
    expect(response.headers.get("content-type")).toBe("application/x-ndjson")
    // A blank line says nothing, and passes or not.
    const text = (await response.text()).replace("\n\n", "\n")
    expect(text).toBe(new TextDecoder().decode(bytes).replace("\n\n", "\n"))
    const events = eventsOf(door, text)
    expect(events.map(door.textOf).join("")).toBe(TEXT)
    expect(await latest(gateway, 1)).toMatchObject([
      { status: 200, relayed: true, error: undefined, inputTokens: 7, outputTokens: 9 },
    ])
  })
})
