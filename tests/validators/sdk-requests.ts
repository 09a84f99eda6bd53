/**
 * The requests of the vendors' SDKs as types, for `scripts/request-schemas.ts` to make JSON Schemas of. Types alone are
 * taken from the SDKs: nothing of them runs.
 */
import type { MessageCreateParams as AnthropicRequest } from "@anthropic-ai/sdk/resources/messages/messages"
import type { MessageCreateParams as AnthropicBetaRequest } from "@anthropic-ai/sdk/resources/beta/messages/messages"
import type { Content, GenerationConfig, SafetySetting, Tool, ToolConfig } from "@google/genai"
import type { ChatCompletionCreateParams } from "openai/resources/chat/completions"
import type { ResponseCreateParams } from "openai/resources/responses/responses"

/** A request to Chat Completions. */
export type Chat = ChatCompletionCreateParams

/** A request to the Responses API. */
export type Responses = ResponseCreateParams

/** A request to Anthropic's Messages. */
export type Messages = AnthropicRequest

/** The same with betas, which stand in a header. */
export type BetaMessages = Omit<AnthropicBetaRequest, "betas">

/** A request to Gemini: the SDK has a flat form of its own, and the API's messages as its parts. */
export interface Generate {
  contents: Content[]
  systemInstruction?: Content
  tools?: Tool[]
  toolConfig?: ToolConfig
  safetySettings?: SafetySetting[]
  generationConfig?: GenerationConfig
  cachedContent?: string
  serviceTier?: string
  labels?: Record<string, string>
}
