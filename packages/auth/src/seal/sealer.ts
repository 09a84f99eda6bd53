import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto"
import { SluiceError } from "@sluice/ai"

/** Bytes of a key: AES-256. */
export const SEAL_KEY_BYTES = 32

/** The form of what is sealed, as its first byte. */
const VERSION = 1
const KEY_ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
const WRAPPED_BYTES = NONCE_BYTES + SEAL_KEY_BYTES + TAG_BYTES
const HEAD_BYTES = 1 + KEY_ID_BYTES

/** Encrypts what is kept, so that a copy of a database alone gives nothing away. */
export interface Sealer {
  /**
   * Encrypts a value.
   *
   * @param place what the value belongs to, e.g. a table and a row: it opens only there
   */
  seal(plain: string | Uint8Array, place: string): Uint8Array
  /** @throws SluiceError `config` where no key fits, or the value was changed or belongs elsewhere */
  open(sealed: Uint8Array, place: string): Uint8Array
  /** `open` for a text. */
  openText(sealed: Uint8Array, place: string): string
  /** The value under the current key, its content untouched; `undefined` where that is the case already. @throws as `open` */
  rewrap(sealed: Uint8Array, place: string): Uint8Array | undefined
}

/**
 * A sealer over keys of 32 bytes, the first of which seals while all of them open.
 *
 * Each value has a key of its own (AES-256-GCM), which is wrapped by the sealer's: so keys are changed without
 * reading what they protect, and no key ever meets two values with one nonce.
 * Form: version (1 byte), key id (8), wrapped key (nonce 12, key 32, tag 16), then nonce (12), content, tag (16).
 *
 * @throws SluiceError `config` when there is no key or one has another length
 */
export function createSealer(keys: readonly Uint8Array[]): Sealer {
  const ring = keys.map((key) => {
    if (key.length === SEAL_KEY_BYTES) return { id: keyId(key), key: Buffer.from(key) }
    throw unfit(`A sealing key has ${key.length} bytes; it must have ${SEAL_KEY_BYTES}.`)
  })
  const current = ring[0]
  if (!current) throw unfit("Sealing needs at least one key.")

  const wrap = (dataKey: Buffer, place: string): Buffer =>
    Buffer.concat([Buffer.of(VERSION), current.id, encrypt(current.key, dataKey, aad("key", place))])

  function unwrap(sealed: Uint8Array, place: string): { dataKey: Buffer; rest: Buffer; isCurrent: boolean } {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
    if (bytes.length < HEAD_BYTES + WRAPPED_BYTES + NONCE_BYTES + TAG_BYTES || bytes[0] !== VERSION) {
      throw broken("It is no sealed value of a form that is known.")
    }
    const id = bytes.subarray(1, HEAD_BYTES)
    const found = ring.find((one) => one.id.equals(id))
    if (!found) throw broken("The key it was sealed with is not among the keys that are set.")
    const dataKey = decrypt(found.key, bytes.subarray(HEAD_BYTES, HEAD_BYTES + WRAPPED_BYTES), aad("key", place))
    return { dataKey, rest: bytes.subarray(HEAD_BYTES + WRAPPED_BYTES), isCurrent: found === current }
  }

  function open(sealed: Uint8Array, place: string): Uint8Array {
    const { dataKey, rest } = unwrap(sealed, place)
    return decrypt(dataKey, rest, aad("value", place))
  }

  return {
    seal(plain, place) {
      const dataKey = randomBytes(SEAL_KEY_BYTES)
      return Buffer.concat([wrap(dataKey, place), encrypt(dataKey, Buffer.from(plain), aad("value", place))])
    },
    open,
    openText: (sealed, place) => new TextDecoder().decode(open(sealed, place)),
    rewrap(sealed, place) {
      const { dataKey, rest, isCurrent } = unwrap(sealed, place)
      return isCurrent ? undefined : Buffer.concat([wrap(dataKey, place), rest])
    },
  }
}

/** Tells keys apart without giving anything of them away. */
function keyId(key: Uint8Array): Buffer {
  return createHash("sha256").update("sluice sealing key").update(key).digest().subarray(0, KEY_ID_BYTES)
}

/** A wrapped key and a value cannot stand for each other, nor anything for what belongs elsewhere. */
function aad(what: "key" | "value", place: string): Buffer {
  return Buffer.from(`${VERSION}\n${what}\n${place}`)
}

function encrypt(key: Buffer, plain: Buffer, about: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(about)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: Buffer, bytes: Buffer, about: Buffer): Buffer {
  const end = bytes.length - TAG_BYTES
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(about)
  decipher.setAuthTag(bytes.subarray(end))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()])
  } catch (error) {
    throw broken("It was changed, or it belongs elsewhere.", error)
  }
}

function unfit(message: string): SluiceError {
  const hint = `Give ${SEAL_KEY_BYTES} random bytes, or take the keys that \`readSealKeys\` finds or makes.`
  return new SluiceError({ code: "config", message, hint })
}

function broken(why: string, cause?: unknown): SluiceError {
  return new SluiceError(
    {
      code: "config",
      message: `A sealed value cannot be opened. ${why}`,
      hint: "Set the key that it was sealed with, beside the current one if that has changed.",
    },
    cause === undefined ? undefined : { cause },
  )
}
