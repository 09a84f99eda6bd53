import {
  baseUrlFromEnvironment,
  describeModel,
  findProvider,
  mergeModelData,
  type Model,
  type Provider,
} from "@sluice/catalog"
import type { Composition } from "../compose.ts"
import { Failure } from "../failure.ts"
import { askHost } from "./ask-host.ts"

/** The models that a provider's host lists, with what the catalog knows of them besides. */
export async function listLive(parts: Composition, provider: Provider): Promise<Model[]> {
  const table = (await provider.models?.()) ?? {}
  const baseUrl = baseUrlFromEnvironment(provider, parts.env)
  const found = await askHost(parts, provider, { baseUrl, details: true })
  return found.map(({ id, data }) =>
    describeModel(provider, id, mergeModelData(table[id], data, id), baseUrl === undefined ? {} : { baseUrl }),
  )
}

/** A model with what its host says of it. @throws Failure when the host does not list it */
export async function modelLive(parts: Composition, model: Model): Promise<Model> {
  const provider = findProvider(model.provider)
  const listed = provider ? await listLive(parts, provider) : []
  const found = listed.find((one) => one.id === model.id || one.requestModelId === model.id)
  if (found) return found
  throw new Failure(`${provider?.name ?? model.provider} does not list ${model.id}.`, {
    hint: `\`sluice models ${model.provider} --live\` prints its list; without --live the model is shown as the catalog has it.`,
  })
}
