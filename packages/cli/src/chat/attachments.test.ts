import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { imageType, loadAttachments } from "./attachments.ts"

const PNG = Buffer.from("\u0089PNG\r\n\u001a\n rest", "latin1")

describe("attachments", () => {
  let folder = ""
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sluice-attach-"))
    writeFileSync(join(folder, "picture.txt"), PNG)
    writeFileSync(join(folder, "notes.png"), "just text, grüße")
    writeFileSync(join(folder, "paper"), "%PDF-1.7 …")
    writeFileSync(join(folder, "empty"), "")
    writeFileSync(join(folder, "binary"), Buffer.from([0xff, 0xfe, 0x00, 0x01]))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test("are what their content says, not what they are called", async () => {
    const data = PNG.toString("base64")
    expect(await loadAttachments(folder, ["picture.txt"], ["notes.png", "paper", "picture.txt"])).toEqual([
      { type: "image", source: { data, mimeType: "image/png" } },
      { type: "document", title: "notes.png", source: { text: "just text, grüße" } },
      {
        type: "document",
        title: "paper",
        source: { data: Buffer.from("%PDF-1.7 …").toString("base64"), mimeType: "application/pdf" },
      },
      { type: "image", source: { data, mimeType: "image/png" } },
    ])
  })

  test.each([
    ["an image that is none", ["notes.png"], [], "notes.png is not a PNG, JPEG, GIF or WebP image"],
    ["no such file", [], ["gone"], "gone cannot be read: there is no such file"],
    ["a folder", [], ["."], "it is a folder"],
    ["an empty file", [], ["empty"], "empty is empty"],
    ["bytes that are no text", [], ["binary"], "binary is neither text"],
  ])("that cannot go are named: %s", async (_name, images, files, message) => {
    await expect(loadAttachments(folder, images, files)).rejects.toThrow(message)
  })

  test("image types by their first bytes", () => {
    const type = (text: string): string | undefined => imageType(Buffer.from(text, "latin1"))
    expect(type("\u00ff\u00d8\u00ff\u00e0")).toBe("image/jpeg")
    expect(type("GIF89a")).toBe("image/gif")
    expect(type("RIFF\u0001\u0002\u0003\u0004WEBP")).toBe("image/webp")
    expect(type("RIFF\u0001\u0002\u0003\u0004WAVE")).toBeUndefined()
    expect(type("")).toBeUndefined()
  })
})
