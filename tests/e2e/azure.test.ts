import type { AssistantMessage } from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import { resolveModel } from "@sluice/catalog"
import { openaiChatEmulator, openaiResponsesEmulator } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"

const HELLO = { messages: [{ role: "user" as const, content: "hi" }] }

/** Azure's emulator, and a program that knows of it by its environment alone. */
async function azure(env: Record<string, string> = {}) {
  const host = await openaiResponsesEmulator({
    script: () => ({ text: "Hello.", usage: { prompt: 3, output: 2 } }),
    apiKey: "azure-key",
    azure: { deployments: { "my-gpt": "gpt-5.5", "gpt-5.5": "gpt-5.5" }, entraToken: "entra-token" },
  })
  onTestFinished(() => host.close())
  const variables: Record<string, string> = {
    AZURE_OPENAI_API_KEY: "azure-key",
    AZURE_OPENAI_BASE_URL: `${host.url}/openai/v1/`,
    ...env,
  }
  return { host, sluice: createSluice({ env: (name) => variables[name] }) }
}

describe("Azure OpenAI", () => {
  test("is asked with the key in its own header, the version of the API and the name of the deployment", async () => {
    const { host, sluice } = await azure({ AZURE_OPENAI_DEPLOYMENT_NAME_MAP: "gpt-4o=other, gpt-5.5=my-gpt" })
    const message = await sluice.complete("azure-openai/gpt-5.5", HELLO)
    expect(message).toMatchObject({
      stopReason: "stop",
      api: "azure-openai-responses",
      provider: "azure-openai",
      model: "gpt-5.5",
      content: [{ type: "text", text: "Hello." }],
      usage: { input: 3, output: 2 },
    })
    const [request] = host.requests
    expect(request?.path).toBe("/openai/v1/responses?api-version=v1")
    expect(request?.headers["api-key"]).toBe("azure-key")
    expect(request?.headers["authorization"]).toBeUndefined()
    expect(request?.json).toMatchObject({ model: "my-gpt", store: false })
  })

  test("takes another version of the API, and an id as it is where nothing stands for it", async () => {
    const { host, sluice } = await azure({ AZURE_OPENAI_API_VERSION: "preview" })
    expect((await sluice.complete("azure-openai/gpt-5.5", HELLO)).error).toBeUndefined()
    expect(host.requests[0]?.path).toBe("/openai/v1/responses?api-version=preview")
    expect(host.requests[0]?.json).toMatchObject({ model: "gpt-5.5" })
    expect((await sluice.complete("azure-openai/nobody", HELLO)).error).toMatchObject({ status: 404 })
  })

  test("a token of Entra goes out as a bearer, and never as a key", async () => {
    const { host, sluice } = await azure()
    const route = await sluice.route("azure-openai/gpt-5.5")
    const credential = { kind: "oauth" as const, id: "me", secret: "entra-token", origin: "a login" }
    const lease = { credential, observe: () => {}, replace: async () => undefined, release: () => {} }
    const { stream } = await import("@sluice/ai")
    const message = await stream({ ...route, credentials: { acquire: async () => lease } }, HELLO).result()
    expect(message.error).toBeUndefined()
    expect(host.requests[0]?.headers["authorization"]).toBe("Bearer entra-token")
    expect(host.requests[0]?.headers["api-key"]).toBeUndefined()
  })

  test("a wrong key is an error of the credential", async () => {
    const { sluice } = await azure({ AZURE_OPENAI_API_KEY: "wrong" })
    expect((await sluice.complete("azure-openai/gpt-5.5", HELLO)).error).toMatchObject({
      code: "auth_invalid",
      status: 401,
    })
  })

  test("its address follows from the resource's name, and one that is not known says what to set", async () => {
    const resource = createSluice({
      env: (name) => ({ AZURE_OPENAI_RESOURCE_NAME: "My-Resource", AZURE_OPENAI_API_KEY: "k" })[name],
    })
    expect((await resource.route("azure-openai/gpt-5.5")).model.baseUrl).toBe(
      "https://my-resource.openai.azure.com/openai/v1",
    )
    const nowhere = createSluice({ env: (name) => ({ AZURE_OPENAI_API_KEY: "k" })[name] })
    const { error } = await nowhere.complete("azure-openai/gpt-5.5", HELLO)
    expect(error).toMatchObject({ code: "config", hint: expect.stringContaining("AZURE_OPENAI_RESOURCE_NAME") })
    const evil = createSluice({ env: (name) => ({ AZURE_OPENAI_RESOURCE_NAME: "a.evil.com/", X: "" })[name] })
    await expect(evil.route("azure-openai/gpt-5.5")).rejects.toMatchObject({
      message: expect.stringContaining("AZURE_OPENAI_RESOURCE_NAME"),
    })
  })

  test.each(["https://x.openai.azure.com/openai/v1?api-version=v1", "x.openai.azure.com/openai", "ftp://x"])(
    "an address that is none, %s, is a wrong setting and no unknown model",
    async (url) => {
      const env = (name: string): string | undefined =>
        ({ AZURE_OPENAI_BASE_URL: url, AZURE_OPENAI_API_KEY: "k" })[name]
      const { error } = await createSluice({ env }).complete("azure-openai/gpt-5.5", HELLO)
      expect(error).toMatchObject({ code: "config", hint: expect.any(String) })
      expect(error?.message).toContain("AZURE_OPENAI_BASE_URL")
    },
  )

  test("OF-189: nothing below the one loop of tries repeats a request", async () => {
    const host = await openaiResponsesEmulator({ script: () => ({ error: { status: 503 } }), azure: {} })
    onTestFinished(() => host.close())
    const variables: Record<string, string> = {
      AZURE_OPENAI_API_KEY: "k",
      AZURE_OPENAI_BASE_URL: `${host.url}/openai/v1`,
    }
    const sluice = createSluice({ env: (name) => variables[name] })
    const message = await sluice.complete("azure-openai/gpt-5.5", HELLO, { retry: { maxAttempts: 1 } })
    expect(message.error).toMatchObject({ status: 503, retryable: true })
    expect(host.requests).toHaveLength(1)
  })

  test("OF-95: Chat Completions go to the same deployment as Responses", async () => {
    const host = await openaiChatEmulator({
      script: () => ({ text: "Hello." }),
      apiKey: "azure-key",
      azure: { deployments: { "my-gpt": "gpt-5.5" } },
    })
    onTestFinished(() => host.close())
    const variables: Record<string, string> = {
      AZURE_OPENAI_API_KEY: "azure-key",
      AZURE_OPENAI_BASE_URL: `${host.url}/openai/v1`,
      AZURE_OPENAI_DEPLOYMENT_NAME_MAP: "gpt-5.5=my-gpt",
    }
    const env = (name: string): string | undefined => variables[name]
    const sluice = createSluice({
      env,
      resolve: (name) => resolveModel(name, { env, api: "azure-openai-completions" }),
    })
    const message = await sluice.complete("azure-openai/gpt-5.5", HELLO)
    expect(message.content).toMatchObject([{ type: "text", text: "Hello." }])
    const [request] = host.requests
    expect(request?.path).toBe("/openai/v1/chat/completions?api-version=v1")
    expect(request?.headers["api-key"]).toBe("azure-key")
    expect(request?.json).toMatchObject({ model: "my-gpt" })
  })

  test("what its answer holds of its own goes back to it in the next turn", async () => {
    const item = { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "x" } }
    const { host, sluice } = await azure()
    const model = { api: "azure-openai-responses", provider: "azure-openai", model: "gpt-5.5" }
    const answer: AssistantMessage = {
      role: "assistant",
      content: [
        { type: "native", api: "openai-responses", issuer: model, item },
        { type: "text", text: "Found.", phase: "final_answer" },
      ],
      ...model,
      usage: { provenance: "absent" },
      stopReason: "stop",
      timestamp: 0,
    }
    const messages = [...HELLO.messages, answer, { role: "user" as const, content: "and?" }]
    const message = await sluice.complete("azure-openai/gpt-5.5", { messages })
    expect(message.losses).toBeUndefined()
    const { input } = (host.requests[0] as { json: unknown }).json as { input: Record<string, unknown>[] }
    expect(input).toMatchObject([
      { role: "user" },
      { type: "web_search_call" },
      { type: "message", role: "assistant", phase: "final_answer" },
      { role: "user" },
    ])
  })
})
