import { describe } from "vitest"
import { answerProperties } from "./answer-properties.ts"
import { contextProperties, optionProperties } from "./context-properties.ts"
import { gemini } from "./wires.ts"

/** Cases per property; more of them find what is rare. */
const RUNS = Number(process.env["SLUICE_ROUNDTRIP_RUNS"] ?? 1000)

describe("google-generative-ai: answers", () => answerProperties(gemini, RUNS))
describe("google-generative-ai: conversations, to a host about which nothing is known", () => {
  contextProperties(gemini, gemini.models.plain, RUNS)
})
describe("google-generative-ai: conversations, to a host that takes everything", () =>
  contextProperties(gemini, gemini.models.rich, RUNS))
describe("google-generative-ai: settings, to a host about which nothing is known", () => {
  optionProperties(gemini, gemini.models.plain, RUNS)
})
describe("google-generative-ai: settings, to a host that takes everything", () =>
  optionProperties(gemini, gemini.models.rich, RUNS))
