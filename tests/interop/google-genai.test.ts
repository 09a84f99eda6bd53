import { beforeAll, describe, expect, test } from "vitest"
import { loadClient, whyMissing } from "./clients/find.ts"
import type { Content, GenAi, GenAiPackage, GenerateAnswer } from "./support/genai.ts"
import { eventually, OUTBOUND, PEERS, stage, type Peer, type Stage } from "./support/stage.ts"

let sdk: GenAiPackage

beforeAll(async () => {
  sdk = await loadClient<GenAiPackage>("@google/genai")
})

/** The versions in the paths of this package and of the one before it, and the one of previews. */
const VERSIONS = [undefined, "v1beta", "v1alpha"] as const

const clientOf = ({ url, key }: Pick<Stage, "url" | "key">, apiVersion?: string): GenAi =>
  new sdk.GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, ...(apiVersion ? { apiVersion } : {}) } })

const WEATHER = {
  functionDeclarations: [
    {
      name: "get_weather",
      description: "Weather of a city",
      parameters: { type: "OBJECT", properties: { city: { type: "STRING" } }, required: ["city"] },
    },
  ],
}

/** Line of the log for an answer that this client got from a peer. */
const served = (peer: Peer, more: object = {}): object => ({
  inbound: "google-generative-ai",
  outbound: OUTBOUND[peer],
  provider: peer,
  relayed: false,
  status: 200,
  error: undefined,
  ...more,
})

async function collected(stream: AsyncIterable<GenerateAnswer>): Promise<GenerateAnswer[]> {
  const all: GenerateAnswer[] = []
  for await (const one of stream) all.push(one)
  return all
}

const missing = whyMissing("@google/genai")

describe.skipIf(missing !== undefined)(
  `the @google/genai package${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    describe.each(PEERS)("to %s", (_, peer) => {
      const model = `${peer}/m`

      test.each(VERSIONS)("a whole answer, with the version %s", async (version) => {
        await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, cached: 3, output: 5 } }])
        const answer = await clientOf(at, version).models.generateContent({
          model,
          contents: "hi",
          config: { systemInstruction: "Be brief.", maxOutputTokens: 100 },
        })
        expect(answer.text).toBe("Hello from the host.")
        expect(answer).toMatchObject({
          candidates: [{ finishReason: "STOP", content: { role: "model" } }],
          usageMetadata: { promptTokenCount: 11, cachedContentTokenCount: 3, candidatesTokenCount: 5 },
          modelVersion: model,
          responseId: expect.any(String),
        })
        expect(at.asked(peer)).toMatchObject([{ model: "m", system: "Be brief.", said: ["hi"] }])
        expect(await at.rows(1)).toMatchObject([
          served(peer, { stream: false, requestedModel: model, inputTokens: 8, outputTokens: 5 }),
        ])
      })

      test.each(VERSIONS)("a stream, with the version %s", async (version) => {
        await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
        const pieces = await collected(
          await clientOf(at, version).models.generateContentStream({ model, contents: "hi" }),
        )
        expect(pieces.map((piece) => piece.text ?? "").join("")).toBe("Hello from the host.")
        expect(pieces.at(-1)).toMatchObject({
          candidates: [{ finishReason: "STOP" }],
          usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 5, totalTokenCount: 16 },
        })
        expect(pieces.slice(0, -1).every((piece) => piece.candidates?.[0]?.finishReason === undefined)).toBe(true)
        expect(at.asked(peer)).toMatchObject([{ stream: true, said: ["hi"] }])
        expect(await at.rows(1)).toMatchObject([served(peer, { stream: true })])
      })

      test("an answer that reaches its limit says so", async () => {
        await using at = await stage([{ text: "one two", length: true }])
        const answer = await clientOf(at).models.generateContent({
          model,
          contents: "hi",
          config: { maxOutputTokens: 2 },
        })
        expect(answer).toMatchObject({ text: "one two", candidates: [{ finishReason: "MAX_TOKENS" }] })
      })

      test.each([[false], [true]])("a chat with a tool loop of its own, with stream: %s", async (stream) => {
        await using at = await stage([
          {
            text: "I look it up.",
            toolCalls: [
              { name: "get_weather", arguments: { city: "Paris" } },
              { name: "get_weather", arguments: { city: "Köln 🌧" } },
            ],
          },
          { text: "Sunny, and rain." },
        ])
        const chat = clientOf(at).chats.create({ model, config: { tools: [WEATHER] } })
        const send = async (message: unknown): Promise<GenerateAnswer[]> =>
          stream ? collected(await chat.sendMessageStream({ message })) : [await chat.sendMessage({ message })]
        const calls = (await send("Weather in Paris and Köln?")).flatMap((piece) => piece.functionCalls ?? [])
        expect(calls).toMatchObject([
          { id: expect.any(String), name: "get_weather", args: { city: "Paris" } },
          { id: expect.any(String), name: "get_weather", args: { city: "Köln 🌧" } },
        ])
        const answers = await send(
          calls.map(({ id, name }) => ({ functionResponse: { id, name, response: { output: `result of ${id}` } } })),
        )
        expect(answers.map((piece) => piece.text ?? "").join("")).toBe("Sunny, and rain.")

        const [one, two] = at.asked(peer)
        expect(one).toMatchObject({ tools: ["get_weather"], calls: [], results: [] })
        expect(two?.calls.map((made) => made.arguments)).toEqual([{ city: "Paris" }, { city: "Köln 🌧" }])
        expect(two?.results.map((result) => result.id)).toEqual(two?.calls.map((made) => made.id))
        expect(two?.results.map((result) => result.text)).toEqual(calls.map(({ id }) => `result of ${id}`))
        expect(await at.rows(2)).toMatchObject([served(peer), served(peer)])
      })

      test("functions that the package calls by itself, whose calls have no ids", async () => {
        await using at = await stage([
          { toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }] },
          { text: "It is sunny." },
        ])
        const given: unknown[] = []
        const answer = await clientOf(at).models.generateContent({
          model,
          contents: "Weather in Paris?",
          config: {
            tools: [
              {
                tool: async () => WEATHER,
                callTool: async (calls: { name: string; args: unknown }[]) =>
                  calls.map(({ name, args }) => {
                    given.push(args)
                    return { functionResponse: { name, response: { weather: "sunny, 22 degrees" } } }
                  }),
              },
            ],
          },
        })
        expect(answer.text).toBe("It is sunny.")
        expect(given).toEqual([{ city: "Paris" }])
        expect(at.asked(peer)[1]).toMatchObject({
          calls: [{ name: "get_weather", arguments: { city: "Paris" } }],
          results: [{ text: '{"weather":"sunny, 22 degrees"}' }],
        })
      })

      test("a function that must be called", async () => {
        await using at = await stage([{ toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }] }])
        const answer = await clientOf(at).models.generateContent({
          model,
          contents: "hi",
          config: {
            tools: [WEATHER],
            toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["get_weather"] } },
          },
        })
        expect(answer.functionCalls).toMatchObject([{ name: "get_weather", args: { city: "Paris" } }])
        expect(at.asked(peer)).toMatchObject([{ forced: "get_weather", tools: ["get_weather"] }])
      })

      test("structured output by either kind of schema", async () => {
        const answer = { text: `{"answer":"42"}` }
        await using at = await stage([answer, answer])
        const { models } = clientOf(at)
        const responseMimeType = "application/json"
        const schemas = [
          { responseSchema: { type: "OBJECT", properties: { answer: { type: "STRING" } }, required: ["answer"] } },
          {
            responseJsonSchema: {
              type: "object",
              properties: { answer: { type: "string" } },
              required: ["answer"],
            },
          },
        ]
        for (const schema of schemas) {
          const { text } = await models.generateContent({
            model,
            contents: "hi",
            config: { responseMimeType, ...schema },
          })
          expect(JSON.parse(text ?? "")).toEqual({ answer: "42" })
        }
        const asked = { schema: { properties: { answer: { type: "string" } } } }
        expect(at.asked(peer)).toMatchObject([asked, asked])
      })

      test("thinking is shown to who asks for it, and goes back to its maker", async () => {
        await using at = await stage([
          { thinking: "Let me see.", toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }] },
          { thinking: "It is there.", text: "Sunny." },
        ])
        const { models } = clientOf(at)
        const config = { tools: [WEATHER], thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } }
        const asked = { role: "user", parts: [{ text: "Weather in Paris?" }] }
        const thinker = `${peer}/thinker`
        const first = await models.generateContent({ model: thinker, contents: [asked], config })
        const said = first.candidates?.[0]?.content as Content
        expect(said.parts).toMatchObject([
          { thought: true, text: "Let me see." },
          { functionCall: { name: "get_weather" } },
        ])
        // A client that drops thoughts, as many do, and keeps what stands on the call.
        const kept = { role: "model", parts: said.parts.filter((part) => part["thought"] !== true) }
        const { id, name } = (first.functionCalls ?? [])[0] as { id: string; name: string }
        const result = { role: "user", parts: [{ functionResponse: { id, name, response: { output: "sunny" } } }] }
        const second = await models.generateContent({ model: thinker, contents: [asked, kept, result], config })
        expect(second.text).toBe("Sunny.")
        // The emulated Messages host refuses a signature that is not its own, so that its answer is the proof.
        if (peer === "messages") expect(JSON.stringify(at.requests(peer)[1]?.json)).toContain("Let me see.")
        const row = served(peer, { requestedModel: thinker })
        expect(await at.rows(2)).toMatchObject([row, row])
      })

      test("leaving in the middle takes the host's stream with it", async () => {
        await using at = await stage([{ text: "one two three four ".repeat(40), pace: { chars: 4, ms: 25 } }])
        const left = new AbortController()
        const stream = await clientOf(at).models.generateContentStream({
          model,
          contents: "hi",
          config: { abortSignal: left.signal },
        })
        await expect(
          (async () => {
            for await (const _piece of stream) left.abort()
          })(),
        ).rejects.toThrow()
        await eventually(() => at.asked(peer)[0]?.left === true, 1000)
        expect(await at.rows(1)).toMatchObject([served(peer, { status: 499, error: "aborted" })])
      })

      test("errors have their status, before and behind the first piece", async () => {
        await using at = await stage(
          [
            { error: { status: 404, message: "no such model here" } },
            { error: { status: 429, message: "Too many requests per minute", headers: { "retry-after": "120" } } },
            { error: { status: 400, message: "that is not right" } },
            { text: "one two three four five six", cut: { afterEvents: 5 }, pace: { chars: 4 } },
          ],
          { retry: { maxAttempts: 1 } },
        )
        const { models } = clientOf(at)
        const ask = (): Promise<unknown> => models.generateContent({ model, contents: "hi" })
        const askStream = async (): Promise<unknown> =>
          collected(await models.generateContentStream({ model, contents: "hi" }))
        await expect(ask()).rejects.toMatchObject({ status: 404, message: expect.stringContaining("NOT_FOUND") })
        await expect(askStream()).rejects.toMatchObject({ status: 429 })
        await expect(ask()).rejects.toMatchObject({
          status: 400,
          message: expect.stringContaining("that is not right"),
        })
        await expect(askStream()).rejects.toThrow()
      })
    })

    test.each(VERSIONS)("counting and listing, with the version %s", async (version) => {
      const listModels = async (): Promise<{ id: string; provider: string; name: string; contextWindow: number }[]> => [
        { id: "chat/m", provider: "chat", name: "M", contextWindow: 1000 },
      ]
      await using at = await stage([], { listModels })
      const { models } = clientOf(at, version)
      const { totalTokens } = await models.countTokens({ model: "chat/m", contents: "How many tokens are these?" })
      expect(totalTokens).toBeGreaterThan(3)
      const listed = []
      for await (const one of await models.list()) listed.push(one)
      const entry = { name: "models/chat/m", displayName: "M", inputTokenLimit: 1000 }
      expect(listed).toMatchObject([entry])
      expect(await models.get({ model: "chat/m" })).toMatchObject(entry)
      await expect(models.get({ model: "chat/n" })).rejects.toMatchObject({ status: 404 })
    })

    test("another key is refused", async () => {
      await using at = await stage([])
      const { models } = clientOf({ url: at.url, key: "sk-other" })
      await expect(models.generateContent({ model: "chat/m", contents: "hi" })).rejects.toMatchObject({
        status: 401,
        message: expect.stringContaining("UNAUTHENTICATED"),
      })
    })
  },
)
