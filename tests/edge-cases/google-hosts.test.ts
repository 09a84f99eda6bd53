import { describe, expect, test } from "vitest"
import { codeAssist, type CodeAssistSetup } from "../support/code-assist.ts"

const ANTIGRAVITY = { provider: "google-antigravity" } as const
const BUSY = { status: 503, message: "The model is overloaded." }

/** Antigravity with two hosts, each with its answers. */
function two(first: NonNullable<CodeAssistSetup["hosts"]>[number], second = first, more: CodeAssistSetup = {}) {
  return codeAssist({ ...ANTIGRAVITY, hosts: [first, second], ...more })
}

describe("ids and thinking", () => {
  test("WO-139: a level of thinking that is a model of its own goes out by that model's id", async () => {
    const { ask, hosts } = await codeAssist({ ...ANTIGRAVITY, hosts: [{ script: () => ({ text: "x" }) }] })
    for (const reasoning of ["low", "high", undefined] as const) {
      const message = await ask("hi", reasoning === undefined ? {} : { reasoning })
      expect(message).toMatchObject({ model: "gemini-3-pro", stopReason: "stop" })
    }
    expect(hosts[0]?.wrappers.map(({ model }) => model)).toEqual([
      "gemini-3-pro-low",
      "gemini-3-pro-high",
      "gemini-3-pro-high",
    ])
  })

  test("WO-140: thinking that is not wanted is declined in so many words, since silence means the service's default", async () => {
    const { ask, hosts } = await codeAssist({ hosts: [{ script: () => ({ text: "x" }) }], model: "unheard-of" })
    await ask("hi", { reasoning: "off" })
    await ask("hi")
    const [off, unsaid] = hosts[0]?.calls.map(({ body }) => body["generationConfig"]) ?? []
    expect(off).toMatchObject({ thinkingConfig: { includeThoughts: false, thinkingBudget: 0 } })
    expect(JSON.stringify(unsaid ?? {})).not.toContain("thinkingBudget")
  })

  test("WO-152: Claude is asked for no more tokens than the service lets it have", async () => {
    const claude = { script: () => ({ text: "x" }), maxTokens: () => 64_000 }
    const { ask, hosts } = await codeAssist({ ...ANTIGRAVITY, model: "claude-sonnet-4-5", hosts: [claude] })
    for (const maxTokens of [100, 90_000, undefined]) {
      expect((await ask("hi", maxTokens === undefined ? {} : { maxTokens })).error).toBeUndefined()
    }
    const asked = hosts[0]?.calls.map(
      ({ body }) => (body["generationConfig"] as Record<string, unknown>)["maxOutputTokens"],
    )
    expect(asked).toEqual([100, 64_000, 64_000])
  })

  test("Claude's cap leaves room behind what it thinks with", async () => {
    const claude = { script: () => ({ text: "x" }) }
    const { ask, hosts } = await codeAssist({ ...ANTIGRAVITY, model: "claude-sonnet-4-5", hosts: [claude] })
    await ask("hi", { maxTokens: 1000, reasoning: "high" })
    await ask("hi", { maxTokens: 20_000, reasoning: "high" })
    const asked = hosts[0]?.calls.map(({ body }) => body["generationConfig"] as Record<string, unknown>)
    expect(asked?.map(({ maxOutputTokens }) => maxOutputTokens)).toEqual([17_384, 20_000])
    expect(asked?.[0]?.["thinkingConfig"]).toMatchObject({ thinkingBudget: 16_384 })
  })
})

describe("limits", () => {
  test.each([
    ["WO-142", "You have exhausted your capacity on this model. Your quota will reset after 18h31m10s."],
    ["WO-143", "Individual quota reached. Your quota will reset after 18h31m10s."],
  ])(
    "%s: an account's used up allowance is no busy model: nothing is repeated, and its end is told",
    async (_row, message) => {
      const { ask, hosts, waits } = await two({ script: () => ({ error: { status: 429, message } }) })
      const before = Date.now()
      const { error } = await ask("hi")
      expect(error).toMatchObject({ code: "quota_exhausted", scope: "credential", status: 429 })
      const left = (error?.quota?.resetAt ?? 0) - before
      expect(left).toBeGreaterThan(66_669_000)
      expect(left).toBeLessThan(66_700_000)
      expect(error?.hint).toMatch(/comes back at \d{4}-\d\d-\d\dT/)
      expect(hosts.map(({ calls }) => calls.length)).toEqual([1, 0])
      expect(waits).toEqual([])
    },
  )

  test("a bare limit is the model's: another host is asked", async () => {
    const { ask, hosts } = await two({ script: [{ error: { status: 429 } }] }, { script: [{ text: "Here." }] })
    expect((await ask("hi")).content).toMatchObject([{ type: "text", text: "Here." }])
    expect(hosts.map(({ calls }) => calls.length)).toEqual([1, 1])
  })

  test("WO-149: an account that must be verified is told the page, and which account it is", async () => {
    const details = [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "VALIDATION_REQUIRED",
        metadata: { validation_url: "https://accounts.example/verify" },
      },
    ]
    const { ask } = await codeAssist({
      hosts: [{ script: () => ({ error: { status: 403, message: "Verify.", details } }) }],
    })
    const { error } = await ask("hi")
    expect(error).toMatchObject({ code: "account_policy", message: "Verify." })
    expect(error?.hint).toMatch(/me@example\.com.*https:\/\/accounts\.example\/verify/)
  })
})

describe("the hosts of one service", () => {
  test.each([429, 500, 503])(
    "WO-144: after a %i the next one is asked at once, and first from then on",
    async (status) => {
      const { ask, hosts, waits } = await two(
        { script: [{ error: { status } }] },
        { script: () => ({ text: "Here." }) },
      )
      expect((await ask("hi")).content).toMatchObject([{ type: "text", text: "Here." }])
      expect((await ask("again")).content).toMatchObject([{ type: "text", text: "Here." }])
      expect(hosts.map(({ calls }) => calls.length)).toEqual([1, 2])
      expect(waits).toEqual([])
    },
  )

  test("WO-144: it leads back to the first one when the second one fails later", async () => {
    const { ask, hosts } = await two(
      { script: [{ error: BUSY }, { text: "First." }] },
      { script: [{ text: "Second." }, { error: BUSY }] },
    )
    expect((await ask("1")).content).toMatchObject([{ type: "text", text: "Second." }])
    expect((await ask("2")).content).toMatchObject([{ type: "text", text: "First." }])
    expect(hosts.map(({ calls }) => calls.length)).toEqual([2, 2])
  })

  test("WO-145: tries are spent at the last one, not at the first", async () => {
    const { ask, hosts } = await two({ script: () => ({ error: BUSY }) })
    expect((await ask("hi")).error).toMatchObject({ code: "overloaded" })
    expect(hosts.map(({ calls }) => calls.length)).toEqual([1, 4])
  })

  test("a host of the operator's own has no others", async () => {
    const { sluice, hosts } = await codeAssist({ hosts: [{ script: () => ({ error: BUSY }) }, {}] })
    const message = await sluice.complete("google-gemini-cli/gemini-2.5-pro", {
      messages: [{ role: "user", content: "hi" }],
    })
    expect(message.error).toMatchObject({ code: "overloaded" })
    expect(hosts.map(({ calls }) => calls.length)).toEqual([4, 0])
  })

  test("what was shown is not made anew elsewhere", async () => {
    const cut = { script: [{ text: "one two three four", cut: { afterEvents: 2 } }] }
    const { ask, hosts } = await two(cut, { script: [{ text: "Other." }] })
    const message = await ask("hi")
    expect(message).toMatchObject({ stopReason: "error", content: [{ type: "text" }] })
    expect(hosts[1]?.calls).toHaveLength(0)
  })

  test("WO-146: a flash model that says nothing for a minute is left, and another host asked", async () => {
    const { ask, hosts, waits } = await two(
      { script: [{ text: "x", stall: { afterEvents: 0 } }] },
      { script: [{ text: "Here." }] },
      { model: "gemini-3-flash-preview", speed: 300 },
    )
    expect((await ask("hi")).content).toMatchObject([{ type: "text", text: "Here." }])
    expect(waits).toContain(60_000)
    while (hosts[0]?.requests.at(-1)?.abortedAtMs === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(hosts.map(({ calls }) => calls.length)).toEqual([1, 1])
  })

  test("WO-147: another model is given five minutes for its first event", async () => {
    const { ask, hosts, waits } = await two(
      { script: [{ text: "x", stall: { afterEvents: 0 } }] },
      { script: [{ text: "Here." }] },
      { speed: 600 },
    )
    const began = performance.now()
    expect((await ask("hi")).content).toMatchObject([{ type: "text", text: "Here." }])
    expect((performance.now() - began) * 600).toBeGreaterThan(299_000)
    expect(waits).not.toContain(60_000)
    expect(hosts.map(({ calls }) => calls.length)).toEqual([1, 1])
  })

  test("WO-148: an answer that the filter ended is no empty one: it is told at once", async () => {
    const { ask, hosts } = await two({ script: () => ({ stop: "SAFETY" }) })
    expect((await ask("hi")).error).toMatchObject({ code: "content_blocked", message: expect.stringMatching(/SAFETY/) })
    expect(hosts.map(({ calls }) => calls.length)).toEqual([1, 0])
  })
})
