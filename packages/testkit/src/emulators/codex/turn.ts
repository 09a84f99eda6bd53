import type { SeenRequest } from "../../loopback.ts"
import { placed } from "../openai-responses/call-cut.ts"
import type { Fields } from "../check.ts"
import { outputOf, responseEvents, usageOf, type ResponsesTurn } from "../openai-responses/answer.ts"
import { Ids, ItemBook } from "../openai-responses/memory.ts"
import { greeting, ScriptedAnswers } from "../script.ts"
import type { CodexAnswer, CodexCall, CodexConnection, CodexOptions } from "./types.ts"

/** What both transports of one backend share. */
export class CodexState {
  readonly options: CodexOptions
  readonly script: ScriptedAnswers<CodexAnswer, CodexCall>
  readonly calls: CodexCall[] = []
  readonly connections: CodexConnection[] = []
  readonly book: ItemBook = new ItemBook()
  readonly ids: Ids = new Ids()
  /** How many handshakes of the script were used. */
  handshakes = 0

  constructor(options: CodexOptions) {
    this.options = options
    this.script = new ScriptedAnswers<CodexAnswer, CodexCall>(options.script ?? greeting)
  }

  /** Writes a request down before it is checked. */
  seen(
    transport: CodexCall["transport"],
    headers: SeenRequest["headers"],
    body: unknown,
    connection?: number,
  ): CodexCall {
    const fields = (typeof body === "object" && body !== null ? body : {}) as Fields
    const call: CodexCall = {
      index: this.calls.length,
      transport,
      headers,
      body: fields,
      prewarm: transport === "websocket" && fields["generate"] === false,
      continued: 0,
      ...(connection === undefined ? {} : { connection }),
    }
    this.calls.push(call)
    return call
  }
}

/** An answer that is ready to be sent. */
export interface CodexTurn {
  id: string
  output: readonly Fields[]
  /** The events; a text is sent as it is. */
  events: (Fields | string)[]
  /** The answer, its faults placed among these events. */
  answer: CodexAnswer
}

/** Makes the answer to a request that passed. */
export function makeTurn(state: CodexState, call: CodexCall, answer: CodexAnswer): CodexTurn {
  const { body, transport } = call
  const output = outputOf(answer, body, state.ids)
  const turn: ResponsesTurn = {
    id: state.ids.next("resp"),
    model: body["model"] as string,
    createdAt: Math.floor(Date.now() / 1000),
    body,
    answer,
    output,
    store: false,
    usage: usageOf(answer, body),
    ...(answer.endTurn === undefined ? {} : { atEnd: { end_turn: answer.endTurn } }),
  }
  call.responseId = turn.id
  state.book.add(output, false)
  const events = responseEvents(turn)
  // A warm-up has nothing in it but its two ends.
  if (call.prewarm) events.splice(1, 1)
  const metadata = metadataFrame(answer, transport)
  const all: (Fields | string)[] = metadata ? [...events.slice(0, 1), metadata, ...events.slice(1)] : [...events]
  const faults = placed(
    answer,
    all.map((event) => (typeof event === "string" ? {} : event)),
  )
  // From the last one on, so that those before the same frame keep their order.
  for (const { before, frame } of [...(answer.inject ?? [])].sort((a, b) => a.before - b.before).toReversed()) {
    all.splice(before, 0, frame)
  }
  return { id: turn.id, output, events: all, answer: faults }
}

/** Headers of an answer that belong to the turn. */
export function turnHeaders(answer: CodexAnswer): Record<string, string> {
  return {
    ...(answer.turnState === undefined ? {} : { "x-codex-turn-state": answer.turnState }),
    ...(answer.modelsEtag === undefined ? {} : { "x-models-etag": answer.modelsEtag }),
  }
}

function metadataFrame(answer: CodexAnswer, transport: CodexCall["transport"]): Fields | undefined {
  // A response over HTTP has real headers; a frame stands in for them where there are none.
  const headers = transport === "websocket" ? turnHeaders(answer) : {}
  if (answer.metadata === undefined && Object.keys(headers).length === 0) return undefined
  return { type: "response.metadata", headers, metadata: answer.metadata ?? {} }
}
