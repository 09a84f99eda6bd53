import { randomBytes } from "node:crypto"
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SluiceError } from "@sluice/ai"
import fc from "fast-check"
import { describe, expect, onTestFinished, test } from "vitest"
import { readSealKeys } from "./keys.ts"
import { createSealer } from "./sealer.ts"

const PLACE = "responses/resp_1"

function failure(run: () => unknown): SluiceError {
  try {
    run()
  } catch (error) {
    if (SluiceError.is(error)) return error
    throw error
  }
  throw new Error("it did not fail")
}

describe("a sealer", () => {
  test("opens what it sealed, whatever it was, and never seals twice alike", () => {
    const sealer = createSealer([randomBytes(32)])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.string(), (plain, place) => {
        const sealed = sealer.seal(plain, place)
        expect([...sealer.open(sealed, place)]).toEqual([...plain])
        expect(Buffer.from(sealer.seal(plain, place)).equals(sealed)).toBe(false)
      }),
    )
    expect(sealer.openText(sealer.seal("é𝄞", PLACE), PLACE)).toBe("é𝄞")
  })

  test("shows nothing of what it sealed", () => {
    const sealed = createSealer([randomBytes(32)]).seal("a secret that is long enough", PLACE)
    expect(Buffer.from(sealed).includes("secret")).toBe(false)
  })

  test("refuses a value with any bit changed, cut anywhere, or at another place", () => {
    const sealer = createSealer([randomBytes(32)])
    const sealed = sealer.seal("text", PLACE)
    for (let i = 0; i < sealed.length; i++) {
      const changed = Uint8Array.from(sealed)
      changed[i] = (changed[i] as number) ^ 1
      expect(failure(() => sealer.open(changed, PLACE)).code).toBe("config")
      expect(failure(() => sealer.open(sealed.subarray(0, i), PLACE)).code).toBe("config")
    }
    expect(failure(() => sealer.open(sealed, "responses/resp_2")).message).toContain("belongs elsewhere")
  })

  test("opens with an earlier key, and moves a value to the current one", () => {
    const [old, current] = [randomBytes(32), randomBytes(32)]
    const sealed = createSealer([old]).seal("text", PLACE)
    const both = createSealer([current, old])
    expect(both.openText(sealed, PLACE)).toBe("text")
    const moved = both.rewrap(sealed, PLACE) as Uint8Array
    expect(both.rewrap(moved, PLACE)).toBeUndefined()
    expect(createSealer([current]).openText(moved, PLACE)).toBe("text")
    expect(failure(() => createSealer([current]).open(sealed, PLACE)).hint).toContain("beside the current one")
  })

  test("takes no key of another length, and needs one", () => {
    expect(failure(() => createSealer([])).code).toBe("config")
    expect(failure(() => createSealer([randomBytes(16)])).message).toContain("16 bytes")
  })
})

describe("sealing keys", () => {
  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), "sluice-seal-"))
    onTestFinished(() => rmSync(path, { recursive: true, force: true }))
    return path
  }
  const none = (): undefined => undefined

  test("are made once, for their owner alone, and nothing is left beside them", () => {
    const home = folder()
    const file = join(home, "deep", "seal.key")
    const first = readSealKeys({ file, env: none })
    expect(first[0]).toHaveLength(32)
    expect(readSealKeys({ file, env: none })).toEqual(first)
    expect(readdirSync(join(home, "deep"))).toEqual(["seal.key"])
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test.runIf(process.platform !== "win32")("are refused in a file that others may read", () => {
    const file = join(folder(), "seal.key")
    readSealKeys({ file, env: none })
    chmodSync(file, 0o640)
    const error = failure(() => readSealKeys({ file, env: none }))
    expect(error.message).toContain("chmod 600")
    expect(JSON.stringify(error)).not.toContain(readFileSync(file, "utf8").trim())
  })

  test("come from the environment before the file, which is not made then", () => {
    const home = folder()
    const [one, two] = [randomBytes(32), randomBytes(32)]
    const env = (name: string): string | undefined =>
      name === "SLUICE_SEAL_KEY" ? `${one.toString("hex")}, ${two.toString("base64url")}` : undefined
    const keys = readSealKeys({ file: join(home, "seal.key"), env })
    expect(keys.map((key) => Buffer.from(key).toString("hex"))).toEqual([one.toString("hex"), two.toString("hex")])
    expect(readdirSync(home)).toEqual([])
  })

  test.each(["", "# nothing but a comment\n", "short\n", `${"g".repeat(64)}\n`])("are not read from %j", (text) => {
    const file = join(folder(), "seal.key")
    writeFileSync(file, text, { mode: 0o600 })
    expect(failure(() => readSealKeys({ file, env: none })).code).toBe("config")
  })

  test("that cannot be read are not shown", () => {
    const error = failure(() => readSealKeys({ file: "unused", env: () => "hunter2" }))
    expect(`${error.message} ${error.hint} ${JSON.stringify(error)}`).not.toContain("hunter2")
  })
})
