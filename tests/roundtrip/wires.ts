import type { Model } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { anthropicMessagesServer } from "@sluice/ai/wires/anthropic-messages/server"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { googleGenerativeAiServer } from "@sluice/ai/wires/google-generative-ai/server"
import { ollamaChat } from "@sluice/ai/wires/ollama-chat"
import { ollamaChatServer } from "@sluice/ai/wires/ollama-chat/server"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { openaiCompletionsServer } from "@sluice/ai/wires/openai-completions/server"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { openaiResponsesServer } from "@sluice/ai/wires/openai-responses/server"
import { checkAnthropicMessage, checkAnthropicStream } from "../grammar/anthropic-messages-stream.ts"
import { checkGenerateResponse, checkGenerateStream } from "../grammar/google-generate-stream.ts"
import { checkOllamaAnswer, checkOllamaStream } from "../grammar/ollama-chat-stream.ts"
import { checkChatCompletion, checkChatStream } from "../grammar/openai-chat-stream.ts"
import { checkResponse, checkResponsesStream } from "../grammar/openai-responses-stream.ts"
import type { WireUnderTest } from "./wire-under-test.ts"

function model(api: string, fields: Partial<Model>): Model {
  return {
    id: "m",
    provider: "host",
    api,
    baseUrl: "https://host.invalid",
    input: ["text", "image", "document", "audio"],
    output: ["text"],
    compat: {},
    ...fields,
  }
}

export const chat: WireUnderTest = {
  client: openaiCompletions,
  server: openaiCompletionsServer,
  route: "/v1/chat/completions",
  request: (stream) => ({
    model: "m",
    stream,
    stream_options: { include_usage: true },
    messages: [{ role: "user", content: "hi" }],
  }),
  layout: "fields",
  answers: { api: "openai-completions", items: [{ type: "executed_tool", output: "x" }] },
  contexts: {
    signatures: ['{"type":"reasoning.text","signature":"c2ln"}', "c2ln"],
    hidden: ['{"type":"reasoning.encrypted","data":"aGlk"}', "aGlk"],
    callSignatures: ['{"extra_content":{"google":{"thought_signature":"s"}}}', "s"],
    // Parts that the server does not know are left out by it and reported with the path of the request.
    items: [],
    answerItems: [{ type: "executed_tool", output: "x" }],
    tools: [{ type: "web_search", web_search: {} }],
  },
  canon: "chat",
  checkStream: (frames) => checkChatStream(frames, { usage: true }),
  checkWhole: (document) => checkChatCompletion(document),
  models: {
    plain: model("openai-completions", {}),
    rich: model("openai-completions", {
      maxTokens: 32_000,
      thinking: { mode: "effort", efforts: ["low", "medium", "high"] },
      compat: {
        chat: {
          developerRole: true,
          multipleSystem: true,
          extendedSampling: true,
          strictTools: "per-tool",
          customTools: true,
          toolResultName: true,
          effortOff: "none",
          replayThinking: "all",
          cacheControl: true,
          cacheTtl: "1h",
          promptCacheKey: true,
          serviceTiers: ["auto", "default", "priority", "flex"],
          documents: true,
        },
      },
    }),
  },
}

export const messages: WireUnderTest = {
  client: anthropicMessages,
  server: anthropicMessagesServer,
  route: "/v1/messages",
  request: (stream) => ({ model: "m", stream, max_tokens: 10, messages: [{ role: "user", content: "hi" }] }),
  layout: "blocks",
  answers: {
    api: "anthropic-messages",
    items: [
      { type: "server_tool_use", id: "srv_1", name: "web_search", input: { query: "x 𝔘" } },
      { type: "web_search_tool_result", tool_use_id: "srv_1", content: [] },
    ],
  },
  contexts: {
    signatures: ["c2ln", "c2ln"],
    hidden: ["aGlk"],
    callSignatures: ["s"],
    items: [{ type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "x" }] }],
    answerItems: [{ type: "server_tool_use", id: "srv_1", name: "web_search", input: { query: "x" } }],
    tools: [{ type: "web_search_20250305", name: "web_search" }],
  },
  canon: "messages",
  checkStream: (frames, broken) => checkAnthropicStream(frames, { eagerInput: broken }),
  checkWhole: (document) => checkAnthropicMessage(document),
  models: {
    plain: model("anthropic-messages", {}),
    rich: model("anthropic-messages", {
      maxTokens: 64_000,
      thinking: { mode: "budget", efforts: ["low", "medium", "high"], display: true },
      compat: {
        messages: {
          verifiesSignatures: true,
          midConversationSystem: true,
          strictTools: true,
          structuredOutput: true,
          cacheTtl: "1h",
          mediaUrls: true,
          contextManagement: true,
          interleavedThinking: true,
        },
      },
    }),
  },
}

export const responses: WireUnderTest = {
  client: openaiResponses,
  server: openaiResponsesServer,
  route: "/v1/responses",
  request: (stream) => ({ model: "m", stream, store: false, input: "hi" }),
  layout: "items",
  answers: {
    api: "openai-responses",
    items: [{ type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "x 𝔘" } }],
  },
  contexts: {
    signatures: ['{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"c2ln"}', "c2ln"],
    hidden: ["aGlk"],
    callSignatures: ["s"],
    items: [],
    answerItems: [{ type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "x" } }],
    tools: [{ type: "web_search" }],
  },
  canon: "responses",
  checkStream: (frames) => checkResponsesStream(frames),
  checkWhole: (document) => checkResponse(document),
  models: {
    plain: model("openai-responses", {}),
    rich: model("openai-responses", {
      maxTokens: 32_000,
      thinking: { mode: "effort", efforts: ["low", "medium", "high"] },
      compat: {
        responses: {
          developerRole: true,
          strictTools: "per-tool",
          customTools: true,
          documents: true,
          mediaInToolResult: true,
          promptCacheKey: true,
          promptCacheRetention: true,
          originalDetail: true,
          serviceTiers: ["auto", "default", "priority", "flex"],
        },
      },
    }),
  },
}

export const ollama: WireUnderTest = {
  client: ollamaChat,
  server: ollamaChatServer,
  route: "/api/chat",
  request: (stream) => ({ model: "m", stream, messages: [{ role: "user", content: "hi" }] }),
  layout: "lines",
  answers: { api: "ollama-chat", items: [] },
  contexts: {
    signatures: ["c2ln"],
    hidden: ["aGlk"],
    callSignatures: ["s"],
    items: [],
    answerItems: [{ type: "unknown" }],
    tools: [{ type: "web_search" }],
  },
  canon: "ollama",
  checkStream: (frames) => checkOllamaStream(frames),
  checkWhole: (document) => checkOllamaAnswer(document),
  models: {
    plain: model("ollama-chat", {}),
    rich: model("ollama-chat", {
      maxTokens: 32_000,
      thinking: { mode: "effort", efforts: ["low", "medium", "high"] },
      compat: { ollama: { maxTokensCeiling: 20_000, contextWindow: 8192, keepAlive: "5m" } },
    }),
  },
}

export const gemini: WireUnderTest = {
  client: googleGenerativeAi,
  server: googleGenerativeAiServer,
  route: "/v1/models/:call{.+:[A-Za-z]+}",
  params: (stream) => ({ call: `m:${stream ? "streamGenerateContent" : "generateContent"}` }),
  request: () => ({
    contents: [{ role: "user", parts: [{ text: "hi" }] }],
    generationConfig: { thinkingConfig: { includeThoughts: true } },
  }),
  layout: "parts",
  answers: {
    api: "google-generative-ai",
    items: [
      { executableCode: { language: "PYTHON", code: "print('𝔘')" } },
      { codeExecutionResult: { outcome: "OUTCOME_OK", output: "𝔘" } },
    ],
  },
  contexts: {
    signatures: ["c2ln", "c2ln"],
    hidden: ["aGlk"],
    callSignatures: ["c2lnYzI="],
    items: [{ fileData: { fileUri: "gs://bucket/v.mp4", mimeType: "video/mp4" } }],
    answerItems: [{ executableCode: { language: "PYTHON", code: "print(1)" } }],
    tools: [{ googleSearch: {} }],
  },
  canon: "gemini",
  checkStream: (frames) => checkGenerateStream(frames),
  checkWhole: (document) => checkGenerateResponse(document),
  models: {
    plain: model("google-generative-ai", {}),
    rich: model("google-generative-ai", {
      maxTokens: 64_000,
      thinking: { mode: "budget", efforts: ["low", "medium", "high"] },
      compat: {
        google: {
          callIds: true,
          mediaInToolResult: true,
          labels: true,
          serviceTiers: ["priority", "flex", "standard"],
        },
      },
    }),
  },
}
