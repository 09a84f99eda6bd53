/**
 * The parts of Bedrock's Converse that this wire reads or writes.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
 */

/** Name of this wire. */
export const API = "bedrock-converse-stream"

/** A JSON object whose fields are not known. */
export type Item = Record<string, unknown>

/** A content block: an object with one field, which says what it is. */
export type WireBlock = Item

/** A turn. */
export interface WireMessage {
  role: "user" | "assistant"
  content: WireBlock[]
}

/** A request's body. */
export interface ConverseBody extends Item {
  messages: WireMessage[]
  system?: WireBlock[]
  inferenceConfig?: Item
  toolConfig?: { tools: WireBlock[]; toolChoice?: Item }
  additionalModelRequestFields?: Item
  outputConfig?: Item
}
