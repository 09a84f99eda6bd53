import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { Failure } from "../failure.ts"
import type { Io } from "../io.ts"
import { configFolder } from "./folders.ts"

/** Name of the file with settings. */
export const CONFIG_FILE = "sluice.config.json"

/** Settings from a file. */
export interface Config {
  /** The model that answers where none is named. */
  model?: string
  /** The file they came from. */
  file: string
}

/**
 * The settings of the working folder, else those of the person.
 * @throws Failure that names the file and the field
 */
export async function readConfig(io: Pick<Io, "cwd" | "env" | "home" | "platform">): Promise<Config | undefined> {
  for (const folder of [io.cwd, configFolder(io)]) {
    const file = join(folder, CONFIG_FILE)
    const text = await readIfThere(file)
    if (text !== undefined) return parse(file, text)
  }
  return undefined
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8")
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    throw new Failure(`The settings in ${file} cannot be read (${code}).`, { cause: error })
  }
}

function parse(file: string, text: string): Config {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""))
  } catch (error) {
    throw new Failure(`The settings in ${file} are not JSON: ${(error as Error).message}.`, { cause: error })
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Failure(`The settings in ${file} must be an object.`, {
      hint: `For example { "model": "openai/gpt-5.5" }.`,
    })
  }
  const { model } = value as { model?: unknown }
  if (model === undefined) return { file }
  if (typeof model === "string" && model.trim() !== "") return { file, model: model.trim() }
  throw new Failure(`"model" in ${file} must be the name of a model.`, {
    hint: `For example { "model": "openai/gpt-5.5" }.`,
  })
}
