import * as fc from "fast-check"
import type { CallOptions } from "@sluice/ai"
import { defined, name, rarely, schema, someText } from "./basics.ts"

const share = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => Math.abs(Math.round(value * 1000) / 1000))

/** Any settings of a call that say something about the answer. */
export const callOptions: fc.Arbitrary<CallOptions> = fc
  .record({
    temperature: rarely(
      share.map((value) => value * 2),
      3,
    ),
    topP: rarely(share),
    topK: rarely(fc.nat({ max: 100 })),
    minP: rarely(share, 8),
    presencePenalty: rarely(share, 8),
    frequencyPenalty: rarely(share, 8),
    repetitionPenalty: rarely(share, 8),
    seed: rarely(fc.nat(), 6),
    stop: rarely(fc.array(fc.oneof(someText, fc.constant(" ")), { maxLength: 6 }), 4),
    maxTokens: rarely(fc.integer({ min: 1, max: 100_000 }), 2),
    reasoning: rarely(
      fc.constantFrom(
        "off" as const,
        "minimal" as const,
        "low" as const,
        "medium" as const,
        "high" as const,
        "xhigh" as const,
        "max" as const,
      ),
      3,
    ),
    thinkingBudget: rarely(fc.integer({ min: 0, max: 40_000 }), 5),
    showThinking: rarely(fc.boolean()),
    toolChoice: rarely(
      fc.oneof(
        fc.constantFrom("auto" as const, "none" as const, "required" as const),
        name.map((one) => ({ name: one })),
      ),
      3,
    ),
    parallelToolCalls: rarely(fc.boolean()),
    output: rarely(
      fc.oneof(
        fc.constantFrom({ type: "text" as const }, { type: "json" as const }),
        fc
          .record({
            type: fc.constant("jsonSchema" as const),
            name: rarely(fc.constantFrom("answer", "my answer"), 2),
            description: rarely(someText, 3),
            schema,
            strict: rarely(fc.boolean(), 3),
          })
          .map((value) => defined<Extract<CallOptions["output"], { type: "jsonSchema" }>>(value)),
      ),
      4,
    ),
    verbosity: rarely(fc.constantFrom("low" as const, "high" as const), 8),
    logprobs: rarely(fc.oneof(fc.boolean(), fc.nat({ max: 5 })), 8),
    cacheRetention: rarely(fc.constantFrom("none" as const, "short" as const, "long" as const)),
    sessionId: rarely(fc.constant("session-1")),
    promptCacheKey: rarely(fc.constant("prefix-1")),
    serviceTier: rarely(fc.constantFrom("auto", "default", "priority", "flex", "standard_only")),
    user: rarely(fc.constantFrom("user-1", "someone 𝔁")),
    metadata: rarely(fc.constantFrom<Record<string, string | number>[]>({ team: "a" }, { run: 3, team: "b" }), 8),
  })
  .map((fields) => defined<CallOptions>(fields))
