import { describe } from "vitest"
import { answerProperties } from "./answer-properties.ts"
import { contextProperties, optionProperties } from "./context-properties.ts"
import { messages } from "./wires.ts"

/** Cases per property; more of them find what is rare. */
const RUNS = Number(process.env["SLUICE_ROUNDTRIP_RUNS"] ?? 1000)

describe("anthropic-messages: answers", () => answerProperties(messages, RUNS))
describe("anthropic-messages: conversations, to a host about which nothing is known", () => {
  contextProperties(messages, messages.models.plain, RUNS)
})
describe("anthropic-messages: conversations, to a host that takes everything", () =>
  contextProperties(messages, messages.models.rich, RUNS))
describe("anthropic-messages: settings, to a host about which nothing is known", () => {
  optionProperties(messages, messages.models.plain, RUNS)
})
describe("anthropic-messages: settings, to a host that takes everything", () =>
  optionProperties(messages, messages.models.rich, RUNS))
