import { SluiceError, type AssistantMessage, type InboundCall, type Responder } from "@sluice/ai"
import type { Logger } from "../logger.ts"
import type { KeptResponses } from "../store/kept-responses.ts"

/** Whose answers are kept, and where. */
export interface Owner {
  kept: KeptResponses | undefined
  owner: string
}

/**
 * A call that goes on from a kept answer, with the conversation before it put in front of what is new. Instructions
 * are not carried on: each request brings its own.
 *
 * @throws SluiceError `state_lost` with status 404 where not all of the conversation is there
 */
export async function joined(call: InboundCall, { kept, owner }: Owner): Promise<InboundCall> {
  if (call.previous === undefined) return call
  const past = await kept?.conversation(owner, call.previous)
  if (!past) throw notKept("previous_response_id", call.previous)
  return { ...call, context: { ...call.context, messages: [...past, ...call.context.messages] } }
}

/** A request that holds only what is new, where what came before is unknown: an answer to it would be a guess. */
export function notKept(param: string, previous: string): SluiceError {
  return new SluiceError({
    code: "state_lost",
    status: 404,
    param,
    message: `The conversation that ends with ${previous.slice(0, 100)} is not kept here.`,
    hint: "Send the whole conversation.",
    retryable: false,
  })
}

/**
 * How the answer to a call is kept; `undefined` where it is not to be.
 *
 * @param call the call as it was accepted: what was put in front of it since is kept already
 */
export function keeping(
  call: InboundCall,
  { kept, owner }: Owner,
  logger: Logger,
): ((message: AssistantMessage, responder: Responder) => Promise<void>) | undefined {
  if (!kept || !call.keep || call.op !== "generate") return undefined
  return async (message, responder) => {
    const document = responder.document?.()
    if (!document) return
    try {
      await kept.put(owner, {
        id: document.id,
        previous: call.previous,
        document: document.value,
        input: call.items ?? [],
        turn: [...call.context.messages, message],
      })
    } catch (error) {
      // The client has its answer all the same; only coming back to it will fail, and says so.
      logger.error({ response: document.id, err: error }, "an answer could not be kept")
    }
  }
}
