/** Width and height in pixels. */
export interface ImageSize {
  width: number
  height: number
}

/**
 * The size that an image's header tells, for PNG, JPEG, GIF and WebP; `undefined` for anything else and where the
 * bytes end too early. What the image is, its bytes say and not a name. The beginning of the file is enough, though
 * that of a JPEG can be long.
 * Sources: PNG (W3C), ITU-T T.81 annex B, GIF89a, the WebP container specification.
 */
export function imageSize(bytes: Uint8Array): ImageSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const size = read(view)
    return size && size.width > 0 && size.height > 0 ? size : undefined
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function read(view: DataView): ImageSize | undefined {
  switch (view.getUint32(0)) {
    case 0x89_50_4e_47: // "\x89PNG"; its first chunk is always IHDR
      return { width: view.getUint32(16), height: view.getUint32(20) }
    case 0x47_49_46_38: // "GIF8"
      return { width: view.getUint16(6, true), height: view.getUint16(8, true) }
    case 0x52_49_46_46: // "RIFF", then "WEBP"
      return view.getUint32(8) === 0x57_45_42_50 ? webp(view) : undefined
  }
  return view.getUint16(0) === 0xff_d8 ? jpeg(view) : undefined
}

function webp(view: DataView): ImageSize | undefined {
  const uint24 = (at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
  switch (view.getUint32(12)) {
    case 0x56_50_38_58: // "VP8X", both less one
      return { width: uint24(24) + 1, height: uint24(27) + 1 }
    case 0x56_50_38_4c: {
      // "VP8L": 14 bits each, less one, behind a byte of signature
      const bits = view.getUint32(21, true)
      return { width: (bits & 0x3f_ff) + 1, height: ((bits >>> 14) & 0x3f_ff) + 1 }
    }
    case 0x56_50_38_20: // "VP8 ": 14 bits each, with two bits of scaling above
      return { width: view.getUint16(26, true) & 0x3f_ff, height: view.getUint16(28, true) & 0x3f_ff }
  }
  return undefined
}

/** Walks over the segments to the frame's header. */
function jpeg(view: DataView): ImageSize | undefined {
  let at = 2
  for (;;) {
    if (view.getUint8(at) !== 0xff) return undefined
    const marker = view.getUint8(at + 1)
    if (marker === 0xff) at++
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) at += 2
    else if (marker === 0xd9 || marker === 0xda) return undefined
    else if (isFrame(marker)) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
    else at += 2 + view.getUint16(at + 2)
  }
}

/** SOF0 to SOF15, without what stands between them: Huffman tables, an extension and arithmetic conditioning. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}
