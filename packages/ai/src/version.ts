/** The version of the library. */
export const VERSION = "0.1.0"

/** How Sluice names itself to hosts. */
export const USER_AGENT: string = `sluice/${VERSION}`
