import type { Model } from "@sluice/ai"
import { resolveModel } from "@sluice/catalog"
import type { HostileTarget } from "../../generators/hostile.ts"
import { signed } from "../../generators/signed.ts"

/** A wire as the hostile conversations meet it. */
export interface HostileWire extends Omit<HostileTarget, "own"> {
  /** Models that are asked in turn, each as `provider/id` with the api where it is not the provider's first. */
  models: readonly (readonly [name: string, api?: string])[]
}

/** An encrypted reasoning item, as the Responses API gives it out. */
function reasoningItem(thinking: string): string {
  const summary = thinking === "" ? [] : [{ type: "summary_text", text: thinking }]
  return JSON.stringify({ type: "reasoning", id: "rs_1", summary, encrypted_content: signed("own", thinking) })
}

/** Every wire with models whose rules differ. */
export const HOSTILE_WIRES: Readonly<Record<string, HostileWire>> = {
  "openai-completions": {
    models: [
      ["openai/gpt-5.5"],
      ["openai/gpt-4o"],
      ["openai/o3"],
      ["azure-openai/gpt-5", "azure-openai-completions"],
      ["mistral/mistral-large-2512"],
      ["mistral/magistral-medium-latest"],
      ["deepseek/deepseek-v4-pro"],
      ["moonshot/kimi-k3"],
      ["moonshot/kimi-k2.5"],
      ["groq/openai/gpt-oss-120b"],
      ["groq/llama-3.3-70b-versatile"],
      ["zai/glm-5.3"],
      ["xai/grok-4.6"],
      ["openrouter/anthropic/claude-sonnet-4.6"],
      ["openrouter/openai/gpt-5.5"],
    ],
    sign: (thinking) => JSON.stringify({ type: "reasoning.encrypted", data: signed("own", thinking) }),
    answerItems: [{ type: "executed_tool", output: "x" }],
    items: [],
  },
  "openai-responses": {
    models: [
      ["openai/gpt-5.5", "openai-responses"],
      ["openai/gpt-4.1", "openai-responses"],
      ["openai/o4-mini", "openai-responses"],
      ["azure-openai/gpt-5"],
      ["deepseek/deepseek-v4-pro", "openai-responses"],
    ],
    sign: reasoningItem,
    answerItems: [{ type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "x" } }],
    items: [],
  },
  "anthropic-messages": {
    models: [
      ["anthropic/claude-opus-5"],
      ["anthropic/claude-opus-4-6"],
      ["anthropic/claude-opus-4-5"],
      ["anthropic/claude-sonnet-4-5"],
      ["anthropic/claude-3-haiku-20240307"],
      ["google-vertex/claude-sonnet-4-6"],
      ["google-vertex/claude-haiku-4-5"],
      ["amazon-bedrock/us.anthropic.claude-opus-4-6-v1", "bedrock-anthropic-messages"],
      ["amazon-bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0", "bedrock-anthropic-messages"],
      ["zai/glm-5.3", "anthropic-messages"],
    ],
    sign: (thinking) => signed("own", thinking),
    answerItems: [
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "x" } },
      { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] },
    ],
    items: [{ type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "x" }] }],
  },
  "google-generative-ai": {
    models: [
      ["google/gemini-3.1-pro-preview"],
      ["google/gemini-3-flash-preview"],
      ["google/gemini-2.5-pro"],
      ["google/gemini-2.5-flash-lite"],
      ["google/gemini-2.0-flash"],
      ["google/gemini-3-pro-image-preview"],
      ["google-vertex/gemini-3.1-pro-preview"],
      ["google-vertex/gemini-2.5-flash"],
      ["google-gemini-cli/gemini-3-pro-preview"],
      ["google-gemini-cli/gemini-2.5-pro"],
    ],
    sign: (thinking) => signed("own", thinking),
    answerItems: [{ executableCode: { language: "PYTHON", code: "print(1)" } }],
    items: [{ fileData: { fileUri: "gs://bucket/v.mp4", mimeType: "video/mp4" } }],
  },
  "bedrock-converse-stream": {
    models: [
      ["amazon-bedrock/us.anthropic.claude-opus-4-6-v1"],
      ["amazon-bedrock/us.anthropic.claude-opus-4-5-20251101-v1:0"],
      ["amazon-bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"],
      ["amazon-bedrock/amazon.nova-pro-v1:0"],
      ["amazon-bedrock/us.amazon.nova-2-lite-v1:0"],
      ["amazon-bedrock/openai.gpt-oss-120b-1:0"],
      ["amazon-bedrock/us.deepseek.r1-v1:0"],
    ],
    sign: (thinking) => signed("own", thinking),
    answerItems: [{ citationsContent: { content: [{ text: "x" }], citations: [] } }],
    items: [{ guardContent: { text: { text: "x" } } }],
  },
  "ollama-chat": {
    models: [
      ["ollama/gpt-oss:20b", "ollama-chat"],
      ["ollama/qwen3:8b", "ollama-chat"],
      ["ollama/llama3.2", "ollama-chat"],
      ["ollama-cloud/gpt-oss:120b", "ollama-chat"],
    ],
    sign: (thinking) => signed("own", thinking),
    answerItems: [{ type: "unknown" }],
    items: [],
  },
}

/** The models of a wire, resolved. */
export function modelsOf({ models }: HostileWire): Promise<Model[]> {
  return Promise.all(
    models.map(([name, api]) =>
      resolveModel(name, {
        ...(api === undefined ? {} : { api }),
        env: (variable) => (variable === "AZURE_OPENAI_RESOURCE_NAME" ? "resource" : undefined),
      }),
    ),
  )
}
