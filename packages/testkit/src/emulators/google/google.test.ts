import { describe, expect, onTestFinished, test } from "vitest"
import { googleEmulator, type GoogleEmulator } from "./server.ts"
import type { GoogleOptions } from "./types.ts"

type Fields = Record<string, unknown>

const USER = { role: "user", parts: [{ text: "Hi" }] }
const MODELS = "/v1beta/models"
const VERTEX = "/v1/projects/p/locations/us-central1/publishers/google/models"

async function google(options: GoogleOptions = {}): Promise<GoogleEmulator> {
  const server = await googleEmulator(options)
  onTestFinished(() => server.close())
  return server
}

function post(server: GoogleEmulator, path: string, body: unknown, headers: Fields = { "x-goog-api-key": "key" }) {
  return fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...(headers as Record<string, string>) },
    body: JSON.stringify(body),
  })
}

interface Told {
  status: number
  word: string
  message: string
}

/** What the emulator says of a request that it refuses. */
async function refusal(
  server: GoogleEmulator,
  body: unknown,
  path = `${MODELS}/gemini-2.5-flash:generateContent`,
): Promise<Told> {
  const response = await post(server, path, body)
  const { error } = (await response.json()) as { error?: { code: number; message: string; status: string } }
  if (error) expect(error.code).toBe(response.status)
  return { status: response.status, word: error?.status ?? "", message: error?.message ?? "" }
}

async function events(response: Response): Promise<Fields[]> {
  const text = await response.text()
  return text
    .split("\r\n\r\n")
    .filter((one) => one !== "")
    .map((one) => JSON.parse(one.replace(/^data: /, "")) as Fields)
}

function partsIn(chunks: readonly Fields[]): Fields[] {
  return chunks.flatMap((chunk) => (chunk["candidates"] as { content: { parts: Fields[] } }[])[0]?.content.parts ?? [])
}

describe("answers", () => {
  const answer = {
    thinking: "Let me see",
    text: "Hello there",
    toolCalls: [{ name: "a", arguments: { x: "é" } }, { name: "b" }],
    usage: { prompt: 100, cached: 40, output: 9, reasoning: 4 },
  }
  const ask = { contents: [USER], generationConfig: { thinkingConfig: { includeThoughts: true } } }

  test("as events, as a list of documents and as one document, all the same", async () => {
    const server = await google({ script: () => answer })
    const path = `${MODELS}/gemini-3-flash-preview`
    const streamed = await events(await post(server, `${path}:streamGenerateContent?alt=sse`, ask))
    const listed = (await (await post(server, `${path}:streamGenerateContent`, ask)).json()) as Fields[]
    const whole = (await (await post(server, `${path}:generateContent`, ask)).json()) as Fields
    const join = (parts: readonly Fields[], thought: boolean): string =>
      parts.map((part) => ((part["thought"] === true) === thought ? (part["text"] ?? "") : "")).join("")
    for (const chunks of [streamed, listed, [whole]]) {
      const parts = partsIn(chunks)
      expect(join(parts, true)).toBe("Let me see")
      expect(join(parts, false)).toBe("Hello there")
      const calls = parts.filter((part) => part["functionCall"] !== undefined)
      expect(calls).toMatchObject([
        { functionCall: { name: "a", args: { x: "é" } }, thoughtSignature: expect.any(String) },
        { functionCall: { name: "b", args: {} } },
      ])
      expect(calls[1]?.["thoughtSignature"]).toBeUndefined()
      expect(chunks.at(-1)).toMatchObject({
        candidates: [{ finishReason: "STOP" }],
        modelVersion: "gemini-3-flash-preview",
        usageMetadata: {
          promptTokenCount: 100,
          cachedContentTokenCount: 40,
          candidatesTokenCount: 5,
          thoughtsTokenCount: 4,
          totalTokenCount: 109,
        },
      })
    }
    expect(streamed.length).toBeGreaterThan(3)
    expect(partsIn([whole])).toHaveLength(4)
  })

  test("thinking is shown to those who ask for it alone", async () => {
    const server = await google({ script: () => answer })
    const { generationConfig: _config, ...plain } = ask
    const parts = partsIn(await events(await post(server, `${MODELS}/m:streamGenerateContent?alt=sse`, plain)))
    expect(parts.some((part) => part["thought"] === true)).toBe(false)
  })

  test("a blocked prompt, a limit, a filter, silence and an error within the stream", async () => {
    const server = await google({
      script: [
        { blockReason: "PROHIBITED_CONTENT" },
        { text: "cut o", length: true },
        { text: "no", stop: "SAFETY", finishMessage: "Blocked." },
        { nothing: true },
        { noEvents: true },
        { text: "one two", streamError: { status: 503, afterEvents: 1 } },
      ],
    })
    const stream = async (): Promise<Fields[]> =>
      events(await post(server, `${MODELS}/m:streamGenerateContent?alt=sse`, { contents: [USER] }))
    expect(await stream()).toMatchObject([{ promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }])
    expect((await stream()).at(-1)).toMatchObject({ candidates: [{ finishReason: "MAX_TOKENS" }] })
    expect((await stream()).at(-1)).toMatchObject({
      candidates: [{ finishReason: "SAFETY", finishMessage: "Blocked." }],
    })
    expect(partsIn(await stream())).toEqual([{ text: "" }])
    expect(await stream()).toEqual([])
    expect((await stream()).at(-1)).toMatchObject({ error: { code: 503, status: "UNAVAILABLE" } })
  })

  test("an error of a list of documents stands in that list", async () => {
    const server = await google({ script: [{ error: { status: 429 } }] })
    const response = await post(server, `${MODELS}/m:streamGenerateContent`, { contents: [USER] })
    expect([response.status, await response.json()]).toMatchObject([429, [{ error: { status: "RESOURCE_EXHAUSTED" } }]])
  })

  test("tokens are counted, of turns alone and of a whole request", async () => {
    const server = await google()
    const count = async (body: unknown): Promise<number> =>
      ((await (await post(server, `${MODELS}/m:countTokens`, body)).json()) as { totalTokens: number }).totalTokens
    const few = await count({ contents: [USER] })
    const system = { parts: [{ text: "many more words" }] }
    const more = await count({
      generateContentRequest: { model: "models/m", contents: [USER], systemInstruction: system },
    })
    expect(few).toBeGreaterThan(0)
    expect(more).toBeGreaterThan(few)
  })

  test("models are listed page by page, and one alone", async () => {
    const server = await google({ models: ["a", "b", "c"] })
    const get = async (path: string): Promise<Fields> =>
      (await (await fetch(`${server.url}${path}`, { headers: { "x-goog-api-key": "k" } })).json()) as Fields
    const first = await get(`${MODELS}?pageSize=2`)
    expect(first).toMatchObject({
      models: [{ name: "models/a" }, { name: "models/b" }],
      nextPageToken: expect.any(String),
    })
    const rest = await get(`${MODELS}?pageSize=2&pageToken=${String(first["nextPageToken"])}`)
    expect(rest).toMatchObject({ models: [{ name: "models/c" }] })
    expect(rest["nextPageToken"]).toBeUndefined()
    expect(await get(`${MODELS}/b`)).toMatchObject({ name: "models/b" })
    expect(await get(`${MODELS}/d`)).toMatchObject({ error: { code: 404 } })
  })
})

describe("who may ask", () => {
  const ask = { contents: [USER] }
  const path = `${MODELS}/m:generateContent`

  test("a key in its header or in the address, or a token; not both, and not nothing", async () => {
    const server = await google({ apiKey: "good", accessToken: "token" })
    const status = async (headers: Fields, query = ""): Promise<number> =>
      (await post(server, path + query, ask, headers)).status
    expect(await status({ "x-goog-api-key": "good" })).toBe(200)
    expect(await status({}, "?key=good")).toBe(200)
    expect(await status({ authorization: "Bearer token" })).toBe(200)
    expect(await status({ authorization: "Bearer other" })).toBe(401)
    expect(await status({ "x-goog-api-key": "bad" })).toBe(400)
    expect(await status({ "x-goog-api-key": "good", authorization: "Bearer token" })).toBe(400)
    expect(await status({})).toBe(403)
    const bad = (await (await post(server, path, ask, { "x-goog-api-key": "bad" })).json()) as Fields
    expect(bad).toMatchObject({ error: { status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] } })
  })

  test("Vertex below its project and place, or with a key alone", async () => {
    const server = await google({ accessToken: "token", project: "p", locations: ["us-central1"], models: ["m"] })
    const token = { authorization: "Bearer token" }
    const status = async (at: string, headers: Fields = token): Promise<number> =>
      (await post(server, `${at}:generateContent`, ask, headers)).status
    expect(await status(`${VERTEX}/m`)).toBe(200)
    expect(await status("/v1/publishers/google/models/m", { "x-goog-api-key": "k" })).toBe(200)
    expect(await status(VERTEX.replace("/p/", "/q/") + "/m")).toBe(403)
    expect(await status(VERTEX.replace("us-central1", "mars") + "/m")).toBe(404)
    expect(await status(`${VERTEX}/n`)).toBe(404)
    expect(server.calls.map(({ surface, model }) => `${surface} ${model}`)).toEqual(["vertex m", "vertex m"])
  })

  test("a model that is not there, and a method that is none", async () => {
    const server = await google({ models: ["m"] })
    expect(await refusal(server, ask, `${MODELS}/n:generateContent`)).toMatchObject({
      status: 404,
      word: "NOT_FOUND",
      message: expect.stringMatching(/^models\/n is not found for API version v1beta/),
    })
    expect(await refusal(server, ask, `${MODELS}/m:makeCoffee`)).toMatchObject({ status: 404 })
  })
})

describe("what the vendor refuses", () => {
  const call = (name = "look", more: Fields = {}): Fields => ({ functionCall: { name, args: {} }, ...more })
  const result = (name = "look", response: unknown = { output: "1" }): Fields => ({
    functionResponse: { name, response },
  })
  const model = (...parts: Fields[]): Fields => ({ role: "model", parts })
  const user = (...parts: Fields[]): Fields => ({ role: "user", parts })
  const tool = (more: Fields): Fields => ({ tools: [{ functionDeclarations: [{ name: "look", ...more }] }] })
  const schema = (parameters: Fields): Fields => tool({ parameters })
  const json = (properties: Fields): Fields => tool({ parametersJsonSchema: { type: "object", properties } })
  const thinking = (thinkingConfig: Fields): Fields => ({ generationConfig: { thinkingConfig } })
  const config = (functionCallingConfig: Fields): Fields => ({ toolConfig: { functionCallingConfig } })

  const rows: [string, Fields, RegExp][] = [
    ["no turns", { contents: [] }, /contents is not specified/],
    ["an unknown field", { minP: 1 }, /Unknown name "minP": Cannot find field/],
    ["one further in", { generationConfig: { minP: 0.1 } }, /Unknown name "minP" at 'generation_config'/],
    [
      "one in a part",
      { contents: [user({ text: "x", cache: 1 })] },
      /Unknown name "cache" at 'contents\[0\].parts\[0\]'/,
    ],
    ["a field of Vertex", { labels: { a: "b" } }, /Unknown name "labels"/],
    ["an unknown role", { contents: [{ role: "assistant", parts: [{ text: "x" }] }] }, /valid role: user, model/],
    ["no parts", { contents: [user()] }, /contents\[0\]\.parts: contents\.parts must not be empty/],
    ["an empty part", { contents: [user({})] }, /required oneof field 'data'/],
    ["an empty text", { contents: [user({ text: "" })] }, /required oneof field 'data'/],
    ["two things in one part", { contents: [user({ text: "x", inlineData: { mimeType: "a/b", data: "" } })] }, /oneof/],
    [
      "bytes that are none",
      { contents: [user({ inlineData: { mimeType: "image/png", data: "é" } })] },
      /Base64 decoding/,
    ],
    [
      "a call first",
      { contents: [model(call()), user(result())] },
      /function call turn comes immediately after a user turn/,
    ],
    [
      "a call behind an answer",
      { contents: [USER, model({ text: "x" }), model(call()), user(result())] },
      /function call turn/,
    ],
    ["a result without a call", { contents: [USER, user(result())] }, /function response turn comes immediately after/],
    [
      "too few results",
      { contents: [USER, model(call(), call()), user(result())] },
      /number of function response parts/,
    ],
    [
      "results in two turns",
      { contents: [USER, model(call(), call()), user(result()), user(result())] },
      /number of function/,
    ],
    ["a call that is left alone", { contents: [USER, model(call()), USER] }, /number of function response parts/],
    [
      "a result that is a text",
      { contents: [USER, model(call()), user(result("look", "1"))] },
      /function_response\.response/,
    ],
    [
      "an image in the system prompt",
      { systemInstruction: { parts: [{ inlineData: { mimeType: "a/b", data: "" } }] } },
      /only text/,
    ],
    ["a name with a space", { tools: [{ functionDeclarations: [{ name: "a b" }] }] }, /Invalid function name/],
    [
      "one name twice",
      { tools: [{ functionDeclarations: [{ name: "a" }, { name: "a" }] }] },
      /Duplicate function declaration/,
    ],
    [
      "JSON Schema in the other field",
      schema({ type: "object", additionalProperties: false }),
      /Unknown name "additionalProperties"/,
    ],
    ["several types", schema({ type: ["string", "null"] }), /Invalid value at .*type/],
    ["an enum of numbers", schema({ type: "object", properties: { a: { type: "string", enum: [1] } } }), /TYPE_STRING/],
    ["a list of nothing", schema({ type: "object", properties: { a: { type: "array" } } }), /items: missing field/],
    [
      "a choice of nothing",
      schema({ type: "object", properties: { a: { type: "string", enum: [""] } } }),
      /cannot be empty/,
    ],
    [
      "a property that is not there",
      schema({ type: "object", properties: { a: { type: "string" } }, required: ["b"] }),
      /property is not defined/,
    ],
    ["a bare truth as a schema", json({ a: true }), /must be an object/],
    ["a pattern of names", json({ a: { type: "object", patternProperties: {} } }), /patternProperties/],
    ["numbers in an enum", json({ a: { enum: ["x", 1] } }), /TYPE_STRING/],
    [
      "both schemas",
      tool({ parameters: { type: "object" }, parametersJsonSchema: { type: "object" } }),
      /must not both be set/,
    ],
    ["a choice without tools", config({ mode: "ANY" }), /set without function_declarations/],
    ["names beside AUTO", { ...tool({}), ...config({ mode: "AUTO", allowedFunctionNames: ["look"] }) }, /mode is ANY/],
    [
      "a name that is not declared",
      { ...tool({}), ...config({ mode: "ANY", allowedFunctionNames: ["other"] }) },
      /not in function_declarations/,
    ],
    ["heat", { generationConfig: { temperature: 3 } }, /temperature must be in the range/],
    ["too many tokens", { generationConfig: { maxOutputTokens: 70_000 } }, /maxOutputTokens value of 70000/],
    ["too many stops", { generationConfig: { stopSequences: [..."abcdef"] } }, /maximum number of stop sequences is 5/],
    [
      "a schema without its type",
      { generationConfig: { responseJsonSchema: { type: "object" } } },
      /response mimetype must be/,
    ],
    ["level and budget", thinking({ thinkingBudget: 1, thinkingLevel: "LOW" }), /only set only one/],
    ["a level before its time", thinking({ thinkingLevel: "LOW" }), /Thinking level is not supported/],
    ["a budget too large", thinking({ thinkingBudget: 30_000 }), /choose a value between 1 and 24576/],
    [
      "a cache and a system prompt",
      { cachedContent: "c", systemInstruction: { parts: [{ text: "x" }] } },
      /CachedContent can not be used/,
    ],
    ["a blank cache", { cachedContent: "" }, /cached_content: must not be empty/],
  ]

  test.each(rows)("%s", async (_name, change, message) => {
    const server = await google()
    expect(await refusal(server, { contents: [USER], ...change })).toMatchObject({
      status: 400,
      word: "INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    })
    expect(server.calls).toHaveLength(0)
  })

  test.each([
    ["gemini-2.5-pro", { thinkingBudget: 0 }, /Budget 0 is invalid/],
    ["gemini-3-pro-preview", { thinkingLevel: "MEDIUM" }, /MEDIUM is not supported/],
    ["gemini-3.1-pro-preview", { thinkingLevel: "MINIMAL" }, /MINIMAL is not supported/],
  ])("what %s has not: %j", async (name, thinkingConfig, message) => {
    const server = await google()
    const body = { contents: [USER], generationConfig: { thinkingConfig } }
    expect((await refusal(server, body, `${MODELS}/${name}:generateContent`)).message).toMatch(message)
  })

  test("a property that is called like a keyword is no keyword", async () => {
    const server = await google()
    const properties = { properties: { type: "string" }, propertyNames: { type: "string" }, enum: { type: "number" } }
    expect((await refusal(server, { contents: [USER], ...json(properties) })).status).toBe(200)
  })

  test("Vertex has labels, and no ids of calls", async () => {
    const server = await google()
    const path = `${VERTEX}/m:generateContent`
    expect((await refusal(server, { contents: [USER], labels: { a: "b" } }, path)).status).toBe(200)
    const contents = [USER, model({ functionCall: { name: "look", args: {}, id: "1" } }), user(result())]
    expect((await refusal(server, { contents }, path)).message).toMatch(
      /Unknown name "id" at 'contents\[1\].parts\[0\].function_call'/,
    )
    expect((await refusal(server, { contents })).status).toBe(200)
  })
})

describe("signatures", () => {
  const path = `${MODELS}/gemini-3-flash-preview:generateContent`
  const result = { role: "user", parts: [{ functionResponse: { name: "look", response: {} } }] }
  const turn = (signature?: string, at = path): [unknown, string] => [
    {
      contents: [
        USER,
        {
          role: "model",
          parts: [
            { functionCall: { name: "look" }, ...(signature === undefined ? {} : { thoughtSignature: signature }) },
          ],
        },
        result,
      ],
    },
    at,
  ]

  test("of its own calls are wanted back, within the turn that is under way", async () => {
    const server = await google({ script: () => ({ toolCalls: [{ name: "look" }] }) })
    const answer = (await (await post(server, path, { contents: [USER] })).json()) as Fields
    const [part] = partsIn([answer])
    const signature = String(part?.["thoughtSignature"])
    expect(server.signatures.get(signature)).toBe("gemini-3-flash-preview")
    expect((await refusal(server, ...turn(signature))).status).toBe(200)
    expect(await refusal(server, ...turn())).toMatchObject({
      status: 400,
      message: expect.stringMatching(/missing a thought_signature/),
    })
    expect((await refusal(server, ...turn(signature.replace(/^./, "_")))).message).toMatch(/not valid/)
    expect((await refusal(server, ...turn("no base64!"))).message).toMatch(/Base64 decoding failed/)
    expect((await refusal(server, ...turn("skip_thought_signature_validator"))).status).toBe(200)
    expect(
      (await refusal(server, ...turn(signature, `${MODELS}/gemini-3-pro-preview:generateContent`))).message,
    ).toMatch(/not valid/)
    const [old] = turn() as [{ contents: unknown[] }, string]
    const later = { contents: [...old.contents, { role: "model", parts: [{ text: "Done." }] }, USER] }
    expect((await refusal(server, later, path)).status).toBe(200)
  })

  test("are not wanted by models before that", async () => {
    const server = await google()
    expect((await refusal(server, ...turn(undefined, `${MODELS}/gemini-2.5-flash:generateContent`))).status).toBe(200)
  })
})
