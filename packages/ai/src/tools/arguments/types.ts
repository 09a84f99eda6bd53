import type { JsonRepair } from "../lenient-json.ts"

/** Where in the arguments something is: names and indexes from the outside in. */
export type ArgumentPath = readonly (string | number)[]

/** What was put right. */
export type ArgumentRepair =
  /** The whole text was no JSON; what was wrong with it stands at `JsonRepair`. */
  | JsonRepair
  /** A text, a name or a value was JSON within JSON. */
  | "encoded-twice"
  /** The one argument of a tool had another name. */
  | "renamed"
  /** An optional property was null, "null" or empty, and may not be. */
  | "absent"
  /** A required property was null; it has its default now. */
  | "default"
  /** A closed object inside of the arguments had a property that it does not know. */
  | "unknown-property"
  /** Line breaks stood at the end. */
  | "line-break"
  /** A string held the JSON of an object or a list. */
  | "json-in-string"
  /** A number, a boolean or null was written as another kind, such as "5" or "yes". */
  | "kind"
  /** Something else stood where a string is wanted; it is its JSON now. */
  | "stringified"
  /** One value stood where a list is wanted. */
  | "single-value"
  /** Further arguments stood in one of the values, in the markup of the model's own template. */
  | "markup"

/** One thing that was put right. It tells no values, and so it may be logged. */
export interface ArgumentChange {
  path: ArgumentPath
  repair: ArgumentRepair
}

/** Something that the schema has against the arguments; of the shape that Standard Schema has for it. */
export interface ArgumentIssue {
  path: ArgumentPath
  /** E.g. `expected array, received string`. */
  message: string
}
