import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { keyboard, testIo, type TestIo } from "../../../../tests/support/command-io.ts"
import { runCommand } from "../program.ts"

const GREETING = "Hello from the demo model inside Sluice"

async function run(args: string[], options: Parameters<typeof testIo>[0] = {}): Promise<{ code: number; io: TestIo }> {
  const io = testIo(options)
  const code = await runCommand(io, args)
  // What was written last has reached its reader.
  await new Promise((resolve) => setImmediate(resolve))
  return { code, io }
}

describe("one question", () => {
  test("is answered on standard output, with the rest on standard error", async () => {
    const { code, io } = await run(["chat", "--model", "mock/demo", "hi", "there"])
    expect(code).toBe(0)
    expect(io.out()).toMatch(new RegExp(`^${GREETING}.*“hi there”\n$`))
    expect(io.err()).toMatch(/^mock\/demo · built in, no key\n\d+ in · \d+ out .*\$0\.00 · first token \d+ ms/)
  })

  test("has what comes through the pipe behind the words", async () => {
    const { io } = await run(["chat", "-m", "mock/demo", "say"], { stdin: "piped\n" })
    expect(io.out()).toContain("“say piped”".replace(" ", "\n\n"))
  })

  test("on a terminal shows the thinking beside the answer, and no control characters", async () => {
    const { io } = await run(["chat", "-m", "mock/demo", "x\u001b[31m"], { tty: true, env: { NO_COLOR: "1" } })
    expect(io.err()).toContain("A short and friendly answer will do.\n\n")
    expect(io.out()).not.toContain("\u001b")
    expect(io.out()).toContain("“x[31m”")
  })

  test("--json prints one message, --events one event a line", async () => {
    const whole = await run(["chat", "-m", "mock/demo", "hi", "--json"])
    expect(JSON.parse(whole.io.out())).toMatchObject({ role: "assistant", stopReason: "stop", provider: "mock" })
    const { io } = await run(["chat", "-m", "mock/demo", "hi", "--events"])
    const events = io
      .out()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; partial?: unknown })
    expect(events[0]).toEqual({ type: "start" })
    expect(events.at(-1)).toMatchObject({ type: "done", message: { stopReason: "stop" } })
    expect(events.every((event) => event.partial === undefined)).toBe(true)
  })

  test("Ctrl-C ends it with 130 and keeps what was printed", async () => {
    const io = testIo()
    io.stdout.once("data", () => io.signal("SIGINT"))
    expect(await runCommand(io, ["chat", "-m", "mock/demo", "hi"])).toBe(130)
    expect(io.out()).toMatch(/^Hello[^“]*\n$/)
    expect(io.exits).toEqual([])
  })
})

describe("what cannot be done", () => {
  test.each([
    [["chat"], "There is no question."],
    [["chat", "--max-tokens", "0", "x"], "must be a whole number of at least 1"],
    [["chat", "--thinking", "much", "x"], "Allowed choices are off, minimal"],
    [["chat", "--json", "--events", "x"], "cannot be used with"],
    [["chat", "--api", "nope", "x"], "Known are openai-completions, openai-responses, anthropic-messages, "],
    [["chat", "--api-key-env", "MY_KEY", "x"], "names MY_KEY, which is not set"],
    [["chatt"], "unknown command 'chatt'"],
    [["replay", "x.sse"], "required option '--api <api>'"],
    [[], "Usage: sluice"],
  ])("a wrong command line ends with 2: %j", async (args, message) => {
    const { code, io } = await run(args)
    expect(code).toBe(2)
    expect(io.err()).toContain(message)
    expect(io.out()).toBe("")
  })

  test.each([
    [["chat", "-m", "nobody/x", "hi"], /no provider "nobody".*\nKnown providers: anthropic/],
    [["chat", "-m", "antropic/x", "hi"], /Did you mean anthropic/],
    [["chat", "-m", "mock/other", "hi"], /no scripted model "other".*\n.*mock\/demo/],
    [["chat", "-m", "openai/gpt-5.5", "hi"], /OPENAI_API_KEY.*\(auth_missing\)\nSet OPENAI_API_KEY/],
    [["chat", "-m", "mock/demo", "--image", "gone.png", "hi"], /gone\.png cannot be read/],
  ])("work that fails ends with 1 and says what to do: %j", async (args, message) => {
    const { code, io } = await run(args)
    expect(code).toBe(1)
    expect(io.err()).toMatch(message)
    expect(io.err()).not.toMatch(/^\s+at /m)
    expect(io.out()).toBe("")
  })

  test("--no-env uses no key that is there", async () => {
    const { code, io } = await run(["chat", "--no-env", "-m", "openai/gpt-5.5", "hi"], {
      env: { OPENAI_API_KEY: "sk" },
    })
    expect(code).toBe(1)
    expect(io.err()).toContain("auth_missing")
    const demo = await run(["chat", "--no-env", "hi"], { env: { OPENAI_API_KEY: "sk", SLUICE_MODEL: "x/y" } })
    expect(demo.code).toBe(0)
    expect(demo.io.err()).toMatch(/^mock\/demo/)
  })
})

describe("a conversation", () => {
  test("goes on until the person leaves, Ctrl-C stops an answer alone", async () => {
    const keys = keyboard()
    const io = testIo({ stdin: keys, tty: true, env: { NO_COLOR: "1" } })
    const code = runCommand(io, ["chat", "-m", "mock/demo"])
    const prompts = (): number => io.err().split("\u001b[0J> ").length - 1
    const prompt = (count: number): Promise<void> => vi.waitFor(() => expect(prompts()).toBe(count), 10_000)

    await prompt(1)
    keys.write("first\r")
    await prompt(2)
    expect(io.out()).toContain("You said: “first”\n")
    expect(io.err()).toMatch(/\d+ in · \d+ out/)

    keys.write("two\rlines\r")
    await vi.waitFor(() => expect(io.out()).toContain("\nSluice keeps one"), 10_000)
    io.signal("SIGINT")
    await prompt(3)
    expect(io.err()).toContain("(stopped)")
    expect(io.out()).not.toContain("lines")

    keys.write("/model nobody/x\r")
    await prompt(4)
    expect(io.err()).toContain(`error: There is no provider "nobody"`)
    keys.write("/clear\r")
    await prompt(5)
    keys.write("again\rand more\r")
    await prompt(6)
    expect(io.out()).toMatch(new RegExp(`${GREETING}[^]*${GREETING}[^]*“again\nand more”\n$`))

    keys.write("/nothing\r")
    await prompt(7)
    expect(io.err()).toContain("There is no command /nothing")
    keys.write("\u0003")
    await prompt(8)
    keys.write("\u0003")
    expect(await code).toBe(0)
  })

  test.each(["\u0004", "/exit\r"])("is left by %j", async (typed) => {
    const keys = keyboard()
    const io = testIo({ stdin: keys, tty: true })
    const code = runCommand(io, ["chat", "-m", "mock/demo"])
    await vi.waitFor(() => expect(io.err()).toContain("> "), 10_000)
    keys.write(typed)
    expect(await code).toBe(0)
  })

  test("has no JSON form", async () => {
    const { code, io } = await run(["chat", "--json"], { stdin: keyboard() })
    expect(code).toBe(2)
    expect(io.err()).toContain("--json needs a question")
  })
})

test("a configured model answers without a search", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-chat-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { io } = await run(["chat", "hi"], { cwd: folder, env: { SLUICE_MODEL: "mock/demo", OPENAI_API_KEY: "sk" } })
  expect(io.err()).toContain("mock/demo · built in, no key · named by SLUICE_MODEL")
})
