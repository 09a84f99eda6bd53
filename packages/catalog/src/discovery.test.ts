import { describe, expect, test } from "vitest"
import { CatalogError, describeModel, discoverModels, mergeModelData, PROVIDERS } from "./index.ts"

interface Asked {
  url: string
  headers: Headers
  redirect: string | undefined
}

function host(body: unknown, init: ResponseInit = {}): { fetch: typeof fetch; asked: Asked[] } {
  const asked: Asked[] = []
  const answer = (url: unknown, request?: RequestInit): Promise<Response> => {
    asked.push({ url: String(url), headers: new Headers(request?.headers), redirect: request?.redirect })
    return Promise.resolve(new Response(typeof body === "string" ? body : JSON.stringify(body), init))
  }
  return { fetch: answer as typeof fetch, asked }
}

async function failure(run: Promise<unknown>): Promise<CatalogError> {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(CatalogError)
  return error as CatalogError
}

describe("shapes", () => {
  test("OpenAI: the data array, without what cannot be talked to", async () => {
    const { fetch, asked } = host({
      object: "list",
      data: [
        { id: "gpt-5.5", object: "model", owned_by: "openai" },
        { id: "text-embedding-3-small" },
        { id: "gpt-image-1" },
        { id: "gpt-4o-audio-preview" },
        { id: "o3" },
        { id: "ft:gpt-4o:me" },
      ],
    })
    const models = await discoverModels("openai", { fetch, headers: { authorization: "Bearer k" } })
    expect(models.map((model) => model.id)).toEqual(["ft:gpt-4o:me", "gpt-5.5", "o3"])
    expect(models[1]?.ownedBy).toBe("openai")
    expect(asked).toHaveLength(1)
    expect(asked[0]?.url).toBe("https://api.openai.com/v1/models")
    expect(asked[0]?.headers.get("authorization")).toBe("Bearer k")
    expect(asked[0]?.redirect).toBe("manual")
  })

  test("llama.cpp: both arrays of one answer belong to the same models", async () => {
    const { fetch, asked } = host({
      models: [{ name: "vision.gguf", model: "vision.gguf", capabilities: ["completion", "multimodal"] }],
      object: "list",
      data: [{ id: "vision.gguf", owned_by: "llamacpp", meta: { n_ctx: 16_384, n_ctx_train: 262_144 } }],
    })
    const [model, ...rest] = await discoverModels("llama.cpp", { fetch, baseUrl: "http://127.0.0.1:9999/v1/" })
    expect(rest).toEqual([])
    expect(asked[0]?.url).toBe("http://127.0.0.1:9999/v1/models")
    expect(model).toEqual({
      id: "vision.gguf",
      ownedBy: "llamacpp",
      data: { contextWindow: 16_384, input: ["text", "image"] },
    })
  })

  test("Google: names without their collection, and only what gives answers", async () => {
    const { fetch, asked } = host({
      models: [
        {
          name: "models/gemini-new",
          displayName: "Gemini New",
          inputTokenLimit: 1000,
          outputTokenLimit: 100,
          supportedGenerationMethods: ["generateContent", "countTokens"],
        },
        { name: "models/gemini-embedding-001", supportedGenerationMethods: ["embedContent"] },
      ],
    })
    expect(await discoverModels("google", { fetch })).toEqual([
      { id: "gemini-new", data: { name: "Gemini New", contextWindow: 1000, maxTokens: 100 } },
    ])
    expect(asked[0]?.url).toBe("https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000")
  })

  test("OpenRouter: prices per token become prices per million", async () => {
    const { fetch } = host({
      data: [
        {
          id: "acme/thinker",
          name: "Acme: Thinker",
          context_length: 200_000,
          architecture: { input_modalities: ["text", "image", "file", "video"] },
          pricing: { prompt: "0.000003", completion: "0.000015", input_cache_read: "0.0000003" },
          top_provider: { context_length: 200_000, max_completion_tokens: 64_000 },
          supported_parameters: ["tools", "tool_choice", "reasoning", "structured_outputs", "response_format"],
        },
        {
          id: "acme/old",
          architecture: { modality: "text->text" },
          pricing: { prompt: "-1", completion: "-1" },
          top_provider: { max_completion_tokens: null },
          supported_parameters: ["temperature"],
        },
      ],
    })
    const [old, thinker] = await discoverModels("openrouter", { fetch })
    expect(thinker?.data).toEqual({
      name: "Acme: Thinker",
      contextWindow: 200_000,
      maxTokens: 64_000,
      input: ["text", "image", "document"],
      prices: { input: 3, output: 15, cacheRead: 0.3 },
      thinking: { mode: "effort", efforts: ["low", "medium", "high"] },
    })
    expect(old?.data).toEqual({
      input: ["text"],
      compat: { chat: { toolChoice: "none", structuredOutput: "none" } },
    })
  })

  test("a family that is known keeps its own ladder", async () => {
    const { fetch } = host({ data: [{ id: "google/gemini-3-pro-preview", supported_parameters: ["reasoning"] }] })
    const [model] = await discoverModels("openrouter", { fetch })
    expect(describeModel("openrouter", "google/gemini-3-pro-preview", model?.data).thinking?.efforts).toEqual([
      "low",
      "high",
    ])
  })

  test("Anthropic: display names, and the version header", async () => {
    const { fetch, asked } = host({
      data: [
        { type: "model", id: "claude-opus-4-7", display_name: "Claude Opus 4.7", created_at: "2026-04-01T00:00:00Z" },
      ],
      has_more: false,
    })
    const models = await discoverModels("anthropic", { fetch })
    expect(models).toEqual([{ id: "claude-opus-4-7", data: { name: "Claude Opus 4.7" } }])
    expect(asked[0]?.url).toBe("https://api.anthropic.com/v1/models?limit=1000")
    expect(asked[0]?.headers.get("anthropic-version")).toBe("2023-06-01")
  })

  test("AG-150: vLLM's max_model_len is the window", async () => {
    const { fetch } = host({ data: [{ id: "Qwen/Qwen3-8B", max_model_len: 40_960, root: "/models/x" }] })
    const [model] = await discoverModels("vllm", { fetch })
    expect(model?.data.contextWindow).toBe(40_960)
  })

  test("a bare array (Together), and long ids that have a public form (Fireworks)", async () => {
    const bare = host([{ id: "b", context_length: 10 }, { id: "a" }, { id: "b" }])
    expect((await discoverModels("together", bare)).map((model) => model.id)).toEqual(["a", "b"])
    const long = host({ data: [{ id: "accounts/fireworks/models/kimi-k2p6" }] })
    const [kimi] = await discoverModels("fireworks", long)
    expect(kimi).toMatchObject({ id: "kimi-k2.6", data: { requestModelId: "accounts/fireworks/models/kimi-k2p6" } })
  })

  test("nested lists and odd records", async () => {
    const { fetch } = host({
      result: {
        items: [{ id: "good" }, null, 7, {}, { id: "" }, "plain", { id: 5 }, { id: "odd", context_length: -1 }],
      },
    })
    const models = await discoverModels(PROVIDERS.vllm, { fetch })
    expect(models).toEqual([
      { id: "good", data: {} },
      { id: "odd", data: {} },
      { id: "plain", data: {} },
    ])
  })

  test("an empty list is a list", async () => {
    expect(await discoverModels("ollama", host({ object: "list", data: [] }))).toEqual([])
  })
})

describe("details", () => {
  const TAGS = {
    models: [
      { name: "qwen3:8b", model: "qwen3:8b" },
      { name: "gpt-oss:20b", model: "gpt-oss:20b" },
    ],
  }
  const SHOWN: Readonly<Record<string, unknown>> = {
    "qwen3:8b": {
      model_info: { "general.architecture": "qwen3", "qwen3.context_length": 40_960 },
      capabilities: ["completion", "tools", "thinking"],
    },
    "llava:7b": { model_info: { "llama.context_length": 4096 }, capabilities: ["completion", "vision"] },
  }

  /** A host that lists models and shows some of them. */
  function showing(list: unknown): { fetch: typeof fetch; asked: string[] } {
    const asked: string[] = []
    const answer = (url: unknown, request?: RequestInit): Promise<Response> => {
      const { model } = (request?.body === undefined ? {} : JSON.parse(String(request.body))) as { model?: string }
      asked.push(`${request?.method ?? "GET"} ${String(url)}${model === undefined ? "" : ` ${model}`}`)
      const body = model === undefined ? list : SHOWN[model]
      return Promise.resolve(new Response(JSON.stringify(body ?? { error: "not found" }), { status: body ? 200 : 404 }))
    }
    return { fetch: answer as typeof fetch, asked }
  }

  test("AG-152: what a model of Ollama can do comes from what its host shows of it, window and abilities", async () => {
    const { fetch, asked } = showing({ data: [{ id: "qwen3:8b" }, { id: "llava:7b" }] })
    const models = await discoverModels("ollama", { fetch, details: true })
    expect(asked.toSorted()).toEqual([
      "GET http://127.0.0.1:11434/v1/models",
      "POST http://127.0.0.1:11434/api/show llava:7b",
      "POST http://127.0.0.1:11434/api/show qwen3:8b",
    ])
    expect(models).toEqual([
      { id: "llava:7b", data: { contextWindow: 4096, input: ["text", "image"], thinking: false } },
      // The family's ladder says more than "it thinks".
      { id: "qwen3:8b", data: { contextWindow: 40_960, input: ["text"] } },
    ])
  })

  test.each([
    ['num_ctx                        8192\nstop                           "<|im_end|>"', 8192],
    ['stop                           "num_ctx 9"\r\nnum_ctx 100000', 40_960],
    ["temperature 1", 40_960],
    [7, 40_960],
  ])("whose own settings %j open a smaller window have that", async (parameters, contextWindow) => {
    const host = (url: unknown): Promise<Response> => {
      const body = String(url).endsWith("/api/show")
        ? { ...(SHOWN["qwen3:8b"] as object), parameters }
        : { data: [{ id: "qwen3:8b" }] }
      return Promise.resolve(Response.json(body))
    }
    const [model] = await discoverModels("ollama", { fetch: host as typeof fetch, details: true })
    expect(model?.data.contextWindow).toBe(contextWindow)
  })

  test("are one request a model, so that nobody gets them who does not ask", async () => {
    const { fetch, asked } = showing(TAGS)
    expect(await discoverModels("ollama-cloud", { fetch })).toHaveLength(2)
    expect(asked).toEqual(["GET https://ollama.com/api/tags"])
  })

  test("that a host does not give leave a model as it was listed", async () => {
    const { fetch } = showing(TAGS)
    const models = await discoverModels("ollama-cloud", { fetch, details: true })
    expect(models.map(({ id, data }) => [id, data.contextWindow])).toEqual([
      ["gpt-oss:20b", undefined],
      ["qwen3:8b", 40_960],
    ])
  })
})

describe("failures", () => {
  test.each([
    [401, "answered with status 401", "key"],
    [302, "answered with status 302", "address"],
    [500, "answered with status 500", "address"],
  ])("status %d", async (status, message, hint) => {
    const error = await failure(discoverModels("groq", host("nope", { status })))
    expect(error).toMatchObject({ code: "discovery_failed", status })
    expect(error.message).toContain(message)
    expect(error.hint).toContain(hint)
  })

  test.each([
    ["<html>", "not JSON"],
    ["{}", "no list of models"],
    ['"text"', "no list of models"],
    ["", "not JSON"],
  ])("body %j", async (body, part) => {
    const error = await failure(discoverModels("groq", host(body)))
    expect(error.message).toContain(part)
  })

  test("a body beyond the bound is cut off", async () => {
    let pulled = 0
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(1000).fill(32))
      },
      cancel() {
        cancelled = true
      },
    })
    const answer = (): Promise<Response> => Promise.resolve(new Response(endless))
    const error = await failure(discoverModels("groq", { fetch: answer as typeof fetch, maxBytes: 10_000 }))
    expect(error.message).toContain("more than 10000 bytes")
    expect(pulled).toBeLessThan(20)
    expect(cancelled).toBe(true)
  })

  test("a silent host and a caller who has had enough are told apart", async () => {
    const silent = (_url: unknown, init?: RequestInit): Promise<Response> =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error))
      })
    const late = await failure(discoverModels("vllm", { fetch: silent as typeof fetch, timeoutMs: 5 }))
    expect(late.message).toContain("did not answer in time")
    expect(late.hint).toContain("server is running")
    const controller = new AbortController()
    const reason = new Error("enough")
    const asked = discoverModels("vllm", { fetch: silent as typeof fetch, signal: controller.signal })
    controller.abort(reason)
    await expect(asked).rejects.toBe(reason)
  })

  test("a host that cannot be reached does not put the request's headers into the error", async () => {
    const broken = (): Promise<Response> => Promise.reject(new TypeError("fetch failed: Bearer sk-secret"))
    const error = await failure(
      discoverModels("ollama", { fetch: broken as typeof fetch, headers: { authorization: "Bearer sk-secret" } }),
    )
    expect(error.message).toContain("could not be reached")
    expect(JSON.stringify(error)).not.toContain("sk-secret")
  })

  test("a provider without a list, and one that is not there", async () => {
    expect((await failure(discoverModels("mock"))).code).toBe("discovery_unsupported")
    expect((await failure(discoverModels("olama"))).suggestions).toContain("ollama")
  })
})

test("what the host says wins over the table, but for a name that is only the id", () => {
  const merged = mergeModelData(
    { name: "Nice name", contextWindow: 100, input: ["text", "image"], prices: { input: 1, output: 2 } },
    { name: "some-id", contextWindow: 200, input: ["text"] },
    "some-id",
  )
  expect(merged).toEqual({
    name: "Nice name",
    contextWindow: 200,
    input: ["text", "image"],
    prices: { input: 1, output: 2 },
  })
})
