import * as fc from "fast-check"
import type { AssistantMessage, Frame, Loss } from "@sluice/ai"
import { expect, test } from "vitest"
import { countingMint } from "../../packages/ai/src/assemble/read-recording.ts"
import { answerScripts, play, type AnswerScript } from "../generators/answers.ts"
import { canonAnswer, projectAnswer } from "./answer.ts"
import { fits, shown } from "./match.ts"
import { acceptBody, issuerOf, readBack, type WireUnderTest } from "./wire-under-test.ts"

/** An answer as it was given on as a stream. */
function streamed(
  wire: WireUnderTest,
  script: AnswerScript,
): { fold: AssistantMessage; frames: Frame[]; losses: readonly Loss[] } {
  const responder = wire.server.responder(acceptBody(wire, wire.request(true)), countingMint())
  const frames: Frame[] = []
  const fold = play(script, issuerOf(wire.models.plain), (event) => frames.push(...responder.push(event)))
  return { fold, frames, losses: responder.losses }
}

/** A refusal is an answer on wires that have a word for it, and a failure elsewhere. */
function failed(message: AssistantMessage): boolean {
  return message.error !== undefined
}

function isRefusal(message: AssistantMessage): boolean {
  return message.stopDetails?.type === "refusal"
}

const isBroken = (message: AssistantMessage): boolean =>
  message.content.some((block) => block.type === "toolCall" && (block.rawArguments !== undefined || block.incomplete))

const fieldsOf = (losses: readonly Loss[]): string[] => losses.map((loss) => loss.field).sort()

/** Throws unless an answer that was read again is the projection of the one that was given on. */
function compare(wire: WireUnderTest, fold: AssistantMessage, again: AssistantMessage, losses: readonly Loss[]): void {
  const expected = projectAnswer(fold, losses, wire.layout)
  const got = canonAnswer(again, wire.layout)
  if (!fits(expected, got)) {
    expect.fail(
      `another answer\nexpected ${shown(expected)}\ngot ${shown(got)}\nlosses ${shown(losses)}\nerror ${shown(again.error)}`,
    )
  }
}

/** Registers the properties of the answers of a wire. */
export function answerProperties(wire: WireUnderTest, numRuns: number): void {
  const scripts = answerScripts(wire.answers)
  const check = (property: (script: AnswerScript) => void): void => {
    fc.assert(
      fc.property(scripts, (script) => {
        try {
          property(script)
        } catch (error) {
          throw new Error(`${String((error as Error).message)}\nscript ${shown(script.shown)}`, { cause: error })
        }
      }),
      { numRuns, includeErrorInReport: true, verbose: 0 },
    )
  }

  test("a stream that was given on passes the grammar", () => {
    check((script) => {
      const { fold, frames } = streamed(wire, script)
      expect(wire.checkStream(frames, isBroken(fold)), shown(frames.map((frame) => frame.data))).toEqual([])
    })
  })

  test("a stream that was given on and read again is the same answer, but for what was reported", () => {
    check((script) => {
      const { fold, frames, losses } = streamed(wire, script)
      const again = readBack(wire, frames)
      if (failed(fold) && !(isRefusal(fold) && isRefusal(again))) compareFailure(fold, again)
      else compare(wire, fold, again, losses)
    })
  })

  test("so is a document, and it passes the grammar", () => {
    check((script) => {
      const fold = play(script, issuerOf(wire.models.plain))
      if (failed(fold)) return
      const responder = wire.server.responder(acceptBody(wire, wire.request(false), false), countingMint())
      const document = responder.whole(fold)
      expect(wire.checkWhole(document), shown(document)).toEqual([])
      compare(wire, fold, readBack(wire, { document }), responder.losses)
    })
  })

  test("a stream and a document of one answer are read as the same answer", () => {
    check((script) => {
      const { fold, frames, losses } = streamed(wire, script)
      if (failed(fold)) return
      const responder = wire.server.responder(acceptBody(wire, wire.request(false), false), countingMint())
      const whole = readBack(wire, { document: responder.whole(fold) })
      const stream = readBack(wire, frames)
      // Where only one of them cannot carry something, the properties above have compared each with its source.
      if (shown(fieldsOf(losses)) !== shown(fieldsOf(responder.losses))) return
      expect(shown(canonAnswer(stream, wire.layout))).toBe(shown(canonAnswer(whole, wire.layout)))
    })
  })
}

/** A failed answer stays one, and what was written of it before is the beginning of it. */
function compareFailure(fold: AssistantMessage, again: AssistantMessage): void {
  expect(again.error, "the failure is lost").toBeDefined()
  expect(again.stopReason).toMatch(/error|aborted/)
  if (fold.error?.message) expect(again.error?.message).toContain(fold.error.message)
  const textOf = (message: AssistantMessage, type: "text" | "thinking"): string =>
    message.content
      .map((block) => (block.type === type ? (block as unknown as Record<string, string>)[type] : ""))
      .join("")
  for (const type of ["text", "thinking"] as const)
    expect(textOf(fold, type).startsWith(textOf(again, type))).toBe(true)
  const complete = again.content.filter((block) => block.type === "toolCall" && !block.incomplete)
  const calls = fold.content.filter((block) => block.type === "toolCall" && !block.incomplete)
  expect(complete.length, "a call that was cut off is given as whole").toBeLessThanOrEqual(calls.length)
}
