import * as fc from "fast-check"
import type { CacheMark } from "@sluice/ai"

/** The value without fields that are undefined, as our data model has them. */
export function defined<T>(value: object): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}

/** The arbitrary, or nothing, in one of `of` cases. */
export function maybe<T>(arbitrary: fc.Arbitrary<T>, of = 4): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined, freq: of - 1 }).map((value) => value)
}

/** The arbitrary in one of `of` cases, else nothing. */
export function rarely<T>(arbitrary: fc.Arbitrary<T>, of = 5): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: of - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
}

/** A text with something to see in it: words, other scripts, astral characters, controls, line ends, JSON and SSE. */
export const someText: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }) },
    { weight: 2, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 6 }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "𝔘𝔫𝔦 👩‍👩‍👧 naïve",
        "a\r\nb\n\nc",
        "data: [DONE]\n\n",
        '{"a":1}',
        "\u2028\u0000",
        " lead and trail ",
        "<think>x</think>",
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom("long ", "ö𝄞").map((piece) => piece.repeat(700)) },
  )
  .filter((text) => text.trim() !== "")

/** Any text: also blank, empty, and with half a surrogate pair. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: someText },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "\n\t") },
  { weight: 1, arbitrary: fc.constantFrom("half \ud83d pair", "\udc00x") },
)

/** An id as vendors make them, and as other wires' ids look. */
export const anyId: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("call_1", "call_2", "toolu_01A", "a", "b-c") },
  { weight: 2, arbitrary: fc.constantFrom("call|item", "x y", "é", "functions.f:0", "q".repeat(70)) },
)

export const name: fc.Arbitrary<string> = fc.constantFrom("get_weather", "f", "search-2", "grep")

/** The arguments of a call: any JSON object. */
export const someArguments: fc.Arbitrary<Record<string, unknown>> = fc
  .dictionary(
    fc.oneof(fc.constantFrom("city", "a", "n"), fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 })),
    fc.oneof(fc.jsonValue({ maxDepth: 2 }), someText).filter((value) => !Object.is(value, -0)),
    { maxKeys: 3, noNullPrototype: true },
  )
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>)

export const cacheMark: fc.Arbitrary<CacheMark> = fc.constantFrom("short", "long")

/** A JSON schema of an object, with keywords that some vendors refuse. */
export const schema: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  fc.constant({ type: "object", properties: {} }),
  fc.constant({
    type: "object",
    properties: { city: { type: "string", description: "Name 𝔁" }, n: { type: ["integer", "null"] } },
    required: ["city"],
  }),
  fc.constant({
    type: "object",
    properties: { a: { type: "string" } },
    required: ["a"],
    additionalProperties: false,
  }),
  fc.constant({
    type: "object",
    properties: { s: { type: "string", maxLength: 3, pattern: "^x" }, l: { type: "array", items: { type: "number" } } },
    required: ["s", "l"],
  }),
)
