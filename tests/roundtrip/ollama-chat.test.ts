import { describe } from "vitest"
import { answerProperties } from "./answer-properties.ts"
import { contextProperties, optionProperties } from "./context-properties.ts"
import { ollama } from "./wires.ts"

/** Cases per property; more of them find what is rare. */
const RUNS = Number(process.env["SLUICE_ROUNDTRIP_RUNS"] ?? 1000)

describe("ollama-chat: answers", () => answerProperties(ollama, RUNS))
describe("ollama-chat: conversations, to a host about which nothing is known", () => {
  contextProperties(ollama, ollama.models.plain, RUNS)
})
describe("ollama-chat: conversations, to a host that takes everything", () =>
  contextProperties(ollama, ollama.models.rich, RUNS))
describe("ollama-chat: settings, to a host about which nothing is known", () => {
  optionProperties(ollama, ollama.models.plain, RUNS)
})
describe("ollama-chat: settings, to a host that takes everything", () =>
  optionProperties(ollama, ollama.models.rich, RUNS))
