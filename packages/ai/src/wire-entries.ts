import type { EnvironmentReader } from "@sluice/catalog"
import type { Endpoint } from "./contract/endpoint.ts"
import type { WireClient } from "./contract/wire-client.ts"
import { azureEndpoint } from "./endpoints/azure.ts"
import { googleEndpoint } from "./endpoints/google.ts"
import { anthropicEndpoint, ollamaEndpoint, openaiEndpoint } from "./endpoints/plain.ts"
import type { SluiceConfig, WireEntry } from "./sluice.ts"

type Load<T> = () => Promise<T>

const chat: Load<WireClient> = async () => (await import("./wires/openai-completions/client.ts")).openaiCompletions
const responses: Load<WireClient> = healed(
  async () => (await import("./wires/openai-responses/client.ts")).openaiResponses,
)
const messages: Load<WireClient> = healed(
  async () => (await import("./wires/anthropic-messages/client.ts")).anthropicMessages,
)
const converse: Load<WireClient> = async () =>
  (await import("./wires/bedrock-converse-stream/client.ts")).bedrockConverseStream
const gemini: Load<WireClient> = async () => (await import("./wires/google-generative-ai/client.ts")).googleGenerativeAi
const ollama: Load<WireClient> = async () => (await import("./wires/ollama-chat/client.ts")).ollamaChat

/** A codec that does not heal by itself, and is spoken by hosts whose answers need that. */
function healed(codec: Load<WireClient>): Load<WireClient> {
  return async () => {
    const [wire, { healing }] = await Promise.all([codec(), import("./healing.ts")])
    return healing(wire)
  }
}

/** One api: a codec, and the endpoint of the hosts that it is spoken with. */
function entry(codec: Load<WireClient>, endpoint: Endpoint | Load<Endpoint>): WireEntry {
  return async () => {
    const [wire, at] = await Promise.all([codec(), typeof endpoint === "function" ? endpoint() : endpoint])
    return { wire, endpoint: at }
  }
}

/** Every api, by its codec and its endpoint as an environment sets it; each is loaded when it is first needed. */
export function wireEntries(env: EnvironmentReader): SluiceConfig["wires"] {
  return {
    "openai-completions": entry(chat, openaiEndpoint),
    "openai-responses": entry(responses, openaiEndpoint),
    "anthropic-messages": entry(messages, anthropicEndpoint),
    "google-generative-ai": entry(gemini, googleEndpoint),
    "azure-openai-responses": entry(responses, azureEndpoint),
    "azure-openai-completions": entry(chat, azureEndpoint),
    "openai-codex-responses": entry(responses, () => codex(env)),
    "google-vertex": entry(gemini, async () => {
      const { vertexEndpoint, vertexSettings } = await import("./endpoints/vertex/index.ts")
      return vertexEndpoint(vertexSettings(env))
    }),
    "google-vertex-anthropic": entry(messages, async () => {
      const { vertexAnthropicEndpoint, vertexSettings } = await import("./endpoints/vertex/index.ts")
      return vertexAnthropicEndpoint(vertexSettings(env))
    }),
    "google-gemini-cli": entry(healed(gemini), async () => {
      const { codeAssistEndpoint, codeAssistSettings } = await import("./endpoints/code-assist/index.ts")
      return codeAssistEndpoint(codeAssistSettings(env))
    }),
    "bedrock-converse-stream": entry(converse, async () => {
      const { bedrockEndpoint, bedrockSettings } = await import("./endpoints/bedrock/index.ts")
      return bedrockEndpoint(bedrockSettings(env))
    }),
    "bedrock-anthropic-messages": entry(messages, async () => {
      const [{ bedrockInvokeEndpoint }, { bedrockSettings }] = await Promise.all([
        import("./endpoints/bedrock/invoke.ts"),
        import("./endpoints/bedrock/index.ts"),
      ])
      return bedrockInvokeEndpoint(bedrockSettings(env))
    }),
    "ollama-chat": entry(ollama, ollamaEndpoint),
    mock: async () => {
      const { demoRoute } = await import("./mock/demo-route.ts")
      return { route: demoRoute }
    },
  }
}

async function codex(env: EnvironmentReader): Promise<Endpoint> {
  const { codexEndpoint, codexSettings, wantsDebug } = await import("./endpoints/codex/index.ts")
  // A record of each request, one JSON document a line, where it is asked for.
  const debug = wantsDebug(env) ? (record: unknown): void => console.error(JSON.stringify(record)) : undefined
  return codexEndpoint({ ...codexSettings(env), debug })
}
