import type { ImageEdge, Model } from "@sluice/catalog/core"
import type { Handoff } from "../attempt/input.ts"
import type { SluiceError } from "../model/errors.ts"
import type { Context, ImageBlock, InputBlock, Loss, Message } from "../model/message.ts"
import { sizeOfBase64 } from "./base64.ts"
import { type EncodedImage, resizerOf, type ResizeImage } from "./resizer.ts"
import type { ImageSize } from "./size.ts"

type Edges = readonly ImageEdge[]

/** An image that is too large, and where it stands. */
interface TooLarge extends ImageSize {
  message: number
  block: number
  image: EncodedImage
}

/** What is wrong with the images of a conversation for a host. */
interface Excess {
  images: number
  maxEdge: number
  tooLarge: readonly TooLarge[]
}

/** The conversation as one host can take it. */
interface Fitted {
  context: Context
  losses: readonly Loss[]
  excess: Excess
  /** Images that are too large all the same. */
  left: number
}

/**
 * Scales down the images that a model's host would refuse (`Compat.imageEdges`). `undefined` where all fit as they
 * are, which costs no more than a look at each image's header.
 */
export function fitImages(
  models: readonly Model[],
  context: Context,
  resize: ResizeImage | undefined,
): Promise<FittedImages> | undefined {
  const excesses = new Map<Edges, Excess>()
  for (const { compat } of models) {
    const edges = compat.imageEdges
    if (!edges || excesses.has(edges)) continue
    const excess = excessOf(context, edges)
    if (excess) excesses.set(edges, excess)
  }
  if (excesses.size === 0) return undefined
  const work = [...excesses].map(async ([edges, excess]) => [edges, await fitted(context, excess, resize)] as const)
  return Promise.all(work).then((entries) => new FittedImages(new Map(entries)))
}

/** The conversation of a call, by what its hosts can take. */
export class FittedImages {
  readonly #fitted: ReadonlyMap<Edges, Fitted>

  constructor(fitted: ReadonlyMap<Edges, Fitted>) {
    this.#fitted = fitted
  }

  /** Hands over what fits, and puts on record what was done to it. */
  handoff(handoff: Handoff): Handoff {
    return (context, model, traits) => {
      const fitted = this.#of(model)
      if (!fitted) return handoff(context, model, traits)
      const handed = handoff(fitted.context, model, traits)
      return { context: handed.context, losses: [...fitted.losses, ...handed.losses] }
    }
  }

  /** The error of a host, with a hint where it refused an image that could not be scaled down. */
  explained(error: SluiceError, model: Model): SluiceError {
    const fitted = this.#of(model)
    if (!fitted?.left || error.code !== "invalid_request" || !/image/i.test(error.message)) return error
    const { images, maxEdge } = fitted.excess
    const hint = `With ${images} images in a request, the host takes none with an edge above ${maxEdge} pixels; send smaller ones, or have them scaled down: by resizeImage in a program, by installing @napi-rs/canvas for the command and the gateway.`
    return error.with({ hint })
  }

  #of({ compat }: Model): Fitted | undefined {
    return compat.imageEdges && this.#fitted.get(compat.imageEdges)
  }
}

function excessOf({ messages }: Context, edges: Edges): Excess | undefined {
  const found: { message: number; block: number; source: ImageBlock["source"] }[] = []
  messages.forEach(({ content }, message) => {
    if (typeof content === "string") return
    content.forEach((one, block) => {
      if (one.type === "image") found.push({ message, block, source: one.source })
    })
  })
  const limit = edges.findLast(({ from }) => from <= found.length)
  if (!limit) return undefined
  const tooLarge: TooLarge[] = []
  for (const { message, block, source } of found) {
    const size = "data" in source ? sizeOfBase64(source.data) : undefined
    if (!size || Math.max(size.width, size.height) <= limit.maxEdge) continue
    tooLarge.push({ message, block, image: source as EncodedImage, ...size })
  }
  return tooLarge.length > 0 ? { images: found.length, maxEdge: limit.maxEdge, tooLarge } : undefined
}

async function fitted(context: Context, excess: Excess, resize: ResizeImage | undefined): Promise<Fitted> {
  const { tooLarge, maxEdge } = excess
  if (!resize) return { context, losses: [], excess, left: tooLarge.length }
  const resizer = resizerOf(resize)
  const made = await Promise.all(tooLarge.map(({ image }) => resizer.fit(image, maxEdge)))
  const messages = [...context.messages]
  const losses: Loss[] = []
  tooLarge.forEach(({ message, block, width, height }, i) => {
    const source = made[i]
    if (!source) return
    messages[message] = withImage(messages[message] as Message, block, source)
    const reason = `Scaled down from ${width} × ${height} to edges of at most ${maxEdge} pixels, as the host asks for.`
    losses.push({ field: `messages[${message}].content[${block}]`, kind: "approximated", reason })
  })
  return { context: { ...context, messages }, losses, excess, left: tooLarge.length - losses.length }
}

function withImage(message: Message, block: number, source: EncodedImage): Message {
  const content = [...(message.content as readonly InputBlock[])]
  content[block] = { ...(content[block] as ImageBlock), source }
  return { ...message, content } as Message
}
