import { describe } from "vitest"
import { answerProperties } from "./answer-properties.ts"
import { gemini } from "./wires.ts"

/** Cases per property; more of them find what is rare. */
const RUNS = Number(process.env["SLUICE_ROUNDTRIP_RUNS"] ?? 1000)

describe("google-generative-ai: answers", () => answerProperties(gemini, RUNS))
