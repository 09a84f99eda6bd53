export type { Framer } from "../contract/frame.ts"

/** Largest frame in bytes that is read unless told otherwise: 64 MiB, as an image may come in one. */
export const MAX_FRAME_BYTES: number = 64 * 1024 * 1024
