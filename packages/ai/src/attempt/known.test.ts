import { describe, expect, test } from "vitest"
import { Known, keysOf } from "./known.ts"

const hostOf = (id: string, baseUrl = "https://host"): string =>
  keysOf({ model: { provider: "p", baseUrl, id }, sessionId: undefined }).host

test("what a host said of one model is not known of another one", () => {
  const known = new Known()
  known.learn(hostOf("a"), { "wire.noThinking": true })
  expect(known.get(hostOf("a"))).toEqual({ "wire.noThinking": true })
  expect(known.get(hostOf("b"))).toEqual({})
})

describe("of a session", () => {
  const model = { provider: "[p", baseUrl: "https://host", id: "m" }
  const sessionOf = (sessionId: string, account?: string): string =>
    keysOf({ model, sessionId, ...(account === undefined ? {} : { account }) }).session as string

  test("each account knows its own", () => {
    const known = new Known()
    known.learn(sessionOf("s", "a"), { x: 1 })
    expect(known.get(sessionOf("s", "b"))).toEqual({})
    expect(known.get(hostOf("m"))).toEqual({})
  })

  test("that of the account that was used last is told, whatever else is kept", () => {
    const known = new Known({ "[": { x: 0 }, "[1]": { x: 0 } })
    known.learn(keysOf({ model, sessionId: undefined }).host, { x: 0 })
    known.learn(sessionOf('s"', "a"), { x: 1 })
    known.learn(sessionOf('s"', "b"), { x: 2 })
    known.learn(sessionOf("s", "c"), { x: 3 })
    known.get(sessionOf('s"', "a"))
    expect(known.ofSession(model, 's"')).toEqual({ x: 1 })
    expect(known.ofSession({ ...model, id: "n" }, "s")).toEqual({})
  })
})

describe("what is kept is bounded", () => {
  test("in entries: the least recently used goes", () => {
    const known = new Known()
    for (let i = 0; i < 1000; i++) known.learn(hostOf(`m${i}`), { x: i })
    known.get(hostOf("m0"))
    known.learn(hostOf("new"), { x: 1 })
    expect(known.get(hostOf("m0"))).toEqual({ x: 0 })
    expect(known.get(hostOf("m1"))).toEqual({})
    expect(Object.keys(known.toJSON())).toHaveLength(1000)
  })

  test("in entries that were saved by another program", () => {
    const saved = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`k${i}`, { x: i }]))
    const known = new Known(saved)
    expect([known.get("k499"), known.get("k500")]).toEqual([{}, { x: 500 }])
  })

  test("in size: what is too much is forgotten, with what it was before", () => {
    const known = new Known()
    known.learn("k", { small: true, chain: "short" })
    known.learn("k", { chain: "x".repeat(20_000) })
    expect(known.get("k")).toEqual({ small: true })
    known.learn("k", { chain: "short" })
    expect(known.get("k")).toEqual({ small: true, chain: "short" })
    expect(new Known({ k: { chain: "x".repeat(20_000) } }).get("k")).toEqual({})
  })
})

test("what is no entry among what was saved is passed over", () => {
  const known = new Known({ a: null, b: "x", c: [1], d: { x: 1 } } as never)
  expect(known.toJSON()).toEqual({ d: { x: 1 } })
})

test("the password of an address is not kept", () => {
  const known = new Known()
  known.learn(hostOf("m", "https://me:pass@host/v1"), { x: 1 })
  expect(JSON.stringify(known)).not.toMatch(/pass|me:/)
  expect(known.get(hostOf("m", "https://me:pass@host/v1"))).toEqual({ x: 1 })
})
