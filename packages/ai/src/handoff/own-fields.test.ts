import { expect, test } from "vitest"
import { ownFieldLosses } from "./own-fields.ts"

const fieldsOf = (wire: Record<string, Record<string, unknown>>, api: string): string[] =>
  ownFieldLosses({ wire }, { api }).map(({ kind, field }) => `${kind} ${field}`)

test("fields of another wire are lost, each by its name", () => {
  const wire = { "openai-completions": { logit_bias: { a: 1, b: 2 }, n: 1, none: {}, list: [1], gone: undefined } }
  expect(fieldsOf(wire, "anthropic-messages")).toEqual([
    "dropped options.wire.openai-completions.logit_bias.a",
    "dropped options.wire.openai-completions.logit_bias.b",
    "dropped options.wire.openai-completions.n",
    "dropped options.wire.openai-completions.none",
    "dropped options.wire.openai-completions.list",
  ])
})

test("those of the target's own wire are not, on whichever host of it", () => {
  expect(fieldsOf({ "openai-responses": { a: 1 } }, "openai-codex-responses")).toEqual([])
  expect(fieldsOf({ "anthropic-messages": { a: 1 } }, "bedrock-anthropic-messages")).toEqual([])
})

test("a call that has fields for several wires says of each what it wants", () => {
  const wire = { "openai-responses": { a: 1 }, "anthropic-messages": { b: 1 } }
  expect(fieldsOf(wire, "openai-responses")).toEqual([])
  expect(fieldsOf(wire, "ollama-chat")).toHaveLength(2)
})

test("a name that no wire has is lost, too: that of an API which speaks another's", () => {
  expect(fieldsOf({ "openai-codex-responses": { a: 1 } }, "openai-codex-responses")).toEqual([
    "dropped options.wire.openai-codex-responses.a",
  ])
})
