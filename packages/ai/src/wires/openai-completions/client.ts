import type { Call, WireClient } from "../../contract/wire-client.ts"
import { adapt } from "./adapt.ts"
import { replaysThinking } from "./assistant-turn.ts"
import { healed } from "../../tools/healing/healed-sink.ts"
import { ChatDecoder } from "./decode.ts"
import { readError } from "../host-errors.ts"
import { listModels } from "../list-models.ts"
import { encode } from "./request.ts"
import { API } from "./types.ts"

/**
 * OpenAI's Chat Completions and the many hosts that speak it, client side.
 *
 * @see https://platform.openai.com/docs/api-reference/chat
 */
export const openaiCompletions: WireClient = {
  api: API,
  framing: "sse",
  traits: {
    toolCallId: { pattern: /^[A-Za-z0-9_-]+$/, maxLength: 64 },
    toolName: { pattern: /^[A-Za-z0-9_-]+$/, maxLength: 64 },
    media: { image: true, document: true, audio: true, inAnswer: false },
    unsignedThinking: ({ compat }, content) =>
      replaysThinking(
        compat.chat ?? {},
        content.some(({ type }) => type === "toolCall"),
      ),
  },
  encode,
  decoder: (call: Call, _head, out) => new ChatDecoder(call, healed(call, out, { oneText: true })),
  readError,
  adapt,
  operations: { models: listModels },
}
