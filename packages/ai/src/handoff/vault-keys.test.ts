import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Block, Message, ToolCallBlock } from "../model/message.ts"
import { keysOf } from "./vault-keys.ts"

const MAKER = { api: "anthropic-messages", provider: "p", model: "m" }
const asked: Message[] = [{ role: "user", content: "hi" }]
const keys = (content: Block[], messages: readonly Message[] = asked, maker = MAKER): string[] =>
  keysOf({ content }, messages, messages.length, (text) => text)(maker)

const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => JSON.stringify(value) !== undefined)
const args = fc.dictionary(
  fc.string({ maxLength: 5 }).filter((name) => name !== "__proto__"),
  json,
  { maxKeys: 4 },
)
const call: fc.Arbitrary<ToolCallBlock> = fc.record({
  type: fc.constant("toolCall" as const),
  id: fc.string({ minLength: 1 }),
  name: fc.constantFrom("look", "write"),
  arguments: args as fc.Arbitrary<Record<string, unknown>>,
})
const text = fc.string({ unit: "grapheme", maxLength: 30 })

/** A value as another program writes it: keys in another order, through JSON. */
function rewritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewritten)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, inner]) => [name, rewritten(inner)]),
  )
}

/** An answer as a client of a wire without blocks sends it back: one text, no thinking, calls behind it. */
function flattened(content: readonly Block[], glue: string): Block[] {
  const texts = content.flatMap((block) => (block.type === "text" && block.text !== "" ? [block.text] : []))
  const calls = content.flatMap((block) =>
    block.type === "toolCall"
      ? [{ ...block, arguments: JSON.parse(JSON.stringify(rewritten(block.arguments))) as Record<string, unknown> }]
      : [],
  )
  const whole = texts.join(glue).trim()
  return [...(whole === "" ? [] : [{ type: "text" as const, text: whole }]), ...calls]
}

const block: fc.Arbitrary<Block> = fc.oneof(
  text.map((said): Block => ({ type: "text", text: said })),
  text.map((thinking): Block => ({ type: "thinking", thinking, signature: { value: "s" } })),
  call,
)

describe("the keys of an answer", () => {
  test("are the same however a client writes it anew", () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), fc.constantFrom("", "\n", "\n\n", " "), (content, glue) => {
        expect(keys(flattened(content, glue))).toEqual(keys(content))
      }),
    )
  })

  test("differ where a word of the text or a value of an argument does", () => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 3 }), args, (calls, other) => {
        const [first, ...rest] = calls as [ToolCallBlock, ...ToolCallBlock[]]
        fc.pre(JSON.stringify(rewritten(rewritten(first.arguments))) !== JSON.stringify(rewritten(rewritten(other))))
        fc.pre(
          JSON.stringify(keys([{ ...first, arguments: other as Record<string, unknown> }])) !==
            JSON.stringify(keys([first])),
        )
        const changed = keys([{ ...first, arguments: { ...first.arguments, more: 1 } }, ...rest])
        const same = keys(calls)
        if (!("more" in first.arguments)) for (const key of changed) expect(same).not.toContain(key)
      }),
    )
    expect(keys([{ type: "text", text: "Yes" }])).not.toEqual(keys([{ type: "text", text: "Yes!" }]))
    expect(keys([{ type: "text", text: "ab" }])).toEqual(keys([{ type: "text", text: "a b\r\n" }]))
  })

  test("are of one maker, with APIs that share a codec taken as one", () => {
    const content: Block[] = [{ type: "text", text: "Yes" }]
    const own = keys(content)
    expect(keys(content, asked, { ...MAKER, model: "n" })).not.toEqual(own)
    expect(keys(content, asked, { ...MAKER, provider: "q" })).not.toEqual(own)
    expect(keys(content, asked, { ...MAKER, api: "openai-responses" })).not.toEqual(own)
    expect(keys(content, asked, { ...MAKER, api: "bedrock-anthropic-messages" })).toEqual(own)
  })

  test("go by what stands since the answer before, however it is spelled", () => {
    const content: Block[] = [{ type: "text", text: "Yes" }]
    const earlier: Message = {
      role: "assistant",
      content: [{ type: "text", text: "Hello" }],
      ...MAKER,
      usage: { provenance: "absent" },
      stopReason: "stop",
      timestamp: 0,
    }
    const own = keys(content, [{ role: "user", content: "hi " }])
    expect(
      keys(content, [
        {
          role: "user",
          content: [
            { type: "text", text: "h" },
            { type: "text", text: "i" },
          ],
        },
      ]),
    ).toEqual(own)
    expect(keys(content, [{ role: "user", content: "ho" }, earlier, { role: "user", content: "hi" }])).toEqual(own)
    expect(keys(content, [{ role: "user", content: "ho" }])).not.toEqual(own)
  })

  test("there is none for an answer that shows nothing", () => {
    expect(
      keys([
        { type: "thinking", thinking: "Hm." },
        { type: "text", text: " \n" },
      ]),
    ).toEqual([])
  })
})
