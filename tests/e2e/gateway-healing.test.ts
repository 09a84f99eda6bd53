import type { Model } from "@sluice/ai"
import { openaiChatEmulator } from "@sluice/testkit/emulators"
import { describe, expect, test } from "vitest"
import { latest, startGateway } from "../support/gateway.ts"

const CALL =
  '<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{"path":"a"}<|tool_call_end|><|tool_calls_section_end|>'
const READ = { type: "function", function: { name: "read", parameters: { type: "object", properties: {} } } }

/** The answer of a chat host to a client of the same API, and whether its bytes were passed on. */
async function ask(text: string, heal: Model["compat"]["heal"], tools: readonly object[]) {
  const host = await openaiChatEmulator({ script: [{ text }] })
  const hosts = {
    chat: { api: "openai-completions", url: `${host.url}/v1`, model: { compat: heal ? { heal } : {} } },
  }
  await using gateway = await startGateway(hosts)
  const body = { model: "chat/m", messages: [{ role: "user", content: "hi" }], ...(tools.length > 0 ? { tools } : {}) }
  const response = await gateway.post("/v1/chat/completions", body)
  const { choices } = (await response.json()) as {
    choices: [{ message: { content: string | null; tool_calls?: object[] }; finish_reason: string }]
  }
  const [row] = await latest(gateway, 1)
  await host.close()
  return { ...choices[0], relayed: row?.relayed }
}

describe("between two sides of the same API", () => {
  test("an answer in which calls may have leaked is read, not passed on", async () => {
    const { message, finish_reason: reason, relayed } = await ask(CALL, ["thinking", "kimi"], [READ])
    expect(message.tool_calls).toMatchObject([{ function: { name: "read", arguments: '{"path":"a"}' } }])
    expect([reason, relayed]).toEqual(["tool_calls", false])
  })

  test("so is one in which tokens may stand", async () => {
    expect(await ask("yes<|im_end|>", ["control-tokens"], [])).toMatchObject({
      message: { content: "yes" },
      relayed: false,
    })
  })

  test.each<[string, Model["compat"]["heal"], readonly object[]]>([
    ["nothing is known to leak", undefined, [READ]],
    ["only tags of thinking may", ["thinking"], [READ]],
    ["no tools are offered", ["thinking", "kimi"], []],
  ])("its bytes pass where %s", async (_name, heal, tools) => {
    const text = "<think>hm</think>yes"
    expect(await ask(text, heal, tools)).toMatchObject({ message: { content: text }, relayed: true })
  })
})
