import type { Family } from "./family.ts"
import { type Run, sequence } from "./matcher.ts"

const BAR: Run = { of: "|｜", min: 1, max: 1 }

/** Tokens of a chat template between bars, ASCII or full-width (`<|im_end|>`): they mean nothing in a text. */
export const controlTokens: Family = {
  openers: [
    {
      first: "<",
      match: sequence("<", BAR, { of: /[A-Za-z0-9_▁ .:/-]/, min: 1, max: 64 }, BAR, ">"),
      // Spaces stand within a token, where a host writes them for `▁`. Beside a bar they are two operators of a program.
      open: (token) => (/^<. | .>$/u.test(token) ? undefined : { kind: "nothing" }),
    },
  ],
}
