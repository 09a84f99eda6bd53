import type { Model } from "@sluice/catalog/core"
import type { Route } from "../contract/route.ts"
import { SluiceError } from "../model/errors.ts"
import { systemMint } from "../platform.ts"
import { createMock, demoScript } from "./index.ts"

/** A way to the model that is built in. Each call has its own script, whose ids are unique across calls all the same. */
export function demoRoute(model: Model): Route {
  if (model.id !== "demo") {
    throw new SluiceError({
      code: "model_not_found",
      message: `There is no scripted model "${model.id}".`,
      provider: model.provider,
      model: model.id,
      hint: "The one that is built in is mock/demo.",
    })
  }
  const script = demoScript()
  if (typeof script !== "function") return createMock({ script, model }).route
  return createMock({
    model,
    script: async (call) => {
      const answer = await script(call)
      if (typeof answer === "string" || !answer.toolCalls) return answer
      return { ...answer, toolCalls: answer.toolCalls.map((one) => ({ id: systemMint.id("call_"), ...one })) }
    },
  }).route
}
