import { describe } from "vitest"
import { answerProperties } from "./answer-properties.ts"
import { contextProperties, optionProperties } from "./context-properties.ts"
import { chat } from "./wires.ts"

/** Cases per property; more of them find what is rare. */
const RUNS = Number(process.env["SLUICE_ROUNDTRIP_RUNS"] ?? 1000)

describe("openai-completions: answers", () => answerProperties(chat, RUNS))
describe("openai-completions: conversations, to a host about which nothing is known", () => {
  contextProperties(chat, chat.models.plain, RUNS)
})
describe("openai-completions: conversations, to a host that takes everything", () =>
  contextProperties(chat, chat.models.rich, RUNS))
describe("openai-completions: settings, to a host about which nothing is known", () => {
  optionProperties(chat, chat.models.plain, RUNS)
})
describe("openai-completions: settings, to a host that takes everything", () =>
  optionProperties(chat, chat.models.rich, RUNS))
