import { execFile } from "node:child_process"
import { wordsOf } from "../http.ts"
import { awsError } from "./errors.ts"
import { momentOf, objectOf, textOf } from "./fields.ts"
import type { AwsContext, AwsKeys, RunProgram } from "./types.ts"

const MAX_OUTPUT_BYTES = 1024 * 1024

/** Runs a program without a shell. */
export const runProgram: RunProgram = (program, args, signal) =>
  new Promise((resolve, reject) => {
    execFile(program, [...args], { signal, maxBuffer: MAX_OUTPUT_BYTES, windowsHide: true }, (error, stdout) => {
      if (error) reject(new Error(`it ended with ${error.code ?? error.signal ?? "an error"}`))
      else resolve(stdout)
    })
  })

/**
 * The words of a command line, as the system that it is written for parts them: by white space, held together by
 * quotes. `undefined` for one that ends within a quote.
 *
 * @param platform as `process.platform` names it
 * @see https://docs.python.org/3/library/shlex.html
 * @see https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
 */
export function wordsOfCommand(command: string, platform: string): string[] | undefined {
  return platform === "win32" ? windowsWords(command) : shellWords(command)
}

/** Single quotes hold all, double ones all but a backslash before a special sign; a backslash stands for the next sign. */
function shellWords(command: string): string[] | undefined {
  const words: string[] = []
  const pattern = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/suy
  let end = 0
  for (let found = pattern.exec(command); found; found = pattern.exec(command)) {
    end = pattern.lastIndex
    const word = found[1] as string
    words.push(
      word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gsu, (_all, double?: string, single?: string, sign?: string) =>
        double === undefined ? (single ?? sign ?? "") : double.replace(/\\(["\\$`])/g, "$1"),
      ),
    )
  }
  return command.slice(end).trim() === "" ? words : undefined
}

/** Only double quotes hold together, and a backslash is itself unless a double quote is behind it. */
function windowsWords(command: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quoted = false
  for (const [part, slashes] of command.matchAll(/(\\*)"|\\+|\s+|[^\s"\\]+/gu)) {
    if (part.endsWith('"')) {
      const before = slashes ?? ""
      word = (word ?? "") + before.slice(0, before.length >> 1)
      if (before.length % 2 === 1) word += '"'
      else quoted = !quoted
    } else if (!quoted && /^\s/.test(part)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? "") + part
  }
  if (word !== undefined) words.push(word)
  return quoted ? undefined : words
}

/** Keys that a profile's program gives. @throws SluiceError `config`, `auth_invalid`, `auth_expired` */
export async function programKeys(name: string, command: string, context: AwsContext): Promise<AwsKeys> {
  const hint = `Run the credential_process of profile ${name} yourself and see what it says.`
  const words = wordsOfCommand(command, context.platform)
  if (!words) {
    throw awsError({
      code: "config",
      message: `The credential_process of profile ${name} ends within a quote or behind a backslash.`,
      hint: "Close the quote in ~/.aws/config.",
    })
  }
  const [program, ...args] = words
  if (program === undefined)
    throw awsError({ code: "config", message: `The credential_process of profile ${name} is empty.`, hint })
  let output: string
  try {
    output = await context.run(program, args, context.signal)
  } catch (thrown) {
    throw awsError({ message: `The credential_process of profile ${name} failed: ${wordsOf(thrown)}.`, hint }, thrown)
  }
  const body = objectOf(output) ?? {}
  const accessKeyId = textOf(body["AccessKeyId"])
  const secretAccessKey = textOf(body["SecretAccessKey"])
  if (body["Version"] !== 1 || accessKeyId === undefined || secretAccessKey === undefined) {
    throw awsError({ message: `The credential_process of profile ${name} gave no keys of version 1.`, hint })
  }
  const expiresAt = momentOf(body["Expiration"])
  if (expiresAt !== undefined && expiresAt <= context.now()) {
    throw awsError({
      code: "auth_expired",
      message: `The credential_process of profile ${name} gave keys that are over.`,
      hint,
    })
  }
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: textOf(body["SessionToken"]),
    expiresAt,
    origin: `credential_process of profile ${name}`,
  }
}
