import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Known, stream, type AssistantMessage, type AssistantMessageEvent, type MessageStream } from "@sluice/ai"
import { argumentsOf, deltasOf, expectProtocol, PROMPT, read, routeTo, TRANSPORTS } from "./support/calls.ts"
import { guardProcess } from "./support/guard.ts"
import { answering, begin, CALL, pause, plannedHost, until, type PlannedHost } from "./support/host.ts"
import { CALLS, TEXT, THINKING, ALL_WIRES } from "./support/wires.ts"

guardProcess()

const cells = ALL_WIRES.flatMap((at) => TRANSPORTS.map(([name, make]) => [at.name, name, at, make] as const))

async function drain(source: AsyncIterable<AssistantMessageEvent>): Promise<AssistantMessageEvent[]> {
  const events: AssistantMessageEvent[] = []
  for await (const event of source) events.push(event)
  return events
}

function expectAll(events: readonly AssistantMessageEvent[], message: AssistantMessage): void {
  expectProtocol({ events: [...events], message })
  expect(deltasOf(events, "thinking")).toBe(THINKING)
  expect(deltasOf(events, "text")).toBe(TEXT)
  expect(argumentsOf(events)).toEqual(CALLS.map((call) => JSON.stringify(call.arguments)))
}

describe.each(cells)("%s over %s", (_wire, _transport, at, make) => {
  const { transport, close } = make()
  let host: PlannedHost
  beforeAll(async () => {
    host = await plannedHost(at.pieces)
    host.plan("slow", [])
  })
  afterAll(async () => {
    await host[Symbol.asyncDispose]()
    await close()
  })
  let calls = 0
  /** A call whose answer comes in pieces, over some 60 ms. */
  const slowly = (): MessageStream => {
    const call = `slow-${calls++}`
    host.plan(call, [{ chunking: { every: 40 }, delayMs: 1 }])
    return stream(routeTo(at, host.url, transport), PROMPT, { headers: { [CALL]: call } }, { known: new Known() })
  }

  test("one that throws in its loop gets its own error; the call is aborted and the socket closed", async () => {
    const answer = slowly()
    const mine = new Error("mine")
    await expect(
      (async () => {
        for await (const event of answer) if (event.type === "thinking_delta") throw mine
      })(),
    ).rejects.toBe(mine)
    const message = await answer.result()
    expect(message).toMatchObject({ stopReason: "aborted", error: { code: "aborted" } })
    await host.server.sockets.assertNone(1000)
  })

  test("one that leaves early ends the call, at whichever event", async () => {
    for (const type of ["start", "thinking_start", "text_delta", "toolcall_start", "toolcall_delta"] as const) {
      const answer = slowly()
      for await (const event of answer) if (event.type === type) break
      const message = await answer.result()
      if (message.error) expect(message.error.code).toBe("aborted")
      // Who has left is told nothing more.
      for (const block of message.content)
        if (block.type === "toolCall" && !block.incomplete) expect(block.arguments).not.toEqual({})
    }
    await host.server.sockets.assertNone(1000)
  })

  test("one that leaves while the host is silent ends the call", async () => {
    await using silent = await answering((_asked, response) => begin(response, at.opening + at.says("one")))
    const answer = stream(routeTo(at, silent.url, transport), PROMPT, {}, { known: new Known() })
    const iterator = answer[Symbol.asyncIterator]()
    for (;;) {
      const next = await iterator.next()
      if (next.value?.type === "text_delta") break
    }
    const waiting = iterator.next()
    await iterator.return?.()
    expect((await waiting).done).toBe(true)
    expect((await answer.result()).stopReason).toBe("aborted")
    await silent.sockets.assertNone(1000)
  })

  test("one that never attaches gets the whole message", async () => {
    const message = await slowly().result()
    expect(message.stopReason).toBe("toolUse")
    expect(message.content.map((block) => block.type)).toEqual(["thinking", "text", "toolCall", "toolCall"])
    CALLS.forEach((call, n) => expect(message.content[n + 2]).toMatchObject(call))
  })

  test("one that never looks at all leaves nothing behind", async () => {
    void slowly()
    void stream(routeTo(at, host.url, transport), PROMPT, { signal: AbortSignal.abort() })
    await pause(30)
    await until("the call is over", () => host.server.sockets.count === 0, 2000)
  })

  test("one that attaches late is told all, at whatever time", async () => {
    for (const ms of [0, 5, 15, 30, 60, 400]) {
      const answer = slowly()
      await pause(ms)
      expectAll(await drain(answer), await answer.result())
    }
  })

  test("one that attaches after a failure is told what there was, and the failure", async () => {
    await using broken = await answering((_asked, response) => {
      begin(response, at.opening + at.says("one"))
      setTimeout(() => response.destroy(), 10)
    })
    const answer = stream(routeTo(at, broken.url, transport), PROMPT, {}, { known: new Known() })
    const message = await answer.result()
    const events = await drain(answer)
    expectProtocol({ events, message })
    expect(deltasOf(events, "text")).toBe("one")
    expect(message.error?.code).toBe("network")
  })

  test("two are told the same, in step or not", async () => {
    const answer = slowly()
    const slow = (async () => {
      const events: AssistantMessageEvent[] = []
      for await (const event of answer) {
        events.push(event)
        await pause(1)
      }
      return events
    })()
    const [first, second] = await Promise.all([drain(answer), slow])
    const message = await answer.result()
    expectAll(first, message)
    expectAll(second, message)
  })

  test("of two the one that leaves takes nothing from the other", async () => {
    const answer = slowly()
    const leaving = (async () => {
      for await (const event of answer) if (event.type === "thinking_delta") break
    })()
    const [events] = await Promise.all([drain(answer), leaving])
    expectAll(events, await answer.result())
  })

  test("one that asks for several events at once gets each of them once, in order", async () => {
    const answer = slowly()
    const iterator = answer[Symbol.asyncIterator]()
    const events: AssistantMessageEvent[] = []
    for (let over = false; !over;) {
      const batch = await Promise.all([iterator.next(), iterator.next(), iterator.next()])
      for (const next of batch) {
        if (next.done) over = true
        else events.push(next.value)
      }
    }
    expectAll(events, await answer.result())
  })

  test("observers that throw, reject and meddle change nothing", async () => {
    const call = `slow-${calls++}`
    host.plan(call, [{ chunking: { every: 40 } }])
    const boom = (): never => {
      throw new Error("boom")
    }
    const seen = await read(routeTo(at, host.url, transport), {
      headers: { [CALL]: call },
      onPayload: async () => boom(),
      onResponse: () => Promise.reject(new Error("boom")),
      onEvent: boom,
    })
    expectAll(seen.events, seen.message)
  })
})
