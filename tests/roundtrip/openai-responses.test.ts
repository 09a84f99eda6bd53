import { describe } from "vitest"
import { answerProperties } from "./answer-properties.ts"
import { contextProperties, optionProperties } from "./context-properties.ts"
import { responses } from "./wires.ts"

/** Cases per property; more of them find what is rare. */
const RUNS = Number(process.env["SLUICE_ROUNDTRIP_RUNS"] ?? 1000)

describe("openai-responses: answers", () => answerProperties(responses, RUNS))
describe("openai-responses: conversations, to a host about which nothing is known", () => {
  contextProperties(responses, responses.models.plain, RUNS)
})
describe("openai-responses: conversations, to a host that takes everything", () =>
  contextProperties(responses, responses.models.rich, RUNS))
describe("openai-responses: settings, to a host about which nothing is known", () => {
  optionProperties(responses, responses.models.plain, RUNS)
})
describe("openai-responses: settings, to a host that takes everything", () =>
  optionProperties(responses, responses.models.rich, RUNS))
