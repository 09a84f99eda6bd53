import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable, Writable } from "node:stream"
import { expect, onTestFinished, test } from "vitest"
import { keyboard, testIo } from "../../../../tests/support/command-io.ts"
import { closes, delta, event, metadata, start, stops } from "../../../../tests/support/bedrock-converse-stream.ts"
import { replay, type ReplayOptions } from "./run.ts"

const OPTIONS: ReplayOptions = { api: "openai-completions", status: 200, events: true }
const chunk = (delta: object, reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`
const END = `${chunk({}, "stop")}data: [DONE]\n\n`

interface Line {
  type: string
  error?: { error: { code: string } }
}

test("a long recording gives all its events", async () => {
  const count = 200_000
  const io = testIo({ stdin: Readable.from([Buffer.from(chunk({ content: "x" }).repeat(count) + END)]) })
  await replay(io, "-", OPTIONS)
  const lines = io.out().trimEnd().split("\n")
  expect(lines.filter((line) => line.startsWith(`{"type":"text_delta"`))).toHaveLength(count)
  expect((JSON.parse(lines.at(-1) as string) as Line).type).toBe("done")
})

test("events are written as they come, and a slow reader holds the reading up", async () => {
  let taken = 0
  const source = Readable.from(
    (function* () {
      for (; taken < 4000; taken++) yield Buffer.from(chunk({ content: "x" }).repeat(100))
      yield Buffer.from(END)
    })(),
    { objectMode: false, highWaterMark: 16_384 },
  )
  let release: (() => void) | undefined
  let open = false
  let written = ""
  const stdout = new Writable({
    write(piece: Buffer, _encoding, done) {
      written += piece.toString()
      if (open) done()
      else release = done
    },
  })
  const running = replay({ ...testIo({ stdin: source }), stdout }, "-", OPTIONS)
  await expect.poll(() => release).toBeDefined()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(written).toContain(`{"type":"start"`)
  // What its form is judged by, and what lies in buffers; not the whole.
  expect(taken).toBeLessThan(1000)
  open = true
  release?.()
  await running
  expect(taken).toBe(4000)
})

test("what is malformed half-way keeps the events before it", async () => {
  const io = testIo({ stdin: `${chunk({ content: "x" })}data: {"choices":[{"index":0,"delta"\n\n` })
  await replay(io, "-", OPTIONS)
  const lines = io
    .out()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line)
  expect(lines.map((line) => line.type)).toEqual(expect.arrayContaining(["start", "text_delta", "error"]))
  expect(lines.at(-1)).toMatchObject({ type: "error" })
})

test("a file is read from where it lies; what cannot be read is no result", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "sluice-replay-"))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  writeFileSync(join(cwd, "a.sse"), chunk({ content: "Hello" }) + END)
  const io = testIo({ cwd })
  await replay(io, "a.sse", { ...OPTIONS, events: false, json: true })
  expect(JSON.parse(io.out())).toMatchObject({ content: [{ type: "text", text: "Hello" }] })
  await expect(replay(io, "gone.sse", OPTIONS)).rejects.toThrow("there is no such file")
  await expect(replay(io, ".", OPTIONS)).rejects.toThrow("it is a folder")
})

test("events of a pipe that stays open are there at once", async () => {
  const pipe = keyboard()
  const io = testIo({ stdin: pipe })
  const running = replay(io, "-", OPTIONS)
  pipe.write(chunk({ content: "Hello" }))
  await expect.poll(() => io.out()).toContain(`"delta":"Hello"`)
  pipe.end(END)
  await running
})

test("a binary stream of Bedrock's own is known by its form", async () => {
  const messages = [start, delta(0, { text: "Hello." }), closes(0), stops("end_turn"), metadata()]
  const io = testIo({ stdin: Readable.from([Buffer.concat(messages)]) })
  await replay(io, "-", { api: "bedrock-converse-stream", status: 200, json: true })
  expect(JSON.parse(io.out())).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: "Hello." }] })
  const chat = testIo({ stdin: Readable.from([Buffer.concat(messages)]) })
  await expect(replay(chat, "-", { ...OPTIONS })).rejects.toThrow("No host speaks openai-completions")
})

test("a binary stream of another vendor's events is read by the codec's name, too", async () => {
  const events = [
    { type: "message_start", message: { id: "m", model: "x", usage: { input_tokens: 1, output_tokens: 1 } } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello." } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
    { type: "message_stop" },
  ]
  const bytes = events.map((each) => event("chunk", { bytes: Buffer.from(JSON.stringify(each)).toString("base64") }))
  for (const api of ["bedrock-anthropic-messages", "anthropic-messages"]) {
    const io = testIo({ stdin: Readable.from([Buffer.concat(bytes)]) })
    await replay(io, "-", { api, status: 200, json: true })
    expect(JSON.parse(io.out()), api).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: "Hello." }] })
  }
})

test("an envelope is taken off", async () => {
  const response = { candidates: [{ content: { parts: [{ text: "Hello." }] }, finishReason: "STOP" }] }
  const io = testIo({ stdin: Readable.from([`data: ${JSON.stringify({ response })}\n\n`]) })
  await replay(io, "-", { api: "google-gemini-cli", status: 200, json: true })
  expect(JSON.parse(io.out())).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: "Hello." }] })
})
