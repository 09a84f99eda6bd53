/**
 * Whether a frame's data says nothing but that the host is alive: blank, as comments are, or a bare word such as
 * `ping`. What begins like JSON is none.
 */
export function isSignOfLife(data: string): boolean {
  if (data.length > 80) return false
  const text = data.trim()
  return text === "" || /^[\w.: -]{1,64}$/.test(text)
}
