/**
 * What the layer check knows about this repository. The packages and their order are in `packages.ts`.
 */

/** Most lines that a source file may have. Generated files are exempt. */
export const MAX_LINES = 600

/**
 * Files that are longer all the same, with the lines they have. A file may leave this list or get a smaller number;
 * nothing may be added.
 */
export const LONG_FILES: Readonly<Record<string, number>> = {}

/** Packages that run everywhere: no `node:` imports, except in the Node-only files below. */
export const PLATFORM_FREE: readonly string[] = ["catalog", "ai"]

/** The Node-only files of platform-free packages. Each is an entry point of its own or belongs to one. */
export const NODE_ONLY: readonly string[] = [
  "packages/ai/src/transport/undici.ts",
  "packages/ai/src/transport/websocket.ts",
  "packages/ai/src/transport/http2.ts",
  "packages/ai/src/transport/network.ts",
  "packages/ai/src/transport/dispatcher.ts",
  "packages/ai/src/transport/kept-socket.ts",
  "packages/ai/src/transport/tunnel.ts",
  "packages/ai/src/images/canvas.ts",
]

/** A part of a package that must not reach another part, along any chain of imports that is left at run time. */
export interface Separation {
  /** Files that the rule is about. */
  from: RegExp
  /** Files that they must not reach. */
  to: RegExp
  /** True when `import()` may reach them: what is loaded only when it is used. */
  exceptDynamic?: boolean
  why: string
}

const WIRE = "packages/ai/src/wires/[^/]+"
const SERVER_SIDE = `^${WIRE}/(accept|respond|relay|server)[^/]*\\.ts$`

export const SEPARATIONS: readonly Separation[] = [
  {
    from: /^packages\/ai\/src\/index\.ts$/,
    to: /^packages\/ai\/src\/(wires\/|auto\.ts)/,
    why: "the root of @sluice/ai holds no wire: a program bundles only the wires that it names. Import the wire from its own entry point, or through ./auto",
  },
  {
    from: new RegExp(`^${WIRE}/client\\.ts$`),
    to: new RegExp(SERVER_SIDE),
    why: "a client's bundle carries no server code. Move what both sides need into a file of its own, such as types.ts",
  },
  {
    from: /^packages\/ai\/src\/(wires|framing|model|contract|assemble)\//,
    to: /^packages\/ai\/src\/(transport|endpoints)\/|^packages\/ai\/src\/(auto|stream|platform)\.ts$/,
    why: "wires and what lies below them do no I/O. Take what is needed as an argument",
  },
  {
    from: /^packages\/testkit\/src\//,
    to: new RegExp(SERVER_SIDE),
    why: "the emulators are the second opinion on the wires' server sides. Spell the answer out instead",
  },
  {
    from: /^packages\/ai\/src\/(?!transport\/(undici|websocket|http2|network|dispatcher|kept-socket|tunnel)\.ts)/,
    to: /^packages\/ai\/src\/transport\/(undici|websocket|http2|network|dispatcher|kept-socket|tunnel)\.ts$/,
    why: "Node-only transports are injected, so that everything else runs in a browser too. Let the caller pass the transport in",
  },
]
