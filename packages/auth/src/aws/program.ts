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

/** The words of a command line: parted by white space, held together by quotes, a backslash for the next sign. */
export function wordsOfCommand(command: string): string[] {
  const words: string[] = []
  const pattern = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/gsy
  for (const [, word = ""] of command.matchAll(pattern)) {
    words.push(
      word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs, (_all, double?: string, single?: string, sign?: string) =>
        double === undefined ? (single ?? sign ?? "") : double.replace(/\\(["\\$`])/g, "$1"),
      ),
    )
  }
  return words
}

/** Keys that a profile's program gives. @throws SluiceError `config`, `auth_invalid`, `auth_expired` */
export async function programKeys(name: string, command: string, context: AwsContext): Promise<AwsKeys> {
  const [program, ...args] = wordsOfCommand(command)
  const hint = `Run the credential_process of profile ${name} yourself and see what it says.`
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
