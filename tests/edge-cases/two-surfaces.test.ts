import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import type { CallOptions } from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import { describeModel, resolveModel } from "@sluice/catalog"
import { anthropicMessagesEmulator } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { callTo, sent, type AnyBody } from "../support/call.ts"

// Hosts that have one model both on OpenAI's API and on Anthropic's.

const TOOLS = [{ name: "f", parameters: { type: "object", properties: {} } }]
const WIRES = { "anthropic-messages": anthropicMessages, "openai-completions": openaiCompletions } as const

function asked(name: string, api: keyof typeof WIRES, options: CallOptions): AnyBody {
  const [provider = "", id = ""] = name.split("/")
  const model = describeModel(provider, id, undefined, { api })
  return sent(WIRES[api].encode(callTo(model, { context: { tools: TOOLS }, options })).body)
}

describe("one model on two surfaces", () => {
  test.each([
    [
      "a choice of tools",
      { toolChoice: "required", reasoning: "off" },
      { tool_choice: { type: "any" } },
      { tool_choice: "required" },
    ],
    [
      "thinking that is switched off",
      { reasoning: "off" },
      { thinking: { type: "disabled" } },
      { thinking: { type: "disabled" } },
    ],
    [
      "thinking that is asked for",
      { reasoning: "high" },
      { thinking: { type: "enabled", budget_tokens: 16_384 } },
      { thinking: { type: "enabled" } },
    ],
    [
      "a forced tool, beside which it does not think",
      { reasoning: "high", toolChoice: { name: "f" } },
      { thinking: { type: "disabled" }, tool_choice: { type: "tool", name: "f" } },
      { thinking: { type: "disabled" }, tool_choice: { type: "function", function: { name: "f" } } },
    ],
  ] as const)("OF-267: %s is said on both", (_what, options, messages, chat) => {
    expect(asked("moonshot/kimi-k2.6", "anthropic-messages", options)).toMatchObject(messages)
    expect(asked("moonshot/kimi-k2.6", "openai-completions", options)).toMatchObject(chat)
  })

  test("OF-267: a tier of service is said where the surface has it", () => {
    const options = { serviceTier: "auto" }
    expect(asked("zai/glm-5.1", "anthropic-messages", options)).toMatchObject({ service_tier: "auto" })
  })

  test.each([
    {},
    { reasoning: "off" },
    { reasoning: "high" },
    { toolChoice: "required" },
    { toolChoice: { name: "f" } },
  ] as const)(
    "OF-268: a model that always thinks does so in Anthropic's form too, and is free to choose a tool: %j",
    (options) => {
      const body = asked("moonshot/kimi-k2.7-code", "anthropic-messages", options)
      expect(body["thinking"]).toMatchObject({ type: "enabled" })
      expect(body).not.toHaveProperty("output_config")
      expect(body["tool_choice"]).toEqual("toolChoice" in options ? { type: "auto" } : undefined)
      expect(body).not.toHaveProperty("temperature")
    },
  )

  test("levels by name stay so where the model has them", () => {
    expect(asked("moonshot/kimi-k3", "anthropic-messages", { reasoning: "max" })).toMatchObject({
      thinking: { type: "adaptive" },
      output_config: { effort: "max" },
    })
  })

  test.each(["/v1", "", "/deep/v1/"])("OF-269: another address is kept on Anthropic's surface: %j", async (path) => {
    const server = await anthropicMessagesEmulator()
    onTestFinished(() => server.close())
    const env = { MOONSHOT_BASE_URL: `${server.url}${path}`, MOONSHOT_API_KEY: "k" } as Record<string, string>
    const model = await resolveModel("moonshot/kimi-k2.6", { api: "anthropic-messages", env: (name) => env[name] })
    expect(model.baseUrl).toBe(`${server.url}${path.replace(/\/?v1\/?$/, "")}`)
    await createSluice({ env: (name) => env[name] }).complete(model, { messages: [{ role: "user", content: "hi" }] })
    expect(server.requests[0]?.path).toBe(`${path.replace(/\/?v1\/?$/, "")}/v1/messages`)
    expect(server.requests[0]?.headers["authorization"]).toBe("Bearer k")
  })
})
