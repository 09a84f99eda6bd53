import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { CONFIG_FILE, readConfig } from "./config.ts"
import { configFolder, stateFolder } from "./folders.ts"

describe("folders", () => {
  const home = join("/", "home", "ann")

  test("on Linux follow the XDG variables", () => {
    expect(stateFolder({ platform: "linux", home, env: {} })).toBe(join(home, ".local", "state", "sluice"))
    expect(stateFolder({ platform: "linux", home, env: { XDG_STATE_HOME: "/s" } })).toBe(join("/s", "sluice"))
    expect(configFolder({ platform: "linux", home, env: { XDG_CONFIG_HOME: "" } })).toBe(
      join(home, ".config", "sluice"),
    )
  })

  test("on macOS and Windows are where programs keep things there", () => {
    const mac = join(home, "Library", "Application Support", "sluice")
    expect(stateFolder({ platform: "darwin", home, env: { XDG_STATE_HOME: "/s" } })).toBe(mac)
    expect(stateFolder({ platform: "win32", home, env: { LOCALAPPDATA: "L" } })).toBe(join("L", "sluice"))
    expect(stateFolder({ platform: "win32", home, env: {} })).toBe(join(home, "AppData", "Local", "sluice"))
  })
})

describe("settings", () => {
  let root = ""
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "sluice-settings-"))
    mkdirSync(join(root, "cwd"))
    mkdirSync(join(root, "config", "sluice"), { recursive: true })
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  const read = (): ReturnType<typeof readConfig> =>
    readConfig({
      cwd: join(root, "cwd"),
      home: root,
      platform: "linux",
      env: { XDG_CONFIG_HOME: join(root, "config") },
    })
  const put = (folder: string, text: string): void => writeFileSync(join(root, folder, CONFIG_FILE), text)

  test("are none where there is no file", async () => expect(await read()).toBeUndefined())

  test("of the working folder win over the person's", async () => {
    put("config/sluice", `{"model": "a/b"}`)
    expect(await read()).toMatchObject({ model: "a/b" })
    put("cwd", `{"model": "c/d", "later": true}`)
    expect(await read()).toEqual({ model: "c/d", file: join(root, "cwd", CONFIG_FILE) })
  })

  test.each([
    ["{", /not JSON/],
    ["[]", /must be an object/],
    [`{"model": 1}`, /"model" in .* must be the name/],
    [`{"model": " "}`, /"model"/],
  ])("that are wrong name the file: %s", async (text, message) => {
    put("cwd", text)
    await expect(read()).rejects.toThrow(message)
    await expect(read()).rejects.toThrow(CONFIG_FILE)
  })
})
