import { type AssistantMessage, Known, type Message, type StreamOptions } from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import { resolveModel } from "@sluice/catalog"
import { openaiResponsesEmulator, type OpenAIResponsesOptions } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"

const user = (content: string): Message => ({ role: "user", content })

/** The platform's API, and a program whose conversation goes on from what is stored. */
async function platform(options: OpenAIResponsesOptions = {}) {
  const host = await openaiResponsesEmulator(options)
  onTestFinished(() => host.close())
  const env: Record<string, string> = { OPENAI_API_KEY: "key", OPENAI_BASE_URL: `${host.url}/v1` }
  const sluice = createSluice({ env: (name) => env[name], environment: { known: new Known() } })
  const bodies = (): Record<string, unknown>[] => host.requests.map(({ json }) => json as Record<string, unknown>)
  return {
    host,
    bodies,
    ask: (messages: readonly Message[], given: StreamOptions = {}): Promise<AssistantMessage> =>
      sluice.complete(
        { ...MODEL, baseUrl: `${host.url}/v1` },
        { systemPrompt: "Be brief.", messages },
        {
          sessionId: "s1",
          chain: true,
          retry: { baseDelayMs: 1 },
          ...given,
        },
      ),
    /** What went out of each request: how much, after what, and whether it is stored. */
    sent: () =>
      bodies().map(({ input, previous_response_id: previous, store }) => [
        (input as unknown[]).length,
        previous !== undefined,
        store,
      ]),
  }
}

const MODEL = await resolveModel("openai/gpt-5.5", { api: "openai-responses" })

describe("going on from a stored response", () => {
  test("OF-181: a conversation that strictly extends the one before sends what is new alone", async () => {
    const { ask, sent } = await platform({ script: () => ({ text: "ok" }) })
    const first = await ask([user("a")])
    const second = await ask([user("a"), first, user("b")])
    expect(second.error).toBeUndefined()
    await ask([user("a"), first, user("b"), second, user("c")])
    expect(sent()).toEqual([
      [2, false, true],
      [1, true, true],
      [1, true, true],
    ])
  })

  test.each<[string, (first: AssistantMessage) => Message[], StreamOptions]>([
    ["an earlier message is another", (first) => [user("other"), first, user("b")], {}],
    [
      "the answer was edited",
      (first) => [user("a"), { ...first, content: [{ type: "text", text: "no" }] }, user("b")],
      {},
    ],
    ["the answer is gone", () => [user("a"), user("b")], {}],
    ["nothing is new", (first) => [user("a"), first], {}],
    ["another option is set", (first) => [user("a"), first, user("b")], { verbosity: "low" }],
    ["it is another session", (first) => [user("a"), first, user("b")], { sessionId: "s2" }],
  ])("OF-181: everything goes out where %s", async (_name, then, options) => {
    const { ask, sent } = await platform({ script: () => ({ text: "ok" }) })
    const first = await ask([user("a")])
    const second = await ask(then(first), options)
    expect(second.error).toBeUndefined()
    expect(sent()[1]?.[1]).toBe(false)
  })

  test("OF-181: also what comes back without its own objects is told by what it says", async () => {
    const { ask, sent } = await platform({ script: () => ({ text: "ok", thinking: "hm" }) })
    const first = await ask([user("a")])
    const copy = JSON.parse(JSON.stringify([user("a"), first, user("b")])) as Message[]
    await ask(copy)
    expect(sent()[1]).toEqual([1, true, true])
  })

  test("OF-182: where nothing is kept for the organisation, the session goes without from then on", async () => {
    const { ask, sent, bodies } = await platform({ script: () => ({ text: "ok" }), zeroDataRetention: true })
    const first = await ask([user("a")])
    const second = await ask([user("a"), first, user("b")])
    expect(second).toMatchObject({ stopReason: "stop", attempts: [{ action: "adapted" }] })
    const third = await ask([user("a"), first, user("b"), second, user("c")])
    expect(third.attempts).toBeUndefined()
    expect(
      sent()
        .slice(-2)
        .map(([, previous, store]) => [previous, store]),
    ).toEqual([
      [false, false],
      [false, false],
    ])
    expect(bodies()).toHaveLength(4)
  })

  test.each<[string, object]>([
    [
      "OF-183: by a field that is not known",
      { status: 400, body: { detail: "Unsupported parameter: previous_response_id" } },
    ],
    [
      "OF-184: because it is gone",
      { status: 400, code: "previous_response_not_found", message: "Previous response with id 'x' not found." },
    ],
    ["OF-200: because it is stale", { status: 400, code: "codex_previous_response_stale", message: "Stale." }],
    ["by a filter that sees only a part", { status: 400, code: "invalid_prompt", message: "Request blocked." }],
  ])("a response that is refused %s is made up for by the whole conversation, stored again", async (_name, error) => {
    const { ask, sent } = await platform({ script: [{ text: "ok" }, { error }, { text: "two" }, { text: "three" }] })
    const first = await ask([user("a")])
    const second = await ask([user("a"), first, user("b")])
    expect(second).toMatchObject({ stopReason: "stop", content: [{ text: "two" }] })
    const third = await ask([user("a"), first, user("b"), second, user("c")])
    expect(third).toMatchObject({ content: [{ text: "three" }] })
    expect(sent()).toEqual([
      [2, false, true],
      [1, true, true],
      [4, false, true],
      [1, true, true],
    ])
  })

  test("OF-184: three refusals in a row end it for the session; one that was taken begins the count anew", async () => {
    const error = { status: 400, code: "previous_response_not_found", message: "Previous response not found." }
    const ok = { text: "ok" }
    const { ask, sent } = await platform({
      script: [ok, { error }, ok, ok, { error }, ok, { error }, ok, { error }, ok, ok],
    })
    const messages: Message[] = [user("0")]
    for (let turn = 1; turn <= 7; turn++) {
      messages.push(await ask(messages), user(String(turn)))
    }
    expect(messages.filter((one) => one.role === "assistant" && one.error)).toEqual([])
    expect(sent().map(([, previous]) => previous)).toEqual([
      false,
      true,
      false,
      true,
      true,
      false,
      true,
      false,
      true,
      false,
      false,
    ])
    expect(sent().at(-1)?.[2]).toBe(false)
  })

  test("OF-185: without the caller's word nothing is stored", async () => {
    const { ask, sent } = await platform({ script: () => ({ text: "ok" }) })
    for (const chain of [undefined, false])
      await ask([user("a")], chain === undefined ? { chain: undefined as never } : { chain })
    await ask([user("a")], { sessionId: undefined as never })
    expect(sent().map(([, , store]) => store)).toEqual([false, false, false])
  })
})
