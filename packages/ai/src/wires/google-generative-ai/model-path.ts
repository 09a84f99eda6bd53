/** A collection of models, as it stands before their names. */
const COLLECTION = /^(tunedModels|models)\//

/** A model's full name: in the collection that it says, else among the vendor's own models. */
export function modelName(id: string): string {
  return COLLECTION.test(id) ? id : `models/${id}`
}

/** The path of a model, to which a colon and a method are put. Versions behind an `@` stay readable. */
export function modelPath(id: string): string {
  const [collection, ...name] = modelName(id).split("/")
  return `/${collection}/${encodeURIComponent(name.join("/")).replaceAll("%40", "@")}`
}
