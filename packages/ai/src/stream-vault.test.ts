import { describe, expect, test } from "vitest"
import type { Clock } from "./contract/clock.ts"
import type { ReasoningVault } from "./contract/vault.ts"
import { createMock } from "./mock/index.ts"
import { memoryVault } from "./handoff/vault-memory.ts"
import type { AssistantMessage, Context, Message } from "./model/message.ts"
import { systemClock } from "./platform.ts"
import { complete, stream } from "./stream.ts"

const ANSWER = { thinking: "Hm.", toolCalls: [{ name: "look", arguments: { at: 1 } }] }
const asked: Context = { messages: [{ role: "user", content: "hi" }] }

/** What a program keeps that has no room for thinking. */
function history(answer: AssistantMessage): Message[] {
  const content = answer.content.filter(({ type }) => type !== "thinking")
  const results = content.flatMap((block): Message[] =>
    block.type === "toolCall" ? [{ role: "toolResult", toolCallId: block.id, toolName: block.name, content: "x" }] : [],
  )
  return [...asked.messages, { ...answer, content }, ...results]
}

describe("a call with a vault", () => {
  test("puts back what the history has left out, and names it", async () => {
    const mock = createMock([ANSWER, "Done."])
    const vault = memoryVault()
    const first = await complete(mock.route, asked, {}, { vault })
    const messages = history(first)
    const second = await complete(mock.route, { messages }, {}, { vault })
    expect(mock.calls[1]?.context.messages[1]).toMatchObject({
      content: [{ type: "thinking", thinking: "Hm." }, { type: "toolCall" }],
    })
    expect(second.losses).toEqual([{ field: "messages[1]", kind: "restored", reason: expect.any(String) }])
    // The program's own conversation stays as it was.
    expect(messages).toEqual(history(first))
  })

  test("changes nothing where nothing is missing, and asks for nothing before there is an answer", async () => {
    const mock = createMock([ANSWER, "Done.", "Done."])
    const vault = memoryVault()
    const first = await complete(mock.route, asked, {}, { vault })
    const whole = { messages: [...asked.messages, first, ...history(first).slice(2)] }
    const plain = await complete(mock.route, whole)
    const second = await complete(mock.route, whole, {}, { vault })
    expect(mock.calls[2]?.context).toEqual(mock.calls[1]?.context)
    expect([plain.losses, second.losses]).toEqual([undefined, undefined])
  })

  test("has an answer kept before its end is told", async () => {
    const mock = createMock([ANSWER])
    const kept: string[] = []
    const vault: ReasoningVault = {
      find: () => undefined,
      async keep(context, answer) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        expect(context).toBe(asked)
        kept.push(answer.stopReason)
      },
    }
    for await (const event of stream(mock.route, asked, {}, { vault })) {
      if (event.type === "done") expect(kept).toEqual(["toolUse"])
    }
    expect(kept).toEqual(["toolUse"])
  })

  test("has no answer kept that failed", async () => {
    const mock = createMock([{ text: "some", error: "Broken." } as never])
    let kept = 0
    const vault: ReasoningVault = { find: () => undefined, keep: () => void kept++ }
    const answer = await complete(mock.route, asked, { retry: { maxAttempts: 1 } }, { vault })
    expect(answer.error).toBeDefined()
    expect(kept).toBe(0)
  })

  test.each<[string, ReasoningVault]>([
    [
      "throws",
      {
        find: () => {
          throw new Error("no")
        },
        keep: () => {
          throw new Error("no")
        },
      },
    ],
    ["rejects", { find: () => Promise.reject(new Error("no")), keep: () => Promise.reject(new Error("no")) }],
  ])("goes on without one that %s", async (_how, vault) => {
    const mock = createMock(["Done."])
    const answer = await complete(mock.route, asked, {}, { vault })
    expect(answer.error).toBeUndefined()
    expect(answer.content).toMatchObject([{ text: "Done." }])
  })

  test("goes on without a vault that does not answer in time", async () => {
    const mock = createMock(["Done."])
    const silent: ReasoningVault = { find: () => new Promise(() => {}), keep: () => new Promise(() => {}) }
    const waits: number[] = []
    const clock: Clock = {
      ...systemClock,
      // Time passes at once for the waits for the vault, and as ever for all others.
      setTimeout: (run, ms) => systemClock.setTimeout(run, waits.push(ms) && ms === 2000 ? 0 : ms),
    }
    const answer = await complete(mock.route, asked, {}, { vault: silent, clock })
    expect(answer.error).toBeUndefined()
    expect(answer.content).toMatchObject([{ text: "Done." }])
    expect(waits.filter((ms) => ms === 2000)).toHaveLength(2)
  })

  test("is ended by its signal while a vault is waited for", async () => {
    const mock = createMock(["Done."])
    const vault: ReasoningVault = { find: () => new Promise(() => {}), keep: () => {} }
    const leave = new AbortController()
    const answer = complete(mock.route, asked, { signal: leave.signal }, { vault })
    leave.abort()
    expect((await answer).stopReason).toBe("aborted")
  })
})
