/** Pictures that the hosts of these wires read. */
const PICTURES: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"])

/** A type in lower case, without parameters, `image/jpg` by its right name. */
export function mediaType(type: string): string {
  const bare = (type.split(";", 1)[0] as string).trim().toLowerCase()
  return bare === "image/jpg" ? "image/jpeg" : bare
}

/** Whether it is the type of a picture that every vendor reads: PNG, JPEG, GIF or WebP. */
export function isPicture(type: string): boolean {
  return PICTURES.has(type)
}
