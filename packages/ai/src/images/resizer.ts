import { base64Of, bytesOf, sizeOfBase64 } from "./base64.ts"

/**
 * Makes an image smaller, so that neither edge is longer than `maxEdge` pixels and its shape stays. `undefined` where
 * it cannot: the image then goes out as it is.
 */
export type ResizeImage = (
  bytes: Uint8Array,
  to: { maxEdge: number; mimeType: string },
) => Promise<{ bytes: Uint8Array; mimeType: string } | undefined>

/** An image as it stands in a message. */
export interface EncodedImage {
  /** Base64. */
  data: string
  mimeType: string
}

/** Images that are worked on at once, over all calls. */
const AT_ONCE = 3
/** What is kept of earlier results. */
const MAX_KEPT = 256
const MAX_KEPT_CHARACTERS = 64 * 1024 * 1024

const resizers = new WeakMap<ResizeImage, Resizer>()

/** The one resizer over a function: what it has done for one call, it need not do for the next. */
export function resizerOf(resize: ResizeImage): Resizer {
  let resizer = resizers.get(resize)
  if (!resizer) resizers.set(resize, (resizer = new Resizer(resize)))
  return resizer
}

/** Scales images down, a few at a time, and remembers the results by content. */
export class Resizer {
  readonly #resize: ResizeImage
  /** The least recently used comes first. */
  readonly #kept = new Map<string, EncodedImage>()
  readonly #running = new Map<string, Promise<EncodedImage | undefined>>()
  readonly #waiting: (() => void)[] = []
  #characters = 0
  #busy = 0

  constructor(resize: ResizeImage) {
    this.#resize = resize
  }

  /** The image within `maxEdge`, or `undefined` where that failed. Never rejects. */
  async fit(image: EncodedImage, maxEdge: number): Promise<EncodedImage | undefined> {
    const bytes = bytesOf(image.data)
    if (!bytes) return undefined
    const key = await keyOf(bytes, image.mimeType, maxEdge)
    if (key === undefined) return this.#made(bytes, image.mimeType, maxEdge)
    const kept = this.#kept.get(key)
    if (kept) {
      this.#kept.delete(key)
      this.#kept.set(key, kept)
      return kept
    }
    let running = this.#running.get(key)
    if (!running) {
      running = this.#made(bytes, image.mimeType, maxEdge)
        .then((made) => {
          if (made) this.#keep(key, made)
          return made
        })
        .finally(() => this.#running.delete(key))
      this.#running.set(key, running)
    }
    return running
  }

  async #made(bytes: Uint8Array, mimeType: string, maxEdge: number): Promise<EncodedImage | undefined> {
    if (this.#busy < AT_ONCE) this.#busy++
    // Whoever ends hands the place on.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      const made = await this.#resize(bytes, { maxEdge, mimeType })
      if (!made) return undefined
      const image = { data: base64Of(made.bytes), mimeType: made.mimeType }
      const size = sizeOfBase64(image.data)
      return size && Math.max(size.width, size.height) <= maxEdge ? image : undefined
    } catch {
      return undefined
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#busy--
    }
  }

  #keep(key: string, image: EncodedImage): void {
    this.#kept.set(key, image)
    this.#characters += image.data.length
    for (const [oldest, { data }] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT && this.#characters <= MAX_KEPT_CHARACTERS) break
      this.#kept.delete(oldest)
      this.#characters -= data.length
    }
  }
}

/** The same for the same content; `undefined` where the runtime has no hash, as in a page without TLS. */
async function keyOf(bytes: Uint8Array, mimeType: string, maxEdge: number): Promise<string | undefined> {
  const subtle = crypto.subtle as typeof crypto.subtle | undefined
  if (!subtle) return undefined
  const hash = new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>))
  return `${base64Of(hash)} ${maxEdge} ${mimeType}`
}
