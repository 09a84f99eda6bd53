const MAX_NAME = 200

/**
 * Names of documents within one request: letters, digits, single spaces, hyphens, parentheses and square brackets, at
 * most 200, and each name once.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html
 */
export class DocumentNames {
  readonly #taken = new Set<string>()

  next(title: string | undefined): string {
    const clean = (title ?? "")
      .replace(/[^A-Za-z0-9\s\-()[\]]/g, "-")
      .replace(/\s+/g, " ")
      .trim()
    const base = clean === "" ? "document" : clean.slice(0, MAX_NAME).trim()
    let name = base
    for (let count = 2; this.#taken.has(name); count++) {
      const suffix = ` (${count})`
      name = base.slice(0, MAX_NAME - suffix.length).trim() + suffix
    }
    this.#taken.add(name)
    return name
  }
}
