import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { RequestEntry } from "@sluice/gateway"
import { latest, type TestGateway } from "../support/gateway.ts"
import { guardProcess } from "./support/guard.ts"
import { eventsOf, gatewayTo, PAIRS } from "./support/doors.ts"
import { inParallel, plannedHost, type PlannedHost } from "./support/host.ts"
import { streamOf, TEXT, toldAt, DOOR_WIRES, type DoorWireCase } from "./support/wires.ts"

guardProcess()

const modelIn = ({ json }: { json: unknown }): string => (json as { model: string }).model

describe("streams that are broken off behind the gateway", () => {
  const hosts = {} as Record<DoorWireCase["host"], PlannedHost>
  let gateway: TestGateway
  beforeAll(async () => {
    for (const at of DOOR_WIRES) hosts[at.host] = await plannedHost(at.pieces, modelIn)
    gateway = await gatewayTo({ chat: hosts.chat.url, messages: hosts.messages.url }, { retry: { maxAttempts: 1 } })
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    for (const host of Object.values(hosts)) await host[Symbol.asyncDispose]()
  })

  async function rowOf(id: string | null): Promise<RequestEntry | undefined> {
    const rows = await latest(gateway, 2000)
    return rows.find((row) => row.id === id)
  }

  describe.each(PAIRS)("%s to %s", (_door, _host, door, at) => {
    const relayed = door.host === at.host
    const { bytes, ends } = streamOf(at.pieces)
    const places = new Set<number>()
    for (let n = 0; n <= bytes.length; n += 7) places.add(n)
    for (const border of ends) for (const n of [border - 2, border - 1, border]) places.add(n)

    test.each(["fin", "reset", "end"] as const)(
      "by %s: no success that was none, the error last, the log right",
      async (manner) => {
        const seen: { n: number; id: string | null; status: number; final: boolean }[] = []
        await inParallel([...places], 8, async (n) => {
          const model = `${door.host}-${manner}-${n}`
          const fault =
            manner === "end"
              ? { kind: "end" as const, at: n }
              : { kind: "cut" as const, at: n, how: manner === "fin" ? ("end" as const) : ("reset" as const) }
          hosts[at.host].plan(model, [{ chunking: "whole", fault }])
          const response = await gateway.post(
            door.path(`${at.host}/${model}`, true),
            door.body(`${at.host}/${model}`, { stream: true }),
          )
          const text = await response.text()
          const proper = manner === "end"
          const told = toldAt(at, n, proper)
          try {
            seen.push({ n, id: response.headers.get("x-request-id"), status: response.status, final: false })
            const entry = seen.at(-1) as (typeof seen)[number]
            expect(hosts[at.host].count(model)).toBe(1)
            if (response.status !== 200) {
              expect(response.status).toBe(502)
              expect(door.messageOf(JSON.parse(text))).toMatch(/./)
              expect(toldAt(at, n, false).content && manner !== "reset").toBe(false)
              return
            }
            const events = eventsOf(door, text)
            const said = events.map(door.textOf).join("")
            expect(TEXT.startsWith(said)).toBe(true)
            expect(told.text.startsWith(said)).toBe(true)
            if (manner === "fin") expect(said).toBe(told.text)
            const final = events.findIndex(door.isFinal)
            const reason = events.findIndex(door.isReason)
            if (final >= 0) {
              expect(final).toBe(events.length - 1)
              expect(told.whole).toBe(true)
              expect(events.some(door.isError)).toBe(false)
              entry.final = true
            } else {
              expect(door.isError(events.at(-1) as (typeof events)[number])).toBe(true)
              expect(events.filter(door.isError)).toHaveLength(1)
              if (manner !== "reset" && !relayed) expect(told.whole).toBe(false)
            }
            // What a relay has passed on of the end had come from the host.
            if (reason >= 0) expect(n).toBeGreaterThanOrEqual((ends[at.wholeAtEnd] as number) - (proper ? 2 : 0))
          } catch (cause) {
            throw new Error(`Cut at byte ${n} of ${bytes.length}: ${String(cause)}\n${text.slice(-600)}`, { cause })
          }
        })
        for (const { n, id, status, final } of seen) {
          const row = await rowOf(id)
          expect(row, `row of the cut at ${n}`).toMatchObject({
            status,
            inbound: door.api,
            relayed,
          })
          if (final) expect(row?.error).toBeUndefined()
          else expect(["network", "stream_incomplete"]).toContain(row?.error)
        }
        await hosts[at.host].server.sockets.assertNone()
      },
    )

    test("whole: success, once", async () => {
      const response = await gateway.post(
        door.path(`${at.host}/whole`, true),
        door.body(`${at.host}/whole`, { stream: true }),
      )
      const events = eventsOf(door, await response.text())
      expect(events.map(door.textOf).join("")).toBe(TEXT)
      expect(events.filter(door.isFinal)).toHaveLength(1)
      expect(events.filter(door.isReason)).toHaveLength(1)
      expect(await rowOf(response.headers.get("x-request-id"))).toMatchObject({
        status: 200,
        error: undefined,
        inputTokens: 7,
        outputTokens: 9,
      })
    })
  })

  test("the gateway still serves", async () => {
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
  })
})
