import { expect, test } from "vitest"
import { Known, keysOf } from "./known.ts"

test("what a host said of one model is not known of another one", () => {
  const known = new Known()
  const about = (id: string): string =>
    keysOf({ model: { provider: "p", baseUrl: "https://host", id }, sessionId: undefined }).host
  known.learn(about("a"), { "wire.noThinking": true })
  expect(known.get(about("a"))).toEqual({ "wire.noThinking": true })
  expect(known.get(about("b"))).toEqual({})
})
