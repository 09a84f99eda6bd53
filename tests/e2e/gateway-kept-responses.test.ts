import OpenAI from "openai"
import { anthropicMessagesEmulator, openaiChatEmulator, type EmulatedAnswer } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { latest, startGateway, type TestGateway } from "../support/gateway.ts"

interface Stage {
  gateway: TestGateway
  client: OpenAI
  requests(): readonly { json?: unknown }[]
}

/** A gateway before one emulator of another wire, and the vendor's own client. */
async function stage(
  host: "chat" | "messages",
  script: readonly EmulatedAnswer[],
  options: Parameters<typeof startGateway>[1] = {},
): Promise<Stage> {
  const emulator = await (host === "chat" ? openaiChatEmulator({ script }) : anthropicMessagesEmulator({ script }))
  const gateway = await startGateway(
    host === "chat"
      ? { h: { api: "openai-completions", url: `${emulator.url}/v1` } }
      : {
          h: {
            api: "anthropic-messages",
            url: emulator.url,
            model: { compat: { messages: { keyHeader: "x-api-key" } } },
          },
        },
    options,
  )
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]()
    await emulator.close()
  })
  return { gateway, client: clientOf(gateway), requests: () => emulator.requests }
}

function clientOf({ url, key }: TestGateway): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
}

/** The texts of what a host was asked, in order. */
function textsOf(request: { json?: unknown } | undefined): string[] {
  const { messages } = (request as { json: unknown }).json as {
    messages: { content: string | { text?: string }[] | null }[]
  }
  return messages.flatMap(({ content }) =>
    typeof content === "string" ? [content] : (content ?? []).map(({ text }) => text ?? ""),
  )
}

describe.each(["chat", "messages"] as const)("an answer of a host of %s", (host) => {
  test("can be read by its id as soon as its last event is there, listed and deleted", async () => {
    const at = await stage(host, [{ text: "Hello." }])
    const stream = await at.client.responses.create({ model: "h/m", input: "hi", stream: true })
    for await (const event of stream) {
      if (event.type !== "response.completed") continue
      const { response } = event
      expect(response).toMatchObject({ store: true })
      const { output_text: _text, ...kept } = await at.client.responses.retrieve(response.id)
      expect(kept).toEqual(response)
      const items = await at.client.responses.inputItems.list(response.id)
      expect(items.data).toMatchObject([
        {
          type: "message",
          role: "user",
          id: expect.stringMatching(/^msg_/),
          content: [{ type: "input_text", text: "hi" }],
        },
      ])
      await at.client.responses.delete(response.id)
      await expect(at.client.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 })
      return
    }
    throw new Error("The stream ended without its last event.")
  })

  test("is gone on from with only what is new, over several turns and with tools", async () => {
    const at = await stage(host, [
      { toolCalls: [{ id: "call_1", name: "look", arguments: { city: "Paris" } }] },
      { text: "It rains." },
      { text: "Take a coat." },
    ])
    const tools = [{ type: "function" as const, name: "look", parameters: { type: "object" }, strict: false }]
    const first = await at.client.responses.create({ model: "h/m", input: "weather?", tools, instructions: "one" })
    const second = await at.client.responses.create({
      model: "h/m",
      tools,
      previous_response_id: first.id,
      input: [{ type: "function_call_output", call_id: "call_1", output: "rain" }],
    })
    expect(second.output_text).toBe("It rains.")
    const third = await at.client.responses.create({
      model: "h/m",
      tools,
      previous_response_id: second.id,
      input: "and now?",
      instructions: "three",
    })
    expect(third.previous_response_id).toBe(second.id)
    const asked = textsOf(at.requests()[2]).join("|")
    expect(asked).toMatch(/weather\?.*It rains\..*and now\?/)
    // Instructions hold for their own request alone.
    expect(JSON.stringify(at.requests()[2]?.json)).toContain("three")
    expect(JSON.stringify(at.requests()[2]?.json)).not.toContain('"one"')
    expect(JSON.stringify(at.requests()[1]?.json)).toContain("rain")
  })

  test("that the client does not want kept is not", async () => {
    const at = await stage(host, [{ text: "Hello." }])
    const response = await at.client.responses.create({ model: "h/m", input: "hi", store: false })
    expect(response).toMatchObject({ store: false })
    await expect(at.client.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 })
    await expect(
      at.client.responses.create({ model: "h/m", input: "more", previous_response_id: response.id }),
    ).rejects.toMatchObject({ status: 404, code: "previous_response_not_found" })
    expect(at.requests()).toHaveLength(1)
  })
})

describe("kept answers", () => {
  test("are another key's as little as nobody's", async () => {
    const at = await stage("chat", [{ text: "Hello." }])
    const response = await at.client.responses.create({ model: "h/m", input: "hi" })
    const { secret } = await at.gateway.gateway.keys.create("other")
    const other = new OpenAI({ baseURL: `${at.gateway.url}/v1`, apiKey: secret, maxRetries: 0 })
    await expect(other.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 })
    await expect(other.responses.delete(response.id)).rejects.toMatchObject({ status: 404 })
    await expect(other.responses.inputItems.list(response.id)).rejects.toMatchObject({ status: 404 })
    expect((await at.client.responses.retrieve(response.id)).id).toBe(response.id)
    const without = await fetch(`${at.gateway.url}/v1/responses/${response.id}`)
    expect(without.status).toBe(401)
  })

  test("are listed in pages, in either order", async () => {
    const at = await stage("chat", [{ text: "Hello." }])
    const input = Array.from({ length: 25 }, (_, i) => ({ role: "user" as const, content: `${i}` }))
    const response = await at.client.responses.create({ model: "h/m", input })
    const all: unknown[] = []
    for await (const item of at.client.responses.inputItems.list(response.id, { order: "asc", limit: 10 })) {
      all.push((item as { content: { text: string }[] }).content[0]?.text)
    }
    expect(all).toEqual(input.map(({ content }) => content))
    const newest = await at.client.responses.inputItems.list(response.id)
    expect(newest.data).toHaveLength(20)
    expect(newest.data[0]).toMatchObject({ content: [{ text: "24" }] })
    for (const query of ["limit=0", "limit=x", "order=up", "after=none"]) {
      const refused = await fetch(`${at.gateway.url}/v1/responses/${response.id}/input_items?${query}`, {
        headers: at.gateway.headers,
      })
      expect(refused.status, query).toBe(400)
      expect(await refused.json()).toMatchObject({ error: { param: query.split("=")[0] } })
    }
  })

  test("are not kept where the gateway is told so, and answers say it", async () => {
    const at = await stage("chat", [{ text: "Hello." }], { keepResponsesMs: 0 })
    const response = await at.client.responses.create({ model: "h/m", input: "hi" })
    expect(response).toMatchObject({ store: false })
    await expect(at.client.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 })
  })

  test("an answer that was filtered on its way is one to come back to", async () => {
    const at = await stage("chat", [{ text: "one two three", stop: "content_filter" }])
    const stream = await at.client.responses.create({ model: "h/m", input: "hi", stream: true })
    let id = ""
    for await (const event of stream) if (event.type === "response.incomplete") id = event.response.id
    expect(await at.client.responses.retrieve(id)).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "content_filter" },
    })
  })

  test("an answer that failed is none to come back to", async () => {
    const at = await stage("chat", [{ text: "one two three four", cut: { afterEvents: 3, how: "end" } }])
    const stream = await at.client.responses.create({ model: "h/m", input: "hi", stream: true })
    let id = ""
    for await (const event of stream) if (event.type === "response.failed") id = event.response.id
    expect(id).not.toBe("")
    await expect(at.client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 })
    await expect.poll(() => latest(at.gateway, 1)).toMatchObject([{ status: 200, error: expect.any(String) }])
  })
})
