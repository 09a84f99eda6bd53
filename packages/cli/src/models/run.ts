import {
  describeModel,
  findProvider,
  listModels,
  type Model,
  type Provider,
  PROVIDERS,
  resolveModel,
} from "@sluice/catalog"
import { type Composition, compose } from "../compose.ts"
import { Failure } from "../failure.ts"
import { type Io, write, writeJson } from "../io.ts"
import { styleOf } from "../terminal/style.ts"
import { table } from "../terminal/table.ts"
import { describe, row } from "./describe.ts"
import { listLive, modelLive } from "./live.ts"
import { findLocalServers, probeWith } from "../settings/local-servers.ts"
import { providersWithKey } from "../settings/choose-model.ts"

/** What `sluice models` was told. */
export interface ModelsOptions {
  live?: boolean
  json?: boolean
}

/** Prints the models of a provider, or of all. */
export async function listKnown(io: Io, provider: string | undefined, options: ModelsOptions): Promise<void> {
  const models = options.live ? await live(io, provider) : await listModels(provider)
  if (options.json) return void (await writeJson(io.stdout, models))
  if (models.length > 0) {
    await write(io.stdout, table([["MODEL", "CONTEXT", "ANSWER", "$ PER MILLION IN/OUT", "READS"], ...models.map(row)]))
    return
  }
  const host = findProvider(provider ?? "")
  const hint = host?.listing && !options.live ? " --live asks its host." : ""
  io.stderr.write(`No model of ${host?.name ?? "any provider"} is known by name.${hint}\n`)
}

/** Prints everything about one model. */
export async function showOne(io: Io, name: string, options: ModelsOptions): Promise<void> {
  const parts = compose(io)
  try {
    const known = await resolveModel(name, { env: parts.env })
    const model = options.live ? await modelLive(parts, known) : known
    if (options.json) await writeJson(io.stdout, model)
    else await write(io.stdout, describe(model, styleOf(io.stdout, io.env)))
  } finally {
    await parts.close()
  }
}

async function live(io: Io, id: string | undefined): Promise<Model[]> {
  const parts = compose(io)
  try {
    if (id !== undefined) return await listLive(parts, requireProvider(id))
    return await listAll(io, parts)
  } finally {
    await parts.close()
  }
}

/** The lists of all hosts that can be asked. One that fails is named and does not stop the others. */
async function listAll(io: Io, parts: Composition): Promise<Model[]> {
  const servers = await findLocalServers(probeWith(parts))
  const local = servers.map(({ provider }) => requireProvider(provider))
  const open = Object.values(PROVIDERS).filter((one) => one.kind !== "local" && one.listing?.auth === "optional")
  const hosts = new Set([...providersWithKey(parts.env), ...open, ...local])
  const answers = await Promise.allSettled([...hosts].map((host) => listLive(parts, host)))
  for (const answer of answers) {
    if (answer.status === "rejected") io.stderr.write(`${(answer.reason as Error).message}\n`)
  }
  const models = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []))
  if (models.length > 0) return models
  throw new Failure("No host could be asked for its models.", {
    hint: "Set a provider's key in the environment, or start a server on this machine.",
  })
}

function requireProvider(id: string): Provider {
  const found = findProvider(id)
  if (found) return found
  // Says which providers there are.
  describeModel(id, "")
  throw new Failure(`There is no provider ${id}.`)
}
