import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { deltasOf, expectProtocol, read, routeTo, TRANSPORTS, type Seen } from "./support/calls.ts"
import { fastClock } from "./support/clocks.ts"
import { guardProcess } from "./support/guard.ts"
import { answering, begin, type HandHost } from "./support/host.ts"
import { WIRES } from "./support/wires.ts"

guardProcess()

const cells = WIRES.flatMap((at) => TRANSPORTS.map(([name, make]) => [at.name, name, at, make] as const))
const BINARY = Buffer.concat([
  Buffer.from("data: "),
  Buffer.from([0, 255, 254, 0x7b, 0xc3, 0x28, 1]),
  Buffer.from("\n\n"),
])

describe.each(cells)("%s over %s", (_wire, _transport, at, make) => {
  const { transport, close } = make()
  let answer: (n: number) => readonly (string | Buffer)[] = () => []
  let host: HandHost
  beforeAll(async () => {
    host = await answering((asked, response) => {
      begin(response)
      for (const part of answer(asked.n)) response.write(part)
      response.end()
    })
  })
  afterAll(async () => {
    await host[Symbol.asyncDispose]()
    await close()
  })

  /** A call whose nth try is answered with these parts. */
  async function ask(...tries: readonly (readonly (string | Buffer)[])[]): Promise<Seen & { tries: number }> {
    const before = host.asked.length
    answer = (n) => tries[Math.min(n - before, tries.length) - 1] ?? []
    const clock = fastClock()
    const seen = await read(routeTo(at, host.url, transport), { retry: { maxAttempts: 3 } }, { clock })
    expectProtocol(seen)
    expect(clock.pending).toBe(0)
    return { ...seen, tries: host.asked.length - before }
  }
  const whole = [at.opening, at.says("fine"), at.ending]

  const malformed: [string, string | Buffer][] = [
    ["text that is not JSON", "data: <oops> not json\n\n"],
    ["JSON that breaks off", 'data: {"choices":[{"index":0,"del\n\n'],
    ["binary bytes", BINARY],
    ["a list", 'data: [1,2,{"a":3}]\n\n'],
    ["a page", "data: <html><body>502</body></html>\n\n"],
  ]
  test.each(malformed)(
    "%s between events: what came before is kept, and nothing is asked twice",
    async (_name, frame) => {
      const seen = await ask([at.opening, at.says("one"), frame, at.says("two"), at.ending])
      expect(seen.message.error).toMatchObject({ code: "stream_malformed", delivered: "content" })
      expect(deltasOf(seen.events, "text")).toBe("one")
      expect(seen.tries).toBe(1)
    },
  )

  test.each(malformed)("%s before content: the same request is sent again", async (_name, frame) => {
    const seen = await ask([at.opening, frame, at.ending], whole)
    expect(seen.message.error).toBeUndefined()
    expect(deltasOf(seen.events, "text")).toBe("fine")
    expect(seen.message.attempts).toMatchObject([{ error: { code: "stream_malformed", delivered: "nothing" } }])
    expect(seen.tries).toBe(2)
  })

  test.each([
    ["a number", "data: 7\n\n"],
    ["a word in quotes", 'data: "keep-alive"\n\n'],
    ["a bare word", "data: ping\n\n"],
    ["null", "data: null\n\n"],
    ["true", "data: true\n\n"],
    ["an empty object", "data: {}\n\n"],
    ["an object of another kind", 'data: {"object":"heartbeat","n":1}\n\n'],
    ["an event without data", "event: note\n\n"],
    ["lines that are no fields", "hello\n: comment\nretry: 5\nid: 7\n\n"],
    ["fields of wrong types", 'data: {"choices":7,"type":["x"],"delta":"no","usage":"none","index":{}}\n\n'],
    ["a choice of a wrong type", 'data: {"choices":["x",null,{"index":0,"delta":[1]}]}\n\n'],
    ["a block of a wrong type", 'data: {"type":"content_block_start","index":"0","content_block":7}\n\n'],
    [
      "a delta for a block that is not there",
      'data: {"type":"content_block_delta","index":44,"delta":{"type":"text_delta","text":"x"}}\n\n',
    ],
    ["an end of a block that is not there", 'data: {"type":"content_block_stop","index":44}\n\n'],
  ])("%s means nothing and is passed over", async (_name, frame) => {
    const seen = await ask([at.opening, at.says("one"), frame, at.says("two"), at.ending])
    expect(seen.message.error).toBeUndefined()
    expect(deltasOf(seen.events, "text")).toBe("onetwo")
    expect(seen.tries).toBe(1)
  })

  test("an event beyond the limit on its size", async () => {
    const piece = Buffer.alloc(1024 * 1024, 0x61)
    const seen = await ask([
      at.opening,
      at.says("one"),
      "data: ",
      ...Array.from({ length: 65 }, () => piece),
      "\n\n",
      at.ending,
    ])
    expect(seen.message.error).toMatchObject({ code: "stream_malformed", delivered: "content" })
    expect(seen.message.error?.message).toContain("larger than")
    expect(deltasOf(seen.events, "text")).toBe("one")
  })

  const errors: [type: string, code: string, again: boolean][] = [
    ["overloaded_error", "overloaded", true],
    ["api_error", "server_error", true],
    ["rate_limit_error", "rate_limited", true],
    ["timeout_error", "timeout", true],
    ["invalid_request_error", "invalid_request", false],
    ["authentication_error", "auth_invalid", false],
    ["permission_error", "permission_denied", false],
    ["billing_error", "billing", false],
    ["insufficient_quota", "quota_exhausted", false],
    ["request_too_large", "context_overflow", false],
  ]
  test.each(errors)("an error inside the stream, %s, is %s before content", async (type, code, again) => {
    const seen = await ask([at.opening, at.errorEvent(type, "The host says no.")], whole)
    expect(seen.tries).toBe(again ? 2 : 1)
    if (again) {
      expect(deltasOf(seen.events, "text")).toBe("fine")
      expect(seen.message.attempts).toMatchObject([{ error: { code, message: "The host says no." } }])
    } else expect(seen.message.error).toMatchObject({ code, message: "The host says no.", delivered: "nothing" })
  })

  test.each(errors)("an error inside the stream, %s, is %s after content, once", async (type, code) => {
    const seen = await ask(
      [at.opening, at.says("one"), at.errorEvent(type, "The host says no."), at.says("two"), at.ending],
      whole,
    )
    expect(seen.message.error).toMatchObject({ code, message: "The host says no.", delivered: "content" })
    expect(deltasOf(seen.events, "text")).toBe("one")
    expect(seen.tries).toBe(1)
  })

  test("two errors are one, and the first one counts", async () => {
    const seen = await ask([
      at.opening,
      at.says("one"),
      at.errorEvent("overloaded_error", "first"),
      at.errorEvent("authentication_error", "second"),
    ])
    expect(seen.message.error).toMatchObject({ code: "overloaded", message: "first" })
  })

  test("words that mean something to the language mean nothing in an error", async () => {
    for (const word of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      const seen = await ask([at.opening, at.says("one"), at.errorEvent(word, "The host says no.")])
      expect(seen.message.error).toMatchObject({ code: "server_error", type: word, message: "The host says no." })
      expect(seen.message.error).not.toHaveProperty("status")
      const reason = [
        at.opening,
        at.says("one"),
        at.ending.replace(/"stop"|"end_turn"|"completed"|"STOP"/, `"${word}"`),
      ]
      const ended = await ask(reason)
      if (ended.message.error)
        expect(ended.message.error).toMatchObject({
          code: "server_error",
          message: expect.stringContaining(word) as string,
        })
      else expect(ended.message.stopDetails).toEqual({ type: word })
    }
  })

  test("what comes behind the end is dropped: text, a second end, an error", async () => {
    for (const late of [...at.late, at.errorEvent("overloaded_error", "late"), "data: {broken\n\n"]) {
      const seen = await ask([at.opening, at.says("one"), at.ending + late + late])
      expect(seen.message.error).toBeUndefined()
      expect(deltasOf(seen.events, "text")).toBe("one")
      expect(seen.events.filter((event) => event.type === "done")).toHaveLength(1)
    }
  })

  test("a stream that was joined to itself is read once", async () => {
    const all = at.opening + at.says("one") + at.ending
    const seen = await ask([all + all])
    expect(seen.message.error).toBeUndefined()
    expect(deltasOf(seen.events, "text")).toBe("one")
  })

  test("an answer with nothing in it is asked for again, and said to be empty in the end", async () => {
    const seen = await ask([""])
    expect(seen.message.error).toMatchObject({ code: "stream_incomplete", delivered: "nothing" })
    expect(seen.tries).toBe(3)
  })
})

describe.each(WIRES.map((at) => [at.name, at] as const))("%s", (_name, at) => {
  test("a call that is repeated event by event is made once", async () => {
    await using host = await answering((_asked, response) => {
      begin(response)
      for (const { event, args } of at.pieces) {
        response.write(event)
        // Arguments cannot be told from a repetition; openings, ends and the end of all can.
        if (!args && !/"(?:content|text|thinking|reasoning_content|signature|delta)":"[^"]/.test(event))
          response.write(event)
      }
      response.end()
    })
    const [, make] = TRANSPORTS[1] as (typeof TRANSPORTS)[number]
    const { transport, close } = make()
    const seen = await read(routeTo(at, host.url, transport))
    expectProtocol(seen)
    expect(seen.message.error).toBeUndefined()
    expect(seen.message.content.filter((block) => block.type === "toolCall").map((block) => block.id)).toEqual([
      "call_1",
      "call_2",
    ])
    await close()
  })
})
