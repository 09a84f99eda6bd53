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
  /** Files that they must not reach; by the file that must not where that makes a difference. */
  to: RegExp | ((file: string) => RegExp)
  /** True when `import()` may reach them: what is loaded only when it is used. */
  exceptDynamic?: boolean
  /** True when imports of types alone count as well. */
  withTypes?: boolean
  why: string
}

const WIRES = "packages/ai/src/wires"

/** The server side of a wire, or of what several wires share. Its files say so by the beginning of their names. */
export const SERVER_SIDE: RegExp = new RegExp(`^${WIRES}/(?:[^/]+/)?(?:accept|respond|relay|server)(?:-[^/]+)?\\.ts$`)

/** The files in which the two sides of a wire begin, and all files that belong to one wire or family. */
export const CLIENT_ENTRY: RegExp = new RegExp(`^${WIRES}/[^/]+/client\\.ts$`)
export const SERVER_ENTRY: RegExp = new RegExp(`^${WIRES}/[^/]+/server\\.ts$`)
export const OF_A_WIRE: RegExp = new RegExp(`^${WIRES}/[^/]+/`)

const NODE_FILES = NODE_ONLY.map((file) => file.replaceAll(".", "\\.")).join("|")

/** The folders of wires that a file may not use: all but its own and that of its family, whose name its own begins with. */
function otherWires(file: string): RegExp {
  const words = /\/wires\/([^/]+)\//.exec(file)?.[1]?.split("-") ?? []
  const own = words.map((_, i) => `${words.slice(0, i + 1).join("-")}/`)
  return new RegExp(`^${WIRES}/(?!${own.join("|") || "/"})[^/]+/`)
}

export const SEPARATIONS: readonly Separation[] = [
  {
    from: /^packages\/ai\/src\/index\.ts$/,
    to: /^packages\/ai\/src\/(wires\/|auto\.ts)/,
    why: "the root of @sluice/ai holds no wire: a program bundles only the wires that it names. Import the wire from its own entry point, or through ./auto",
  },
  {
    from: /^packages\/ai\/src\/(index|auto|stream)\.ts$/,
    to: /^packages\/ai\/src\/tools\/arguments\//,
    why: "checking arguments takes a validator, which only programs that run tools need. Import it from @sluice/ai/tools",
  },
  {
    from: CLIENT_ENTRY,
    to: SERVER_SIDE,
    why: "a client's bundle carries no server code. Move what both sides need into a file of its own, such as types.ts",
  },
  {
    from: new RegExp(`^${WIRES}/`),
    to: otherWires,
    withTypes: true,
    why: "a wire uses no other wire. Move what both need to wires/, or, where they are one vendor's, to the folder that is called by the first words of their names",
  },
  {
    from: /^packages\/ai\/src\/(assemble|contract|errors|framing|handoff|model|wires)\//,
    to: /^packages\/ai\/src\/attempt\//,
    why: "the loop of tries stands above what it drives. Take what is needed as an argument",
  },
  {
    from: /^packages\/ai\/src\/(wires|framing|model|contract|assemble)\//,
    to: /^packages\/ai\/src\/(transport|endpoints)\/|^packages\/ai\/src\/(auto|stream|platform)\.ts$/,
    why: "wires and what lies below them do no I/O. Take what is needed as an argument",
  },
  {
    from: /^packages\/auth\/src\/index\.ts$/,
    to: /^packages\/auth\/src\/(aws|google)\//,
    exceptDynamic: true,
    why: "the root of @sluice/auth loads no cloud: programs with plain keys do without. Import it from the cloud's own entry point, or when it is first asked for",
  },
  {
    from: /^packages\/testkit\/src\//,
    to: SERVER_SIDE,
    why: "the emulators are the second opinion on the wires' server sides. Spell the answer out instead",
  },
  {
    from: new RegExp(`^(?!(?:${NODE_FILES})$)packages/ai/src/`),
    to: new RegExp(`^(?:${NODE_FILES})$`),
    why: "what runs on Node only is injected, so that everything else runs in a browser too. Let the caller pass it in",
  },
]
