import { globSync, readFileSync } from "node:fs"
import { builtinModules } from "node:module"
import { posix } from "node:path"
import {
  CLIENT_ENTRY,
  LONG_FILES,
  MAX_LINES,
  NODE_ONLY,
  OF_A_WIRE,
  PLATFORM_FREE,
  SEPARATIONS,
  SERVER_ENTRY,
  SERVER_SIDE,
} from "./layer-rules.ts"
import type { Separation } from "./layer-rules.ts"
import { exportFiles, readManifest, readPackages, root } from "./packages.ts"
import type { Package } from "./packages.ts"
import { isProgram, say } from "./run.ts"
import { readImports } from "./source-imports.ts"
import type { Import } from "./source-imports.ts"

/** Rules that tests of this check replace with their own. */
export interface LayerRules {
  longFiles: Readonly<Record<string, number>>
  separations: readonly Separation[]
  nodeOnly: readonly string[]
  /** Packages at the root that sources may import types from. */
  developmentPackages: readonly string[]
}

/** An import that leads to another source file of the workspace. */
interface Arrow extends Import {
  to: string
}

/**
 * Checks the imports of every source file against the layers.
 * @param sources Text of each source file by its path from the root, with `/`.
 * @returns One line per finding that says where, what is wrong and what to do; empty when all is well.
 */
export function checkLayers(
  sources: ReadonlyMap<string, string>,
  packages: readonly Package[],
  rules: LayerRules,
): string[] {
  const findings: string[] = []
  const graph = new Map<string, Arrow[]>()
  for (const [file, text] of sources) {
    const own = packages.find((one) => file.startsWith(`packages/${one.folder}/`))
    if (own === undefined || isTest(file)) continue
    findings.push(...checkLength(file, text, rules.longFiles))
    const arrows: Arrow[] = []
    for (const found of readImports(file, text)) {
      const result = follow(file, found, own, packages, sources, rules)
      if ("to" in result) arrows.push({ ...found, to: result.to })
      else if (result.problem !== undefined) findings.push(`${file}:${found.line}: ${result.problem}`)
    }
    graph.set(file, arrows)
  }
  for (const file of Object.keys(rules.longFiles)) {
    if (!sources.has(file)) findings.push(`${file}: is on the list of long files but is gone. Take it off LONG_FILES`)
  }
  for (const file of rules.nodeOnly) {
    if (!sources.has(file))
      findings.push(`${file}: is on the list of Node-only files but is gone. Take it off NODE_ONLY`)
  }
  findings.push(...checkManifests(packages), ...findCircles(graph), ...checkSeparations(graph, rules.separations))
  findings.push(...checkServerNames(graph))
  return findings
}

function checkLength(file: string, text: string, longFiles: Readonly<Record<string, number>>): string[] {
  if (isGenerated(file, text)) return []
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0)
  const allowed = longFiles[file]
  if (allowed === undefined) {
    if (lines <= MAX_LINES) return []
    return [`${file}: has ${lines} lines, and ${MAX_LINES} is the most. Split it by what its parts are about`]
  }
  if (lines > allowed) return [`${file}: grew from ${allowed} to ${lines} lines. It is too long already: split it`]
  if (lines <= MAX_LINES) return [`${file}: is no longer too long. Take it off LONG_FILES`]
  if (lines < allowed) return [`${file}: shrank to ${lines} lines. Write that number into LONG_FILES`]
  return []
}

function follow(
  file: string,
  found: Import,
  own: Package,
  packages: readonly Package[],
  sources: ReadonlyMap<string, string>,
  rules: LayerRules,
): { to: string } | { problem?: string } {
  const { specifier } = found
  if (specifier.startsWith(".")) return followRelative(file, specifier, own, sources)
  if (specifier.startsWith("node:")) {
    if (!PLATFORM_FREE.includes(own.folder) || rules.nodeOnly.includes(file)) return {}
    return {
      problem: `imports ${specifier}, but ${own.manifest.name} runs everywhere. Use a web standard, or take what is needed as an argument`,
    }
  }
  if (builtinModules.includes(specifier))
    return { problem: `imports ${specifier} by its short name. Write node:${specifier}` }
  const name = packageName(specifier)
  const target = packages.find((one) => one.manifest.name === name)
  if (target !== undefined) return followPackage(specifier, own, target, sources)
  const { dependencies, peerDependencies } = own.manifest
  if (name in { ...dependencies, ...peerDependencies }) return {}
  if (!found.typeOnly)
    return {
      problem: `imports ${name}, which is not in the dependencies of ${own.manifest.name}. Add it to its package.json`,
    }
  if (rules.developmentPackages.includes(name)) return {}
  return {
    problem: `imports types of ${name}, which nothing installs. Add it to the package.json of ${own.manifest.name} or of the root`,
  }
}

function followRelative(
  file: string,
  specifier: string,
  own: Package,
  sources: ReadonlyMap<string, string>,
): { to: string } | { problem: string } {
  const to = posix.join(posix.dirname(file), specifier)
  if (!to.startsWith(`packages/${own.folder}/`)) {
    return { problem: `reaches out of its package with ${specifier}. Import the other package by its name` }
  }
  if (isTest(to)) return { problem: `imports the test file ${specifier}. Move what is shared into a file of its own` }
  if (sources.has(to) || to.endsWith(".json")) return { to }
  return {
    problem: `imports ${specifier}, and there is no such file. Relative imports name the file with its ending, as in ./x.ts`,
  }
}

function followPackage(
  specifier: string,
  own: Package,
  target: Package,
  sources: ReadonlyMap<string, string>,
): { to: string } | { problem: string } {
  const { name } = target.manifest
  if (target === own) return { problem: `imports its own package by name. Use a relative path` }
  if (!own.mayImport.includes(name)) {
    const reason =
      target.folder === "testkit" ? "only tests may import it" : `the arrows of the layers point the other way`
    return { problem: `imports ${name}: ${reason}. Move what is needed down, or hand it in from above` }
  }
  if (!(name in { ...own.manifest.dependencies, ...own.manifest.peerDependencies })) {
    return {
      problem: `imports ${name}, which is not in the dependencies of ${own.manifest.name}. Add it to its package.json`,
    }
  }
  const entry = target.manifest.exports?.[`.${specifier.slice(name.length)}`]
  const source =
    entry === undefined ? undefined : exportFiles(entry).find(({ conditions }) => conditions.includes("sluice-source"))
  if (source === undefined)
    return { problem: `imports ${specifier}, which ${name} does not export. Use one of its entry points or add one` }
  const to = posix.join("packages", target.folder, source.file)
  return sources.has(to)
    ? { to }
    : { problem: `imports ${specifier}, but ${to} does not exist. Correct the exports of ${name}` }
}

/** The dependencies that a package declares must agree with the layers as its imports do. */
function checkManifests(packages: readonly Package[]): string[] {
  return packages.flatMap((one) => {
    const { dependencies, peerDependencies, optionalDependencies } = one.manifest
    const ours = packages.filter(
      (other) => other.manifest.name in { ...dependencies, ...peerDependencies, ...optionalDependencies },
    )
    return ours
      .filter((other) => !one.mayImport.includes(other.manifest.name))
      .map(
        (other) =>
          `packages/${one.folder}/package.json: depends on ${other.manifest.name}, which lies above it. Take the dependency out`,
      )
  })
}

/** Circles between files, type-only imports included: one finding for each group of files that reach each other. */
function findCircles(graph: ReadonlyMap<string, readonly Arrow[]>): string[] {
  const findings: string[] = []
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const visit = (file: string): void => {
    order.set(file, order.size)
    lowest.set(file, order.get(file) ?? 0)
    stack.push(file)
    for (const { to } of graph.get(file) ?? []) {
      if (!graph.has(to)) continue
      if (!order.has(to)) visit(to)
      if (stack.includes(to)) lowest.set(file, Math.min(lowest.get(file) ?? 0, lowest.get(to) ?? 0))
    }
    if (lowest.get(file) !== order.get(file)) return
    const group = new Set(stack.splice(stack.indexOf(file)))
    const self = graph.get(file)?.some(({ to }) => to === file) === true
    if (group.size === 1 && !self) return
    const way = shortestWay(
      graph,
      file,
      (at, steps) => at === file && steps > 0,
      (to) => group.has(to),
    )
    findings.push(
      `${file}: is part of a circle: ${(way ?? [...group]).join(" → ")}. Move what they share into a file of its own`,
    )
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return findings
}

function checkSeparations(graph: ReadonlyMap<string, readonly Arrow[]>, separations: readonly Separation[]): string[] {
  const findings: string[] = []
  for (const { from, to, exceptDynamic, withTypes, why } of separations) {
    for (const file of graph.keys()) {
      if (!from.test(file)) continue
      const refused = to instanceof RegExp ? to : to(file)
      const counts = (_: string, arrow: Arrow): boolean =>
        (withTypes === true || !arrow.typeOnly) && !(exceptDynamic === true && arrow.dynamic)
      const way = shortestWay(graph, file, (at, steps) => steps > 0 && refused.test(at), counts)
      if (way !== undefined) findings.push(`${file}: reaches ${way.at(-1)} (${way.join(" → ")}): ${why}`)
    }
  }
  return findings
}

/** The rules for server sides go by the names of files: so what a server side alone uses has to have such a name. */
function checkServerNames(graph: ReadonlyMap<string, readonly Arrow[]>): string[] {
  const clients = reached(graph, CLIENT_ENTRY)
  return [...reached(graph, SERVER_ENTRY)]
    .filter((file) => OF_A_WIRE.test(file) && !clients.has(file) && !SERVER_SIDE.test(file))
    .map(
      (file) =>
        `${file}: is used by a wire's server side alone. Begin its name with accept-, respond-, relay- or server-`,
    )
}

/** All files that those of a pattern reach, types included, and they themselves. */
function reached(graph: ReadonlyMap<string, readonly Arrow[]>, from: RegExp): Set<string> {
  const found = new Set([...graph.keys()].filter((file) => from.test(file)))
  // A set that grows is gone through to its end.
  for (const file of found) for (const { to } of graph.get(file) ?? []) found.add(to)
  return found
}

/** The shortest chain of imports from a file to one that is wanted, both included; undefined when there is none. */
function shortestWay(
  graph: ReadonlyMap<string, readonly Arrow[]>,
  from: string,
  isWanted: (file: string, steps: number) => boolean,
  mayPass: (to: string, arrow: Arrow) => boolean,
): string[] | undefined {
  const cameFrom = new Map<string, string>()
  let edge = [from]
  for (let steps = 1; edge.length > 0; steps++) {
    const next: string[] = []
    for (const file of edge) {
      for (const arrow of graph.get(file) ?? []) {
        if (!mayPass(arrow.to, arrow)) continue
        if (isWanted(arrow.to, steps)) return [...chain(cameFrom, from, file), arrow.to]
        if (arrow.to === from || cameFrom.has(arrow.to)) continue
        cameFrom.set(arrow.to, file)
        next.push(arrow.to)
      }
    }
    edge = next
  }
  return undefined
}

function chain(cameFrom: ReadonlyMap<string, string>, from: string, file: string): string[] {
  const way = [file]
  for (let at = file; at !== from;) {
    const before = cameFrom.get(at)
    if (before === undefined) break
    way.unshift(before)
    at = before
  }
  return way
}

function isTest(file: string): boolean {
  return /\.test(-d)?\.[cm]?[jt]s$/.test(file)
}

function isGenerated(file: string, text: string): boolean {
  return (
    file.includes("/generated/") || /^\/\/ (Code |File )?generated\b/i.test(text) || /^\/\/ @generated\b/.test(text)
  )
}

function packageName(specifier: string): string {
  const parts = specifier.split("/")
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier)
}

/** Reads the sources of the repository and checks them. */
export function checkRepository(): string[] {
  const files = globSync("packages/*/{src,bin}/**/*.{ts,js}", { cwd: root }).map((file) => file.replaceAll("\\", "/"))
  const sources = new Map(files.toSorted().map((file) => [file, readFileSync(posix.join(root, file), "utf8")] as const))
  const developmentPackages = Object.keys(readManifest(root).devDependencies ?? {})
  const rules = { longFiles: LONG_FILES, separations: SEPARATIONS, nodeOnly: NODE_ONLY, developmentPackages }
  return checkLayers(sources, readPackages(), rules)
}

if (isProgram(import.meta.url)) {
  const findings = checkRepository()
  for (const finding of findings) say(finding)
  if (findings.length > 0) process.exitCode = 1
}
