import { keySource, type Context } from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import { resolveModel } from "@sluice/catalog"
import { openaiChatEmulator } from "@sluice/testkit/emulators"
import { expect, onTestFinished, test } from "vitest"

interface Declared {
  tools: { function: { name: string } }[]
  tool_choice: { function: { name: string } }
  messages: { tool_calls?: { function: { name: string } }[] }[]
}

test("a tool whose name the host refuses is called by its own name", async () => {
  const asked: Declared[] = []
  const host = await openaiChatEmulator({
    script: (request) => {
      const body = request.json as Declared
      asked.push(body)
      return asked.length === 1
        ? { toolCalls: [{ name: body.tools[0]?.function.name ?? "", arguments: { city: "Rome" } }] }
        : { text: "Sunny." }
    },
  })
  onTestFinished(() => host.close())
  const model = { ...(await resolveModel("openai/gpt-4.1")), baseUrl: `${host.url}/v1` }
  const client = createSluice({ env: () => undefined, credentials: keySource("key") })
  const context: Context = {
    messages: [{ role: "user", content: "Weather?" }],
    tools: [{ name: "weather.now", parameters: { type: "object", properties: { city: { type: "string" } } } }],
  }
  const first = await client.complete(model, context, { toolChoice: { name: "weather.now" } })
  expect(first.error).toBeUndefined()
  const [call] = first.content
  expect(call).toMatchObject({ type: "toolCall", name: "weather.now", arguments: { city: "Rome" } })
  const id = call?.type === "toolCall" ? call.id : ""
  const messages: Context["messages"] = [
    ...context.messages,
    first,
    { role: "toolResult", toolCallId: id, content: "sunny" },
  ]
  const second = await client.complete(model, { ...context, messages })
  expect(second.error).toBeUndefined()
  const told = asked[0]?.tools[0]?.function.name
  expect(told).toMatch(/^[A-Za-z0-9_-]+$/)
  expect(asked[0]?.tool_choice.function.name).toBe(told)
  expect(asked[1]?.messages[1]?.tool_calls?.[0]?.function.name).toBe(told)
})
