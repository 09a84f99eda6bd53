import { existsSync, readFileSync, realpathSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

/** The folder that `scripts/interop-clients.ts` installs into. */
const folder =
  process.env["SLUICE_INTEROP_CACHE"] ??
  fileURLToPath(new URL("../../../node_modules/.cache/sluice-interop", import.meta.url))

/** True when a client that is missing is a failure and not a reason to skip. */
const required: boolean = process.env["SLUICE_INTEROP"] === "require"

/**
 * Why the tests of a client cannot run here, or undefined when they can. For `describe.skipIf`; when clients are
 * required it never gives a reason, so that the tests run and fail.
 *
 * @param name Package of the client, such as `openai`.
 */
export function whyMissing(name: string): string | undefined {
  if (required || existsSync(join(folder, "node_modules", name, "package.json"))) return undefined
  return `${name} is not installed; npm run test:interop installs it`
}

/**
 * Loads a client's library from where it is installed: its pinned version, not the workspace's.
 *
 * @param name Package of the client, or an entry of it such as `@anthropic-ai/sdk/helpers/json-schema`.
 * @throws Error when it is not installed there
 */
export async function loadClient<T>(name: string): Promise<T> {
  const entry = createRequire(join(folder, "package.json")).resolve(name)
  if (!entry.startsWith(join(realpathSync(folder), "node_modules")))
    throw new Error(`${name} is not installed in ${folder}`)
  return (await import(/* @vite-ignore */ pathToFileURL(entry).href)) as T
}

/**
 * What starts a client: the program, and the arguments that it needs before its own. It goes by the package and not by
 * the command's name, which two versions of one client have in common.
 *
 * @param name Package of the client, such as `@openai/codex`, with a single command.
 * @throws Error when it is not installed there
 */
export function clientCommand(name: string): [program: string, ...args: string[]] {
  const home = join(folder, "node_modules", name)
  const { bin } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { bin: Record<string, string> }
  const file = join(home, Object.values(bin)[0] as string)
  return file.endsWith(".js") ? [process.execPath, file] : [file]
}
