import type { ApiKey, Gateway } from "@sluice/gateway"
import { compose } from "../compose.ts"
import { Failure } from "../failure.ts"
import { type Io, write, writeJson } from "../io.ts"
import { table } from "../terminal/table.ts"
import { openGateway } from "./open.ts"

/** What the commands about keys were told. */
export interface KeyOptions {
  data?: string
  json?: boolean
}

/** Makes a key and shows it. */
export async function createKey(io: Io, name: string, options: KeyOptions): Promise<void> {
  await withKeys(io, options, async (keys) => {
    const { secret, key } = await keys.create(name)
    if (options.json) await writeJson(io.stdout, { ...key, secret })
    else {
      await write(io.stdout, `${secret}\n`)
      io.stderr.write(
        `This is the key ${key.id} (${key.name}). It is shown this once; the gateway keeps its hash only.\n`,
      )
    }
  })
}

/** Lists the keys, without what only their owner knows. */
export async function listKeys(io: Io, options: KeyOptions): Promise<void> {
  await withKeys(io, options, async (keys) => {
    const list = await keys.list()
    if (options.json) await writeJson(io.stdout, list)
    else if (list.length === 0) io.stderr.write("There is no key yet. `sluice gateway key create` makes one.\n")
    else await write(io.stdout, table([["ID", "NAME", "KEY", "MADE", "LAST USED", "STATE"], ...list.map(row)]))
  })
}

/** Makes a key useless. */
export async function disableKey(io: Io, id: string, options: KeyOptions): Promise<void> {
  await withKeys(io, options, async (keys) => {
    if (!(await keys.disable(id))) {
      throw new Failure(`There is no key ${id}.`, { hint: "`sluice gateway key list` shows the keys by their ids." })
    }
    if (options.json) await writeJson(io.stdout, { id, disabled: true })
    else io.stderr.write(`The key ${id} is disabled. A running gateway refuses it within seconds.\n`)
  })
}

function row(key: ApiKey): string[] {
  const day = (at: number | undefined): string => (at === undefined ? "never" : new Date(at).toISOString().slice(0, 10))
  return [key.id, key.name, key.hint, day(key.createdAt), day(key.lastUsedAt), key.disabledAt ? "disabled" : "active"]
}

async function withKeys(io: Io, options: KeyOptions, work: (keys: Gateway["keys"]) => Promise<void>): Promise<void> {
  // Whoever only looks after keys needs none to read answers with.
  const gateway = await openGateway(io, compose(io).sluice, {
    data: options.data,
    keepResponsesMs: 0,
    keepThinkingMs: 0,
  })
  try {
    await work(gateway.keys)
  } finally {
    await gateway.close()
  }
}
