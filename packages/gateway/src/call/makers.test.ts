import type { Context } from "@sluice/ai"
import { expect, test } from "vitest"
import { holdsForeign, Makers } from "./makers.ts"

const OPAQUE = /"signature"\s*:\s*"([^"\\]{8,})"/g
const maker = { api: "anthropic-messages", provider: "one", model: "m" }
const history = (value: string): Context => ({
  messages: [
    {
      role: "assistant",
      content: [{ type: "thinking", thinking: "hm", signature: { value } }],
      api: "anthropic-messages",
      provider: "",
      model: "",
      usage: { provenance: "absent" },
      stopReason: "stop",
      timestamp: 0,
    },
  ],
})
const issuers = ({ messages }: Context): unknown[] =>
  messages.flatMap((message) =>
    message.role === "assistant"
      ? message.content.map((block) => (block.type === "thinking" ? block.signature?.issuer : undefined))
      : [],
  )

test("a value is known again as its maker's, by the client that it went to and by no other", () => {
  const makers = new Makers()
  makers.note("me", 'data: {"signature":"c2lnbmF0dXJl"}', OPAQUE, maker)
  const given = history("c2lnbmF0dXJl")
  expect(issuers(makers.attributed("me", given, OPAQUE))).toEqual([maker])
  // One that holds the value, as an item that stands as text does.
  expect(issuers(makers.attributed("me", history('{"signature":"c2lnbmF0dXJl"}'), OPAQUE))).toEqual([maker])
  expect(makers.attributed("you", given, OPAQUE)).toBe(given)
  expect(issuers(makers.attributed("me", history("other value"), OPAQUE))).toEqual([undefined])
})

test("bytes that hold what another provider made may not pass", () => {
  const makers = new Makers()
  makers.note("me", '{"signature":"c2lnbmF0dXJl"}', OPAQUE, maker)
  const known = makers.attributed("me", history("c2lnbmF0dXJl"), OPAQUE)
  const model = { api: "anthropic-messages", provider: "one" }
  expect(holdsForeign(known, model)).toBe(false)
  expect(holdsForeign(known, { ...model, provider: "other" })).toBe(true)
  expect(holdsForeign(history("c2lnbmF0dXJl"), { ...model, provider: "other" })).toBe(false)
})

test("what was asked for longest ago is forgotten first", () => {
  const makers = new Makers()
  makers.note("me", '{"signature":"first value"}', OPAQUE, maker)
  for (let i = 0; i < 49_999; i++) makers.note("me", `{"signature":"value number ${i}"}`, OPAQUE, maker)
  expect(issuers(makers.attributed("me", history("first value"), OPAQUE))).toEqual([maker])
  makers.note("me", '{"signature":"one more value"}', OPAQUE, maker)
  expect(issuers(makers.attributed("me", history("first value"), OPAQUE))).toEqual([maker])
  expect(issuers(makers.attributed("me", history("value number 0"), OPAQUE))).toEqual([undefined])
})
