import type { Family, Opener } from "./family.ts"
import { firstOf, type Matcher, type Run, sequence } from "./matcher.ts"

const END_OF_THINK = firstOf([sequence("</think>"), sequence("</thinking>")])
const BLANKS: Run = { of: " \t\r", min: 0, max: 16 }
/** Begins a message of Harmony, unless that was part of the prompt. */
const ROLES = ["", "<|start|>assistant"]
const END_OF_MESSAGE = firstOf([sequence("<|end|>"), sequence("<|return|>")])
/** Ends a message by beginning something else. */
const NEXT_MESSAGE = firstOf([sequence("<|start|>"), sequence("<|channel|>"), sequence("<|call|>")])

function tag(opener: string, until: Matcher): Opener {
  return { first: "<", match: sequence(opener), open: () => ({ kind: "thinking", until }) }
}

/**
 * Thinking that stands in the text: in tags, in a fence that says so, in Gemma's channel, in Harmony's analysis. The
 * message that follows that is told from it by a channel of its own. An end without a beginning is left out at the head
 * of an answer alone: further on, what stands before it has gone out as text.
 *
 * @see https://cookbook.openai.com/articles/openai-harmony
 */
export const thinking: Family = {
  openers: [
    tag("<think>", END_OF_THINK),
    tag("<thinking>", END_OF_THINK),
    tag("<scratchpad>", sequence("</scratchpad>")),
    // What was before it, the host has told as thinking.
    { first: "<", atHead: true, match: END_OF_THINK, open: () => ({ kind: "nothing" }) },
    {
      first: "`",
      match: sequence({ of: "`", min: 3, max: 16 }, "thinking", BLANKS, "\n"),
      open: (opener) => ({ kind: "fence", ticks: opener.indexOf("t") }),
    },
    tag("<|channel>thought", sequence("<channel|>")),
    ...ROLES.flatMap((role): Opener[] => [
      {
        first: "<",
        match: sequence(`${role}<|channel|>analysis<|message|>`),
        open: () => ({ kind: "thinking", until: END_OF_MESSAGE, before: NEXT_MESSAGE }),
      },
      {
        first: "<",
        match: firstOf(["final", "commentary"].map((channel) => sequence(`${role}<|channel|>${channel}<|message|>`))),
        open: () => ({ kind: "message" }),
      },
    ]),
    { first: "<", inMessage: true, match: END_OF_MESSAGE, open: () => ({ kind: "nothing" }) },
  ],
}
