import type { Model } from "@sluice/ai"
import { resolveModel } from "@sluice/catalog"
import {
  anthropicMessagesEmulator,
  codexEmulator,
  type EmulatedAnswer,
  emulatedCodexToken,
  type LoopbackServer,
  openaiChatEmulator,
  openaiResponsesEmulator,
} from "@sluice/testkit/emulators"

/** A host behind the gateway: an emulator, and the catalog's model of the vendor whom it stands for. */
export interface Outbound {
  /** The API that it speaks. */
  api: string
  start(script: (n: number) => EmulatedAnswer): Promise<StartedOutbound>
}

export interface StartedOutbound {
  host: LoopbackServer
  model: Model
  /** What the host takes as a key. */
  secret: string
}

/** An answer for each request, by its number. */
function scripted(script: (n: number) => EmulatedAnswer): () => EmulatedAnswer {
  let n = 0
  return () => script(n++)
}

async function at(host: LoopbackServer, name: string, path: string, secret = "host-key"): Promise<StartedOutbound> {
  const [provider = "", id = "", api] = name.split(" ")
  const model = await resolveModel(`${provider}/${id}`, api === undefined ? {} : { api })
  return { host, model: { ...model, baseUrl: host.url + path }, secret }
}

/** Every API that models are reached over. */
export const OUTBOUND: readonly Outbound[] = [
  {
    api: "openai-completions",
    async start(script) {
      return at(await openaiChatEmulator({ script: scripted(script) }), "openai gpt-5.5", "/v1")
    },
  },
  {
    api: "openai-responses",
    async start(script) {
      const host = await openaiResponsesEmulator({ script: scripted(script) })
      return at(host, "openai gpt-5.5 openai-responses", "/v1")
    },
  },
  {
    api: "openai-codex-responses",
    async start(script) {
      const host = await codexEmulator({ script: scripted(script) })
      return at(host, "openai-codex gpt-5.5", "/backend-api", emulatedCodexToken())
    },
  },
  {
    api: "anthropic-messages",
    async start(script) {
      return at(await anthropicMessagesEmulator({ script: scripted(script) }), "anthropic claude-opus-4-6", "")
    },
  },
]
