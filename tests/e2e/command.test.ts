import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { sluice, sluiceToEnd } from "../support/sluice-command.ts"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const RECORDING = join(ROOT, "tests", "corpus", "openai-completions", "greeting.sse")
const posix = process.platform !== "win32"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-e2e-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A home of its own, so that nobody's settings count. */
const home = (): { env: Record<string, string>; cwd: string } => ({
  env: { HOME: folder, USERPROFILE: folder, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder, LOCALAPPDATA: folder },
  cwd: folder,
})

test("--version prints the version", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "packages/cli/package.json"), "utf8")) as { version: string }
  expect(await sluiceToEnd(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" })
})

describe("chat", () => {
  const GREETING =
    "Hello from the demo model inside Sluice: no network, no key, no cost. " +
    "Swap its name for any provider's model and this same stream keeps working."

  test("puts the answer on standard output, and where it came from and what it took on standard error", async () => {
    const { code, out, err } = await sluiceToEnd(["chat", "--model", "mock/demo", "hi"], home())
    expect([code, out]).toEqual([0, `${GREETING} You said: “hi”\n`])
    expect(err).toMatch(/^mock\/demo · built in, no key\n1 in · 36 out \(7 thinking\) · \$0\.00 · first token .*\n$/)
  })

  test("reads a question from a pipe", async () => {
    const { code, out } = await sluiceToEnd(["chat", "--model", "mock/demo"], { ...home(), stdin: "from a pipe\n" })
    expect([code, out]).toEqual([0, `${GREETING} You said: “from a pipe”\n`])
  })

  test("--json prints one message", async () => {
    const { code, out } = await sluiceToEnd(["chat", "--model", "mock/demo", "--json", "hi"], home())
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ role: "assistant", stopReason: "stop", usage: { output: 36 } })
  })

  test("a reader that goes away early is no failure", async () => {
    const running = sluice(["chat", "--model", "mock/demo", "hi"], home())
    await running.printed(/Hello/)
    running.child.stdout?.destroy()
    expect(await running.ended).toBe(0)
    expect(running.err()).not.toContain("EPIPE")
  })

  test("a wrong option ends with 2, unknown names with 1 and a hint", async () => {
    const [option, provider] = await Promise.all([
      sluiceToEnd(["chat", "--nope", "hi"], home()),
      sluiceToEnd(["chat", "--model", "nobody/x", "hi"], home()),
    ])
    expect([option.code, option.out]).toEqual([2, ""])
    expect(option.err).toContain("unknown option '--nope'")
    expect([provider.code, provider.out]).toEqual([1, ""])
    expect(provider.err).toMatch(/no provider "nobody"[^]*Known providers/)
  })

  test.runIf(posix)("SIGINT ends it with 130", async () => {
    const running = sluice(["chat", "--model", "mock/demo", "hi"], home())
    await running.printed(/Hello/)
    running.child.kill("SIGINT")
    expect(await running.ended).toBe(130)
    expect(running.out()).toMatch(/^Hello.*\n$/)
  })
})

describe("replay", () => {
  test("--json prints the message of a recording and nothing else", async () => {
    const { code, out, err } = await sluiceToEnd(["replay", "--api", "openai-completions", "--json", RECORDING])
    expect([code, err]).toEqual([0, ""])
    const message = JSON.parse(out) as { content: { type: string; text?: string }[] }
    expect(message).toMatchObject({ stopReason: "stop", provider: "", usage: { output: 36, provenance: "reported" } })
    expect(message.content.map((block) => block.type)).toEqual(["thinking", "text"])
    expect(message.content[1]?.text).toMatch(/^Hello from .* You said: “Hello”$/)
  })

  test("--events prints a line for each event; standard input is read by its content", async () => {
    const stdin = readFileSync(RECORDING, "utf8")
    const { code, out } = await sluiceToEnd(["replay", "--api", "openai-completions", "--events", "-"], { stdin })
    expect(code).toBe(0)
    const types = out
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type)
    expect([types[0], types.at(-1)]).toEqual(["start", "done"])
  })

  test("an exchange that ended in an error is decoded like any other", async () => {
    const stdin = `{"error":{"message":"Slow down.","type":"rate_limit_error"}}`
    const args = [
      "replay",
      "--api",
      "openai-completions",
      "--status",
      "429",
      "--header",
      "retry-after:7",
      "--json",
      "-",
    ]
    const { code, out } = await sluiceToEnd(args, { stdin })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      stopReason: "error",
      error: { code: "rate_limited", status: 429, retryAfterMs: 7000, message: "Slow down." },
    })
  })

  test("an answer of the Responses API needs nothing but its name", async () => {
    const item = { type: "message", id: "msg_1", content: [{ type: "output_text", text: "Hi" }] }
    const events = [
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response: { id: "resp_1", status: "completed", usage: { output_tokens: 2 } } },
    ]
    const stdin = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")
    const { code, out } = await sluiceToEnd(["replay", "--api", "openai-responses", "--json", "-"], { stdin })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      api: "openai-responses",
      responseId: "resp_1",
      content: [{ type: "text", text: "Hi", itemId: "msg_1" }],
      usage: { output: 2 },
    })
  })

  test("prints a summary for people", async () => {
    const { out } = await sluiceToEnd(["replay", "--api", "openai-completions", "--provider", "openai", RECORDING])
    expect(out).toMatch(/\[thinking\] A short[^]*Hello from[^]*stop: stop\nusage: 1 in · 36 out/)
  })

  test("what cannot be read ends with 1, what was asked wrongly with 2", async () => {
    const [gone, api, provider] = await Promise.all([
      sluiceToEnd(["replay", "--api", "openai-completions", join(folder, "gone.sse")]),
      sluiceToEnd(["replay", "--api", "nope", RECORDING]),
      sluiceToEnd(["replay", "--api", "openai-completions", "--provider", "nobody", RECORDING]),
    ])
    expect([gone.code, gone.out]).toEqual([1, ""])
    expect(gone.err).toContain("no such file")
    expect([api.code, api.out]).toEqual([2, ""])
    expect(api.err).toContain("openai-completions, openai-responses, anthropic-messages")
    expect([provider.code, provider.out]).toEqual([2, ""])
    expect(provider.err).toContain("Known providers")
  })
})

test("models lists and shows, for people and for programs", async () => {
  const [list, show, unknown] = await Promise.all([
    sluiceToEnd(["models", "anthropic", "--json"], home()),
    sluiceToEnd(["models", "show", "openai/gpt-5.5"], home()),
    sluiceToEnd(["models", "show", "openai/nobody-knows-this", "--json"], home()),
  ])
  expect((JSON.parse(list.out) as { provider: string }[]).map((one) => one.provider)).toContain("anthropic")
  expect(show.out).toMatch(/^openai\/gpt-5\.5\nname +GPT-5\.5\napi +openai-completions\n/)
  expect(JSON.parse(unknown.out)).toMatchObject({ id: "nobody-knows-this", assumed: expect.any(Array) as unknown })
})

describe("gateway", () => {
  test("shows a key once, serves with it, and stops when it is told to", async () => {
    const data = join(folder, "gateway")
    const running = sluice(["gateway", "--port", "0", "--data", data, "--json"], home())
    onTestFinished(() => void running.child.kill("SIGKILL"))
    const [line] = await running.printed(/^\{.*\}$/m)
    const { url, apiKey } = JSON.parse(line) as { url: string; apiKey: string }
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ model: "mock/demo", messages: [{ role: "user", content: "hi" }] }),
      })
    const answer = await ask({ authorization: `Bearer ${apiKey}` })
    expect(answer.status).toBe(200)
    expect(JSON.stringify(await answer.json())).toContain("Hello from the demo model")
    expect((await ask({})).status).toBe(401)

    running.child.kill("SIGTERM")
    if (posix) expect(await running.ended).toBe(0)
    else await running.ended
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    expect(running.err()).toContain(`"status":200`)
    expect(running.out() + running.err().replaceAll(apiKey, "")).toContain(apiKey)
    expect(running.err()).not.toContain(apiKey)

    const keys = await sluiceToEnd(["gateway", "key", "list", "--data", data, "--json"], home())
    const [key] = JSON.parse(keys.out) as { id: string; name: string }[]
    expect(key?.name).toBe("first start")
    expect(keys.out).not.toContain(apiKey)
    const args = ["--data", data]
    expect((await sluiceToEnd(["gateway", "key", "disable", key?.id ?? "", ...args], home())).code).toBe(0)
    expect((await sluiceToEnd(["gateway", "key", "disable", "key_x", ...args], home())).code).toBe(1)
    expect((await sluiceToEnd(["gateway", "key", "create", ...args], home())).out).toMatch(/^sk-sluice-\S+\n$/)
  })

  test("keeps answers for as long as it is told, and none when that is off", async () => {
    const kept = async (name: string, time: string) => {
      const data = join(folder, name)
      const times = ["--keep-responses", time, "--keep-thinking", time]
      const running = sluice(["gateway", "--port", "0", "--data", data, "--json", ...times], home())
      onTestFinished(() => void running.child.kill("SIGKILL"))
      const [line] = await running.printed(/^\{.*\}$/m)
      const { url, apiKey } = JSON.parse(line) as { url: string; apiKey: string }
      const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" }
      const body = JSON.stringify({ model: "mock/demo", input: "hi" })
      const asked = await fetch(`${url}/v1/responses`, { method: "POST", headers, body })
      const answer = (await asked.json()) as { id: string; store: boolean }
      const read = async (): Promise<number> => (await fetch(`${url}/v1/responses/${answer.id}`, { headers })).status
      return { answer, read, sealed: existsSync(join(data, "seal.key")) }
    }
    const off = await kept("keep-off", "off")
    expect([off.answer.store, await off.read(), off.sealed]).toEqual([false, 404, false])
    const brief = await kept("keep-brief", "2s")
    expect([brief.answer.store, await brief.read(), brief.sealed]).toEqual([true, 200, true])
    await expect.poll(brief.read, { timeout: 4000 }).toBe(404)
  })

  test("explains how long answers are kept and where their key comes from; keys need it not", async () => {
    const { out } = await sluiceToEnd(["gateway", "--help"], home())
    for (const word of [
      "--keep-responses",
      "default: 30d",
      "--keep-thinking",
      "default: 7d",
      "seal.key",
      "SLUICE_SEAL_KEY",
    ])
      expect(out).toContain(word)
    const wrong = await sluiceToEnd(["gateway", "--keep-responses", "soon"], home())
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("30d, 12h")])
    const data = join(folder, "keys-only")
    expect((await sluiceToEnd(["gateway", "key", "create", "--data", data], home())).code).toBe(0)
    expect(existsSync(join(data, "seal.key"))).toBe(false)
  })

  test("explains by which routes each vendor's programs reach it", async () => {
    const { out } = await sluiceToEnd(["gateway", "--help"], home())
    for (const vendor of ["OpenAI's", "Anthropic's", "Google's", "Ollama's"]) expect(out).toContain(vendor)
    for (const path of ["/v1/chat/completions", "/v1/responses", "/v1/messages", ":generateContent", "/api/chat"]) {
      expect(out).toContain(path)
    }
  })

  test("says which port is in use, and which model cannot be served", async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void other.close())
    const port = String((other.address() as { port: number }).port)
    const [taken, alias] = await Promise.all([
      sluiceToEnd(["gateway", "--port", port, "--data", join(folder, "taken")], home()),
      sluiceToEnd(["gateway", "--port", "0", "--data", join(folder, "alias"), "--alias", "x=nobody/y"], home()),
    ])
    expect(taken.code).toBe(1)
    expect(taken.err).toContain(`Port ${port} on 127.0.0.1 is in use`)
    expect(alias.code).toBe(1)
    expect(alias.err).toContain("nobody/y cannot be served")
  })
})

describe("start", () => {
  const leftovers = (): string[] => readdirSync(folder).filter((name) => name.startsWith("sluice-start-"))
  /** Temporary folders are made below the test's own. */
  const inside = (): ReturnType<typeof home> => ({
    ...home(),
    env: { ...home().env, TMPDIR: folder, TEMP: folder, TMP: folder },
  })

  test("--once answers, cleans up and ends with 0", async () => {
    const { code, out, err } = await sluiceToEnd(["start", "--once"], inside())
    expect([code, out]).toEqual([0, expect.stringMatching(/http:\/\/127\.0\.0\.1:\d+[^]*sk-sluice-[^]*\nHello from/)])
    expect(err).toMatch(/\d+ in · \d+ out .*\$0\.00/)
    expect(leftovers()).toEqual([])
    expect(existsSync(join(folder, "sluice"))).toBe(false)
  })

  test.runIf(posix)("stays up with lines to paste until it is told to stop", async () => {
    const running = sluice(["start"], inside())
    onTestFinished(() => void running.child.kill("SIGKILL"))
    const [, url = "", key = ""] = await running.printed(/curl (http:\S+)\/v1\/chat[^]*Bearer (\S+)"[^]*stays up/)
    const answer = await fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json" },
      body: JSON.stringify({ model: "mock/demo", max_tokens: 100, messages: [{ role: "user", content: "hi" }] }),
    })
    expect(answer.status).toBe(200)
    await answer.json()
    running.child.kill("SIGINT")
    expect(await running.ended).toBe(0)
    expect(leftovers()).toEqual([])
  })
})
