import { MODELS_PATH } from "./types.ts"

/** A model's name without the collection that the vendor's own listing puts before it. */
export function bareModel(id: string): string {
  return id.replace(/^models\//, "")
}

/** The path of a model, to which a colon and a method are put. Versions behind an `@` stay readable. */
export function modelPath(id: string): string {
  return `${MODELS_PATH}/${encodeURIComponent(bareModel(id)).replaceAll("%40", "@")}`
}
