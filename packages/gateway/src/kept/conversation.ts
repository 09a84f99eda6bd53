import { SluiceError, type AssistantMessage, type InboundCall, type Message, type Responder } from "@sluice/ai"
import type { Logger } from "../logger.ts"
import type { KeptResponses } from "../store/kept-responses.ts"
import type { LastResponse } from "./last-response.ts"

/** Whose answers are kept, and where. */
export interface Owner {
  /** Absent when no answers are kept. */
  kept: KeptResponses | undefined
  owner: string
  /** What the client's connection remembers, whether the answer is kept or not. */
  last: LastResponse | undefined
  /** The field that names an earlier answer, for errors. */
  field: string | undefined
}

/**
 * The conversation that a call goes on from; nothing for one that begins anew. Instructions are no part of it: each
 * request brings its own.
 *
 * @throws SluiceError `state_lost` with status 404 where not all of the conversation is there
 */
export async function pastOf(
  { previous }: InboundCall,
  { kept, owner, last, field }: Owner,
): Promise<readonly Message[]> {
  if (previous === undefined) return []
  const past = last?.conversation(previous) ?? (await kept?.conversation(owner, previous))
  if (!past) throw notKept(field, previous)
  return past
}

/** A request that holds only what is new, where what came before is unknown: an answer to it would be a guess. */
export function notKept(param: string | undefined, previous: string): SluiceError {
  return new SluiceError({
    code: "state_lost",
    status: 404,
    ...(param === undefined ? {} : { param }),
    message: `The conversation that ends with ${previous.slice(0, 100)} is not kept here.`,
    hint: "Send the whole conversation.",
    retryable: false,
  })
}

/**
 * How the answer to a call is kept; `undefined` where it is not to be.
 *
 * @param call the call as it was accepted
 * @param past the conversation that it goes on from
 */
export function keeping(
  call: InboundCall,
  past: readonly Message[],
  { kept, owner, last }: Owner,
  logger: Logger,
): ((message: AssistantMessage, responder: Responder) => Promise<void>) | undefined {
  const store = call.keep ? kept : undefined
  if (!store && !last) return undefined
  return async (message, responder) => {
    const document = responder.document?.()
    if (!document) return
    const turn = [...call.context.messages, message]
    last?.remember(document.id, [...past, ...turn])
    if (!store) return
    try {
      // A conversation that only the connection knew so far is kept whole.
      const { previous } = call
      const linked = previous === undefined || (await store.conversation(owner, previous)) !== undefined
      await store.put(owner, {
        id: document.id,
        previous: linked ? previous : undefined,
        document: document.value,
        input: document.input,
        turn: linked ? turn : [...past, ...turn],
      })
    } catch (error) {
      // The client has its answer all the same; only coming back to it will fail, and says so.
      logger.error({ response: document.id, err: error }, "an answer could not be kept")
    }
  }
}
