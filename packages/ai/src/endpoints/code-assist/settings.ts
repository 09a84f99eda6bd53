/** What may be set for Code Assist. */
export interface CodeAssistSettings {
  /** The project that calls belong to, where the credential names none. */
  project?: string | undefined
  /** Turn to another host of the service when one is busy. Default true. */
  fallback: boolean
  /** How requests that name their program name it. Default `sluice`. */
  program: string
}

/** The settings where none are given. */
export const DEFAULT_SETTINGS: CodeAssistSettings = { fallback: true, program: "sluice" }

/**
 * The settings of the environment: `GOOGLE_CLOUD_PROJECT`, else `GOOGLE_CLOUD_PROJECT_ID`, and
 * `SLUICE_CODE_ASSIST_FALLBACK`, which `0`, `false` and `off` switch off.
 */
export function codeAssistSettings(env: (name: string) => string | undefined): Partial<CodeAssistSettings> {
  const project = env("GOOGLE_CLOUD_PROJECT")?.trim() || env("GOOGLE_CLOUD_PROJECT_ID")?.trim()
  const fallback = env("SLUICE_CODE_ASSIST_FALLBACK")?.trim().toLowerCase()
  return {
    ...(project ? { project } : {}),
    ...(fallback === "0" || fallback === "false" || fallback === "off" ? { fallback: false } : {}),
  }
}
