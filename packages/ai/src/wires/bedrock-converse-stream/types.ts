import type { Obj } from "../../model/json.ts"
/**
 * The parts of Bedrock's Converse that this wire reads or writes.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
 */

/** Name of this wire. */
export const API = "bedrock-converse-stream"

/** A JSON object whose fields are not known. */
export type { Obj } from "../../model/json.ts"

/** A content block: an object with one field, which says what it is. */
export type WireBlock = Obj

/** A turn. */
export interface WireMessage {
  role: "user" | "assistant"
  content: WireBlock[]
}

/** A request's body. */
export interface ConverseBody extends Obj {
  messages: WireMessage[]
  system?: WireBlock[]
  inferenceConfig?: Obj
  toolConfig?: { tools: WireBlock[]; toolChoice?: Obj }
  additionalModelRequestFields?: Obj
  outputConfig?: Obj
}
