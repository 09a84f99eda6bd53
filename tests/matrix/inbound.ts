import type { Model } from "@sluice/ai"
import { resolveModel } from "@sluice/catalog"

/** A wire that clients of the gateway speak. */
export interface Inbound {
  api: string
  /** A model behind the gateway at this address, as a client of this wire knows it. */
  model(url: string, id: string): Promise<Model>
}

async function custom(api: string, baseUrl: string, id: string, like: string): Promise<Model> {
  // What a client of the vendor sends, it sends to the gateway.
  const { compat, input, output, thinking } = await resolveModel(like, { api })
  return { id, provider: "gateway", api, baseUrl, input, output, compat, ...(thinking ? { thinking } : {}) }
}

/** Every wire that the gateway serves. */
export const INBOUND: readonly Inbound[] = [
  {
    api: "openai-completions",
    model: (url, id) => custom("openai-completions", `${url}/v1`, id, "openai/gpt-5.5"),
  },
  {
    api: "openai-responses",
    model: (url, id) => custom("openai-responses", `${url}/v1`, id, "openai/gpt-5.5"),
  },
  {
    api: "anthropic-messages",
    model: (url, id) => custom("anthropic-messages", url, id, "anthropic/claude-opus-4-6"),
  },
  {
    api: "google-generative-ai",
    model: (url, id) => custom("google-generative-ai", `${url}/v1beta`, id, "google/gemini-3.1-pro-preview"),
  },
]
