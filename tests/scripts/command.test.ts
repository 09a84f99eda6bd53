import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { node } from "../../scripts/run.ts"

const bin = fileURLToPath(new URL("../../packages/cli/bin", import.meta.url))

let home = ""
let command = ""
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "sluice-command-"))
  cpSync(bin, join(home, "bin"), { recursive: true })
  for (const folder of ["dist", "src"]) mkdirSync(join(home, folder))
  writeFileSync(join(home, "package.json"), `{"type":"module"}`)
  const main = (form: string) =>
    `console.log(${JSON.stringify(form)}, process.execArgv.join(), process.argv.slice(2).join())\n`
  writeFileSync(join(home, "dist", "main.js"), main("built"))
  writeFileSync(join(home, "src", "main.ts"), main("sources"))
  command = join(home, "bin", "sluice.js")
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test("where it is installed, it loads the built command", async () => {
  expect((await node([command, "chat", "hi"])).output).toBe("built  chat,hi\n")
})

describe("in a clone", () => {
  beforeEach(() => writeFileSync(join(home, "tsconfig.build.json"), "{}"))

  test("it runs the sources, also after a build", async () => {
    expect((await node([command, "chat", "hi"])).output).toBe("sources --conditions=sluice-source chat,hi\n")
  })

  test("it ends with the exit code of the command", async () => {
    writeFileSync(join(home, "src", "main.ts"), "process.exitCode = 2\n")
    const child = spawn(process.execPath, [command])
    expect(await once(child, "exit")).toEqual([2, null])
  })

  test.skipIf(process.platform === "win32")(
    "a signal that only it gets reaches the command, which decides",
    async () => {
      const main = `process.on("SIGTERM", () => process.exit(3)); setInterval(() => {}, 1000); console.log("ready")\n`
      writeFileSync(join(home, "src", "main.ts"), main)
      const child = spawn(process.execPath, [command])
      await once(child.stdout, "data")
      child.kill("SIGTERM")
      expect(await once(child, "exit")).toEqual([3, null])
    },
  )
})
