import { openaiChatEmulator } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { runCommand } from "../../packages/cli/src/program.ts"
import { testIo, type TestIo } from "../support/command-io.ts"

async function run(args: string[], env: Record<string, string> = {}): Promise<{ code: number; io: TestIo }> {
  const io = testIo({ env })
  return { code: await runCommand(io, args), io }
}

describe("sluice chat with a host", () => {
  test("options reach the host", async () => {
    const host = await openaiChatEmulator({ script: [{ text: "Yes." }] })
    onTestFinished(() => host.close())
    const { code, io } = await run(
      ["chat", "--base-url", `${host.url}/v1`, "-m", "some-model", "--api-key-env", "MY_KEY", "-s", "Be brief."].concat(
        ["--max-tokens", "50", "--temperature", "0.5", "--thinking", "low", "ok?"],
      ),
      { MY_KEY: "sk-test" },
    )
    expect([code, io.out()]).toEqual([0, "Yes.\n"])
    expect(io.err()).toContain(`custom/some-model · key from MY_KEY · ${host.url}/v1\nassumed: `)
    expect(host.requests[0]?.json).toMatchObject({
      model: "some-model",
      temperature: 0.5,
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "ok?" },
      ],
    })
    expect(JSON.stringify(host.requests[0]?.json)).toContain("50")
    expect(host.requests[0]?.headers["authorization"]).toBe("Bearer sk-test")
  })

  test("an answer that fails half-way is a failure whose text stays", async () => {
    const answer = {
      text: "Half an answer that goes on",
      pace: { chars: 4, ms: 30 },
      streamError: { status: 500, message: "It broke.", afterEvents: 3 },
    }
    const host = await openaiChatEmulator({ script: [answer] })
    onTestFinished(() => host.close())
    const { code, io } = await run(
      ["chat", "--base-url", `${host.url}/v1`, "--api-key-env", "MY_KEY", "-m", "x", "hi"],
      { MY_KEY: "sk-test" },
    )
    expect(code).toBe(1)
    expect(io.out()).toMatch(/^Half.*\n$/)
    expect(io.err()).toMatch(/error: It broke\. \(\w+/)
  })

  test("a refusal for want of a key says how to give one", async () => {
    const host = await openaiChatEmulator()
    onTestFinished(() => host.close())
    const { code, io } = await run(["chat", "--base-url", `${host.url}/v1`, "-m", "x", "hi"])
    expect([code, io.out()]).toEqual([1, ""])
    expect(io.err()).toMatch(/401\)\n--api-key-env NAME/)
  })
})
