import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createCanvas, loadImage } from "@napi-rs/canvas"
import {
  anthropicEndpoint,
  complete,
  keySource,
  type Context,
  type ImageBlock,
  type Model,
  type ResizeImage,
  type Route,
} from "@sluice/ai"
import { canvasResizer } from "@sluice/ai/images/canvas"
import { undiciTransport } from "@sluice/ai/transport/undici"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { describeModel } from "@sluice/catalog"
import { describe, expect, onTestFinished, test } from "vitest"
import { runCommand } from "../../packages/cli/src/program.ts"
import { modelOf } from "../support/anthropic-messages.ts"
import { testIo } from "../support/command-io.ts"
import { startGateway } from "../support/gateway.ts"
import { serve } from "../support/toy-wire.ts"

const png = (width: number, height: number): Buffer => createCanvas(width, height).toBuffer("image/png")
const picture = (width: number, height: number): ImageBlock => ({
  type: "image",
  source: { data: png(width, height).toString("base64"), mimeType: "image/png" },
})
const SMALL = picture(8, 8)
const LARGE = picture(2400, 1200)

/** A conversation with so many images, of which the last one, in a tool's result, is as given. */
function pictures(count: number, last: ImageBlock): Context {
  return {
    messages: [
      { role: "user", content: [{ type: "text", text: "Look." }, ...Array.from({ length: count - 1 }, () => SMALL)] },
      {
        role: "assistant",
        content: [{ type: "toolCall", id: "t1", name: "see", arguments: {} }],
        api: "anthropic-messages",
        provider: "anthropic",
        model: "claude",
        usage: { provenance: "absent" },
        stopReason: "toolUse",
        timestamp: 0,
      },
      { role: "toolResult", toolCallId: "t1", content: [{ type: "text", text: "Seen." }, last] },
    ],
  }
}

/** Sizes of all images in a body, wherever they stand. */
async function sizesIn(body: string): Promise<number[][]> {
  const found: string[] = []
  JSON.parse(body, (_key, value: unknown) => {
    const source = value as { type?: unknown; data?: unknown } | null
    if (source?.type === "base64" && typeof source.data === "string") found.push(source.data)
    return value
  })
  const images = await Promise.all(found.map((data) => loadImage(Buffer.from(data, "base64"))))
  return images.map(({ width, height }) => [width, height])
}

interface Host {
  url: string
  /** Sizes of the images of each request. */
  asked: number[][][]
}

/** A host that refuses images as the vendor does: above 8000 pixels always, above 2000 among twenty or more. */
async function host(): Promise<Host> {
  const asked: number[][][] = []
  const url = await serve((_n, body, response) => {
    void sizesIn(body).then((sizes) => {
      asked.push(sizes)
      const limit = sizes.length >= 20 ? 2000 : 8000
      if (sizes.flat().some((edge) => edge > limit)) {
        const message = `At least one of the image dimensions exceeds the allowed size: ${limit} pixels`
        response.writeHead(400, { "content-type": "application/json" })
        response.end(JSON.stringify({ type: "error", error: { type: "invalid_request_error", message } }))
        return
      }
      const events = [
        { type: "message_start", message: { id: "m", model: "m", role: "assistant", content: [], usage: {} } },
        { type: "content_block_start", index: 0, content_block: { type: "text", text: "Seen." } },
        { type: "content_block_stop", index: 0 },
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
        { type: "message_stop" },
      ]
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""))
    })
  })
  return { url, asked }
}

/** A way to a model of the vendor's, as the catalog describes it. */
function way(url: string, fields: Partial<Model> = {}): Route {
  const { compat } = describeModel("anthropic", "claude-sonnet-4-6")
  const transport = undiciTransport()
  onTestFinished(() => transport.close())
  return {
    model: modelOf({ baseUrl: url, compat, ...fields }),
    wire: anthropicMessages,
    endpoint: anthropicEndpoint,
    credentials: keySource("k"),
    transport,
  }
}

function counted(resize: ResizeImage): ResizeImage & { calls: number } {
  const count: ResizeImage & { calls: number } = Object.assign(
    (...args: Parameters<ResizeImage>) => {
      count.calls++
      return resize(...args)
    },
    { calls: 0 },
  )
  return count
}

describe("images that a host would refuse", () => {
  test("WO-64: among twenty images one above 2000 pixels is scaled down, once, and put on record", async () => {
    const { url, asked } = await host()
    const resizeImage = counted(canvasResizer())
    const context = pictures(20, LARGE)
    const before = JSON.stringify(context)
    for (let i = 0; i < 2; i++) {
      const message = await complete(way(url), structuredClone(context), {}, { resizeImage })
      expect(message.error).toBeUndefined()
      expect(message.losses).toEqual([
        {
          field: "messages[2].content[1]",
          kind: "approximated",
          reason: expect.stringContaining("2400 × 1200") as string,
        },
      ])
    }
    expect(asked.map((sizes) => [sizes.length, sizes.at(-1), sizes[0]])).toEqual([
      [20, [2000, 1000], [8, 8]],
      [20, [2000, 1000], [8, 8]],
    ])
    expect(resizeImage.calls).toBe(1)
    expect(JSON.stringify(context)).toBe(before)
  })

  test("WO-64: among fewer it goes as it is, unless it is above 8000; and so it does to hosts without limits", async () => {
    const { url, asked } = await host()
    const resizeImage = counted(canvasResizer())
    const sent = async (context: Context, fields: Partial<Model> = {}): Promise<number[] | undefined> => {
      await complete(way(url, fields), context, {}, { resizeImage })
      return asked.at(-1)?.at(-1)
    }
    expect(await sent(pictures(19, LARGE))).toEqual([2400, 1200])
    expect(await sent(pictures(20, LARGE), { compat: {} })).toEqual([2400, 1200])
    expect(resizeImage.calls).toBe(0)
    expect(await sent(pictures(1, picture(8100, 810)))).toEqual([8000, 800])
  })

  test("WO-64: what cannot be scaled goes as it is, and where the host refuses it the hint says what to do", async () => {
    const { url, asked } = await host()
    const failing: ResizeImage = async () => {
      throw new Error("no codec")
    }
    for (const environment of [{}, { resizeImage: failing }]) {
      const message = await complete(way(url), pictures(20, LARGE), {}, environment)
      expect(message.error).toMatchObject({ code: "invalid_request", status: 400 })
      expect(message.error?.hint).toContain("20 images")
      expect(message.error?.hint).toContain("2000 pixels")
      expect(message.error?.hint).toContain("resizeImage")
      expect(message.losses).toBeUndefined()
    }
    expect(asked.map((sizes) => sizes.at(-1))).toEqual([
      [2400, 1200],
      [2400, 1200],
    ])
  })

  test("WO-64: a fallback gets the images as its own host takes them", async () => {
    const { url, asked } = await host()
    const down = await serve((_n, _body, response) => response.writeHead(503).end("overloaded"))
    const resizeImage = counted(canvasResizer())
    const [first, second] = [way(down), way(url, { id: "other", compat: { imageEdges: [{ from: 2, maxEdge: 600 }] } })]
    const retry = { maxAttempts: 1 }
    const message = await complete([first, second], pictures(20, LARGE), { retry }, { resizeImage })
    expect([message.model, asked[0]?.at(-1)]).toEqual(["other", [600, 300]])
    expect(message.losses).toHaveLength(1)
  })

  test("an abort does not wait for the scaling", async () => {
    const { url, asked } = await host()
    const abort = new AbortController()
    const never: ResizeImage = () => {
      queueMicrotask(() => abort.abort())
      return new Promise(() => {})
    }
    const message = await complete(way(url), pictures(20, LARGE), { signal: abort.signal }, { resizeImage: never })
    expect([message.stopReason, asked]).toEqual(["aborted", []])
  })

  test("WO-64: the command and the gateway scale them too", async () => {
    const { url, asked } = await host()
    const folder = mkdtempSync(join(tmpdir(), "sluice-images-"))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, "small.png"), png(8, 8))
    writeFileSync(join(folder, "large.png"), png(1000, 2500))
    const images = [...Array.from({ length: 19 }, () => "small.png"), "large.png"].flatMap((name) => ["--image", name])
    const io = testIo({ cwd: folder, env: { ANTHROPIC_API_KEY: "sk-ant-test", ANTHROPIC_BASE_URL: url } })
    expect(await runCommand(io, ["chat", "--model", "anthropic/claude-sonnet-4-6", ...images, "hi"]), io.err()).toBe(0)
    expect(asked.at(-1)?.at(-1)).toEqual([800, 2000])

    const { compat } = describeModel("anthropic", "claude-sonnet-4-6")
    await using gateway = await startGateway(
      { claude: { api: "anthropic-messages", url, model: { compat } } },
      { resizeImage: canvasResizer() },
    )
    const part = ({ source }: ImageBlock): object => {
      const { data } = source as { data: string }
      return { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } }
    }
    const content = [...Array.from({ length: 19 }, () => part(SMALL)), part(LARGE)]
    const response = await gateway.post("/v1/chat/completions", {
      model: "claude/sonnet",
      messages: [{ role: "user", content }],
    })
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("Seen.")])
    expect(asked.at(-1)?.at(-1)).toEqual([2000, 1000])
  })
})
