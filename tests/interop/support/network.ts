/** Whether this process is in a network of its own that has loopback and nothing else. */
export const isolated: boolean = process.env["SLUICE_INTEROP_NETWORK"] === "loopback"
