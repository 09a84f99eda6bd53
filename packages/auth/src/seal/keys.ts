import { randomBytes } from "node:crypto"
import {
  chmodSync,
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { dirname } from "node:path"
import { SluiceError } from "@sluice/ai"
import type { EnvironmentReader } from "@sluice/catalog"
import { SEAL_KEY_BYTES } from "./sealer.ts"

/** Holds sealing keys in base64 or hexadecimal digits, separated by commas; the first one seals, all of them open. */
export const SEAL_KEY_VARIABLE = "SLUICE_SEAL_KEY"

/** Where sealing keys come from. */
export interface SealKeyOptions {
  /** A file with one key a line. It is made, for its owner alone, where it is missing and the variable is not set. */
  file: string
  /** Default: the variables of this process. */
  env?: EnvironmentReader
}

/**
 * The keys for `createSealer`: from `SLUICE_SEAL_KEY` where that is set, else from the file.
 *
 * @throws SluiceError `config` when a key cannot be read, or others than its owner may read the file
 */
export function readSealKeys({ file, env = (name) => process.env[name] }: SealKeyOptions): Uint8Array[] {
  const set = env(SEAL_KEY_VARIABLE)?.trim()
  if (set) return set.split(",").map((text) => parseKey(text, SEAL_KEY_VARIABLE))
  const lines = (readPrivate(file) ?? made(file)).split(/\r?\n/).map((line) => line.trim())
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => parseKey(line, file))
  if (keys.length === 0) throw unusable(file, "It holds no key.")
  return keys
}

function parseKey(text: string, from: string): Uint8Array {
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, "hex")
  const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed) ? Buffer.from(trimmed, "base64") : undefined
  if (bytes?.length === SEAL_KEY_BYTES) return bytes
  throw new SluiceError({
    code: "config",
    message: `A sealing key in ${from} cannot be read.`,
    hint: "A key is 32 random bytes in base64 or hexadecimal digits, e.g. from `openssl rand -base64 32`.",
  })
}

/** The file's text; `undefined` where there is none. */
function readPrivate(file: string): string | undefined {
  let handle: number
  try {
    handle = openSync(file, "r")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw unusable(file, "It cannot be opened.", error)
  }
  try {
    // Windows has no such modes: there the folder's access list protects the file.
    if (process.platform !== "win32" && (fstatSync(handle).mode & 0o077) !== 0) {
      throw unusable(file, `Others than its owner may use it. Run: chmod 600 ${file}`)
    }
    return readFileSync(handle, "utf8")
  } finally {
    closeSync(handle)
  }
}

/** Makes the file. Of several processes that do so at once, one wins and all take its key. */
function made(file: string): string {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(draft, `${randomBytes(SEAL_KEY_BYTES).toString("base64")}\n`, { flag: "wx", mode: 0o600 })
    chmodSync(draft, 0o600)
    try {
      // A link, since it fails where the file is there by now, and never shows a file that is half written.
      linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    } finally {
      rmSync(draft, { force: true })
    }
  } catch (error) {
    throw unusable(file, "It cannot be made.", error)
  }
  return readPrivate(file) ?? ""
}

function unusable(file: string, why: string, cause?: unknown): SluiceError {
  return new SluiceError(
    {
      code: "config",
      message: `The file ${file} cannot be used for sealing keys. ${why}`,
      hint: `Mend that, or set ${SEAL_KEY_VARIABLE}.`,
    },
    cause === undefined ? undefined : { cause },
  )
}
